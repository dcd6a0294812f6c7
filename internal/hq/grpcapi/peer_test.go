package grpcapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// Headers come before a token is looked at: nobody makes HQ hold megabytes of them.
func TestHeadersAreBounded(t *testing.T) {
	h := setup(t)
	token := "Bearer " + h.tokens["S1"]
	for name, c := range map[string]struct {
		bytes int
		taken bool
	}{"room enough": {32 << 10, true}, "too many": {80 << 10, false}} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", token, "other", strings.Repeat("x", c.bytes))
		rpc, err := wirepb.NewSyncServiceClient(h.dial(t)).StreamEvents(ctx)
		if err == nil {
			_ = rpc.Send(wirepb.FromHello(hello(hqtest.NewShop("S1")))) // HQ may have hung up already
			_, err = rpc.Recv()
		}
		require.Equal(t, c.taken, err == nil, "%s: %v", name, err)
	}
}

// A store whose row is held, with more streams than there are places: the next
// store is welcomed before anybody gives up.
func TestOneStoresLockedRowDoesNotKeepAnotherFromItsWelcome(t *testing.T) {
	h := setup(t)
	release := h.hold(t)
	for range 6 {
		s := h.open(t, "Bearer "+h.tokens["S1"])
		s.say(wirepb.FromHello(hello(shopOf("S1", 1))))
	}
	require.Eventually(t, func() bool {
		return h.count(t, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0
	}, patience, time.Millisecond)
	began := time.Now()
	_, welcome := h.greet(t, shopOf("S2", 1))
	require.NotNil(t, welcome.Welcome)
	require.Less(t, time.Since(began), 2*time.Second)
	release()
}

// A token that was replaced is not good for batches, either, but for a moment.
func TestAReplacedTokenWritesNothingMore(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 2)
	s, _ := h.greet(t, shop)
	other, _ := h.greet(t, shopOf("S2", 1))
	_, err := h.parts.Fleet.Rotate(t.Context(), "S1")
	require.NoError(t, err)
	s.send(shop.Batch(1, 3))
	require.EqualValues(t, 3, s.hear().ReceivedUpto, "it was looked up a moment ago")
	h.trustFor = 0
	s.send(shop.Batch(4, 6))
	_ = s.refused("token_invalid")
	require.EqualValues(t, 3, h.count(t, "select count(*) from hq_inbox"))
	other.send(shopOf("S2", 1).All())
	require.EqualValues(t, 3, other.hear().ReceivedUpto, "a good one is")
}

func TestAnAskBeforeTheBeginning(t *testing.T) {
	var out bytes.Buffer
	h := setup(t, func(p *Parts) { p.Logger = slog.New(slog.NewTextHandler(&out, nil)) })
	for _, watermark := range []bool{true, false} {
		s, _ := h.greet(t, shopOf("S1", 1))
		s.say(&wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: watermark, Head: -1}})
		refusal := s.refused(wire.CodeBatchInvalid)
		require.Equal(t, fault.Invalid, refusal.Kind)
		require.Equal(t, "ask.head", refusal.Field)
	}
	h.stop()
	require.NotContains(t, out.String(), "level=ERROR")
}

// HQ is told to stop in the moment in which it starts: that is no failure.
func TestAServerThatIsStoppedBeforeItBegan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 200 {
		s := New(Parts{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
		require.NoError(t, s.Serve(ctx, bufconn.Listen(1)))
	}
}

// gRPC's own bound, with its own jitter of a tenth, is behind every stream's.
func TestAConnectionOutlivesItsStreams(t *testing.T) {
	t.Parallel()
	const age = 30 * time.Minute
	require.Greater(t, connectionAge(age)*9/10, age*11/10)
	require.Equal(t, 39*time.Minute, connectionAge(age))
}

// A port scan is no news.
func TestAFailedHandshakeIsToldAtDebug(t *testing.T) {
	t.Parallel()
	for level, want := range map[slog.Level]bool{slog.LevelDebug: true, slog.LevelInfo: false} {
		var out bytes.Buffer
		q := quiet{credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}), slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))}
		here, there := net.Pipe()
		require.NoError(t, there.Close())
		_, _, err := q.Clone().ServerHandshake(here)
		require.Error(t, err)
		require.Equal(t, want, strings.Contains(out.String(), "handshake"))
	}
}

// Pressure lowers a stream's credit to one batch at a time; when it is over, a
// store with a backlog has two at once again, and from there on the credit grows.
func TestCreditComesBackWhenPressureIsOver(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 60)
	d := h.direct(t, shop)
	d.c.credit = 1
	d.in <- wirepb.FromBatch(shop.Batch(1, 60)) // a backlog's
	require.Equal(t, wire.FirstCredit, d.hear().Credit)
	d.c.credit = 1
	d.in <- wirepb.FromBatch(shop.Batch(61, 63)) // a backlog's, by its head
	require.Equal(t, wire.FirstCredit, d.hear().Credit)
	d.c.credit = 1
	d.in <- wirepb.FromBatch(shop.Batch(64, 140)) // live from here on
	require.Equal(t, wire.FirstCredit, d.hear().Credit)
	d.c.credit = 1
	d.in <- wirepb.FromBatch(shop.Batch(141, 143))
	require.Equal(t, wire.FirstCredit, d.hear().Credit)
	for i := range 100 { // others have turns now
		h.intake.Terms("B"+string(rune('0'+i)), 0, 500)
	}
	d.in <- wirepb.FromBatch(shop.Batch(90, 150)) // what is left is live
	require.Zero(t, d.hear().RetryAfterMS)
	d.in <- wirepb.FromBatch(shop.Batch(60, 120))
	a := d.hear()
	require.Equal(t, 1, a.Credit)
	require.Positive(t, a.RetryAfterMS)
}
