package grpcapi

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

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

// While as many tokens are looked up as may be at once, the next store waits, and
// is welcomed then; one that goes away while it waits leaves nothing behind.
func TestStoresAreAdmittedInTurn(t *testing.T) {
	h := setup(t)
	for range admittedAtOnce {
		h.lobby <- struct{}{}
	}
	shop := shopOf("S1", 1)
	gone := h.open(t, "Bearer "+h.tokens["S2"])
	require.NoError(t, gone.conn.Close())
	s := h.open(t, "Bearer "+h.tokens["S1"])
	s.say(wirepb.FromHello(hello(shop)))
	welcomed := make(chan struct{})
	go func() {
		defer close(welcomed)
		_, _ = s.rpc.Recv()
	}()
	require.Never(t, func() bool {
		select {
		case <-welcomed:
			return true
		default:
			return false
		}
	}, 100*time.Millisecond, 10*time.Millisecond)
	<-h.lobby
	<-welcomed
	<-h.lobby
	require.Eventually(t, func() bool { return len(h.lobby) == 0 }, patience, 10*time.Millisecond)
}

// A backlog's batch waits until others are decoded; a sale that was just paid
// does not.
func TestALargeBatchIsDecodedInTurn(t *testing.T) {
	h := setup(t)
	for range cap(h.heavy) {
		h.heavy <- struct{}{}
	}
	large, live := shopOf("S1", 100), shopOf("S2", 1)
	s, _ := h.greet(t, large)
	s.send(large.All())
	other, _ := h.greet(t, live)
	other.send(live.All())
	require.Equal(t, live.Head(), other.hear().ReceivedUpto)
	require.Zero(t, h.count(t, "select received_upto from store_streams where store_id = 'S1'"))
	for range cap(h.heavy) {
		<-h.heavy
	}
	require.Equal(t, large.Head(), s.hear().ReceivedUpto)
}

func TestTheCodecDecodesLargeMessagesInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		codec := oneByOne{wirepb.Codec(), newHeavy()}
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
