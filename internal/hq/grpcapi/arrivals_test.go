package grpcapi

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tiem/internal/wire/wirepb"
)

// crowded is a listener at which somebody always waits.
type crowded struct{ closed bool }

func (c *crowded) Accept() (net.Conn, error) {
	if c.closed {
		return nil, net.ErrClosed
	}
	return nil, nil //nolint:nilnil // nobody looks at it
}

func (c *crowded) Close() error { c.closed = true; return nil }

func (c *crowded) Addr() net.Addr { return nil }

func TestArrivalsArePaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(&crowded{})
		began := time.Now()
		for range arrivalsAtOnce {
			_, err := p.Accept()
			require.NoError(t, err)
		}
		require.Zero(t, time.Since(began), "a few are taken at once")
		for range arrivalsASecond {
			_, err := p.Accept()
			require.NoError(t, err)
		}
		require.InDelta(t, time.Second, time.Since(began), float64(2*time.Millisecond))
	})
}

// A server that stops does not wait for those who come.
func TestAPacedListenerCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(&crowded{})
		p.limit.SetLimit(0) // nobody more for ever
		p.limit.SetBurst(1)
		_, err := p.Accept()
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() {
			_, err := p.Accept()
			ended <- err
		}()
		synctest.Wait()
		require.NoError(t, p.Close())
		require.ErrorIs(t, <-ended, net.ErrClosed)
		require.NoError(t, p.Close(), "as often as one likes")
	})
}

// While as many tokens are looked up as may be at once, the next store waits, hears
// at once that HQ lives, and is welcomed then. One that goes away meanwhile leaves
// nothing behind.
func TestStoresAreAdmittedInTurn(t *testing.T) {
	h := setup(t)
	for range admittedAtOnce {
		h.lobby <- struct{}{}
	}
	gone := h.open(t, "Bearer "+h.tokens["S2"])
	require.Nil(t, gone.hear().Welcome)
	require.NoError(t, gone.conn.Close())
	require.Eventually(t, func() bool { return value(t, h.metrics.open) == 0 }, patience, 10*time.Millisecond)

	s := h.open(t, "Bearer "+h.tokens["S1"])
	s.say(wirepb.FromHello(hello(shopOf("S1", 1))))
	require.Nil(t, s.hear().Welcome, "HQ lives")
	welcomed := make(chan bool)
	go func() { welcomed <- s.hear().Welcome != nil }()
	require.Never(t, func() bool { return len(h.lobby) < admittedAtOnce || len(welcomed) > 0 }, 100*time.Millisecond, 10*time.Millisecond)
	<-h.lobby
	require.True(t, <-welcomed)
	<-h.lobby
	require.Empty(t, h.lobby)
}

// A look-up that hangs keeps its place for a moment, and not for as long as the
// store would wait.
func TestALookUpThatHangsLetsOthersIn(t *testing.T) {
	h := setup(t)
	h.lookupWithin = 200 * time.Millisecond
	tx, err := h.db.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	_, err = tx.Exec(t.Context(), "lock table stores in access exclusive mode")
	require.NoError(t, err)
	s := h.open(t, "Bearer "+h.tokens["S1"])
	_, err = s.rpc.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
	require.Eventually(t, func() bool { return len(h.lobby) == 0 }, patience, 10*time.Millisecond)
}

// A backlog's batch waits until others are made ready; a sale that was just paid
// does not.
func TestALargeBatchIsMadeReadyInTurn(t *testing.T) {
	h := setup(t)
	for range cap(h.heavy) {
		h.heavy <- struct{}{}
	}
	large, live := shopOf("S1", 30), shopOf("S2", 1)
	d := h.direct(t, large)
	d.in <- wirepb.FromBatch(large.All())
	other := h.direct(t, live)
	other.in <- wirepb.FromBatch(live.All())
	require.Equal(t, live.Head(), other.hear().ReceivedUpto)
	require.Never(t, func() bool { return len(d.c.said) > 0 || len(d.out) > 0 }, 200*time.Millisecond, 10*time.Millisecond)
	for range cap(h.heavy) {
		<-h.heavy
	}
	require.Equal(t, large.Head(), d.hear().ReceivedUpto)
}

func TestTheCodecDecodesLargeMessagesInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		codec := inTurn{wirepb.Codec(), newHeavy()}
		for range cap(codec.heavy) {
			codec.heavy <- struct{}{}
		}
		decode := func(sales int) (done chan error) {
			done = make(chan error, 1)
			bytes, err := codec.Marshal(wirepb.FromBatch(shopOf("S1", sales).All()))
			require.NoError(t, err)
			go func() { done <- codec.Unmarshal(bytes, &wirepb.EventBatch{}) }()
			synctest.Wait()
			return done
		}
		require.NoError(t, <-decode(1))
		large := decode(150)
		require.Empty(t, large)
		<-codec.heavy
		require.NoError(t, <-large)
	})
}
