package uplink

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// saysFirst is an HQ whose first words are these, with pauses between them; then
// it says nothing until the store goes.
func saysFirst(t *testing.T, pause time.Duration, words ...*wirepb.Acknowledgment) *GRPCWay {
	t.Helper()
	return actedBy(t, func(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
		for _, word := range words {
			if err := rpc.Send(word); err != nil {
				return err
			}
			select {
			case <-time.After(pause):
			case <-rpc.Context().Done():
			}
		}
		<-rpc.Context().Done()
		return nil
	})
}

func sign() *wirepb.Acknowledgment { return wirepb.FromAnswer(&wire.Answer{}) }

// The store waits for its turn to be welcomed as long as HQ says that it lives.
func TestGRPCWayWaitsForAWelcomeThatIsUnderWay(t *testing.T) {
	t.Parallel()
	way := saysFirst(t, 300*time.Millisecond, sign(), sign(), sign(), sign(), sign(), sign(), welcome())
	way.timeout = 1500 * time.Millisecond // less than it takes in all
	s, answer, err := way.Open(t.Context(), &wire.Hello{StoreID: "S1"})
	require.NoError(t, err)
	require.Equal(t, wire.FirstCredit, answer.Credit)
	s.Close()
}

func TestGRPCWayDoesNotWaitForAWelcomeForEver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		way     *GRPCWay
		timeout time.Duration
	}{
		"it was silent from the start": {saysFirst(t, 0), time.Second},
		"it fell silent":               {saysFirst(t, 0, sign(), sign()), time.Second},
		"it only lives": {actedBy(t, func(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
			for rpc.Send(sign()) == nil {
				time.Sleep(time.Millisecond)
			}
			return nil
		}), 200 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.way.timeout = c.timeout
			ctx, stop := context.WithTimeout(t.Context(), 8*time.Second)
			defer stop()
			_, _, err := c.way.Open(ctx, &wire.Hello{StoreID: "S1"})
			require.Equal(t, "hq_unreachable", fault.CodeOf(err))
			require.NoError(t, ctx.Err(), "it gave up by itself")
		})
	}
}

// Whoever tells a watermark or gives credit before a welcome is no HQ.
func TestGRPCWayBeginsWithAWelcome(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]*wire.Answer{
		"a watermark":        {Ack: wire.Ack{ReceivedUpto: 3, ChainHash: wire.Hash{3}}},
		"credit":             {Credit: 2},
		"an acknowledgement": {FirstID: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := saysFirst(t, 0, wirepb.FromAnswer(first), welcome()).Open(t.Context(), &wire.Hello{StoreID: "S1"})
			require.Equal(t, "hq_answer_unreadable", fault.CodeOf(err))
		})
	}
}
