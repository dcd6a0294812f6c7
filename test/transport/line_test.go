package transport

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
)

// line is what lies between a shop and HQ. It cuts a connection after so many
// bytes in one direction, or swallows everything.
type line struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	up, down atomic.Int64 // bytes that may pass on one connection; less than 0: all
	dead     atomic.Bool  // what was open is swallowed
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &line{listener: listener, target: target}
	l.up.Store(-1)
	l.down.Store(-1)
	l.running.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.running.Wait()
	})
	return l
}

func (l *line) accept() {
	for {
		shop, err := l.listener.Accept()
		if err != nil {
			return
		}
		office, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = shop.Close()
			return
		}
		end := func() { _ = shop.Close(); _ = office.Close() }
		l.running.Go(func() { defer end(); l.carry(office, shop, l.up.Load()) })
		l.running.Go(func() { defer end(); l.carry(shop, office, l.down.Load()) })
	}
}

// carry moves most bytes, in pieces as they come, and returns then.
func (l *line) carry(to, from net.Conn, most int64) {
	buffer := make([]byte, 16<<10)
	for most != 0 {
		if most > 0 {
			buffer = buffer[:min(int64(cap(buffer)), most)]
		}
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if most > 0 {
			most -= int64(n)
		}
		if l.dead.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// Wherever a connection is cut: what was acknowledged is stored, what was not is
// stored whole or not at all, the failure is the line's, and the next stream goes
// on from there. Every byte with TIEM_FAULTS=all, else every seventh.
func TestACutAtAnyByte(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	l := newLine(t, o.app.GRPCAddr())
	cut, whole := o.grpc(t, l.listener.Addr().String()), o.grpc(t, o.app.GRPCAddr())
	shop := hqtest.NewShop("S1")
	step := int64(7)
	if os.Getenv("TIEM_FAULTS") == "all" {
		step = 1
	}
	for _, direction := range []*atomic.Int64{&l.up, &l.down} {
		passed := false
		for n := int64(0); !passed; n += step {
			shop.AppendRaw("FromTheFuture", 1, tea.ID(), "{}")
			direction.Store(n)
			passed = oneEvent(t, cut, whole, shop)
		}
		require.NotZero(t, direction.Load())
		direction.Store(-1)
	}
	require.Equal(t, shop.Head(), o.count(t, "select count(*) from hq_inbox"))
}

// oneEvent sends the shop's last event over cut, and over whole what did not get
// through. It tells whether nothing was cut.
func oneEvent(t *testing.T, cut, whole *uplink.GRPCWay, shop *hqtest.Shop) bool {
	t.Helper()
	last := shop.Head()
	acked := exchange(t, cut, shop)
	stream, welcome, err := whole.Open(t.Context(), hello(shop))
	require.NoError(t, err)
	defer stream.Close()
	require.Equal(t, shop.HashAt(welcome.ReceivedUpto), welcome.ChainHash)
	if acked {
		require.Equal(t, last, welcome.ReceivedUpto, "an acknowledgment is a promise")
		return true
	}
	if welcome.ReceivedUpto == last-1 {
		require.NoError(t, stream.Send(t.Context(), shop.Batch(last, last)))
		answer, err := stream.Receive(t.Context())
		require.NoError(t, err)
		welcome = answer
	}
	require.Equal(t, last, welcome.ReceivedUpto)
	return false
}

// exchange tells whether the shop's last event was acknowledged.
func exchange(t *testing.T, way *uplink.GRPCWay, shop *hqtest.Shop) bool {
	t.Helper()
	stream, _, err := way.Open(t.Context(), hello(shop))
	if err == nil {
		defer stream.Close()
		_ = stream.Send(t.Context(), shop.Batch(shop.Head(), shop.Head())) // Receive says what became of it
		var answer *wire.Answer
		if answer, err = stream.Receive(t.Context()); err == nil {
			require.Equal(t, shop.Head(), answer.ReceivedUpto)
			return true
		}
	}
	require.Equal(t, "hq_unreachable", fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	return false
}

// A line that swallows everything: asking costs nothing, the answer does not
// come, and closing takes no longer than a moment.
func TestAHalfOpenStreamIsLeft(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	l := newLine(t, o.app.GRPCAddr())
	way := o.grpc(t, l.listener.Addr().String())
	shop := shopOf(1)
	stream, _ := begin(t, way, shop)
	l.dead.Store(true)
	require.NoError(t, stream.Ask(t.Context(), shop.Head(), false))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // the relay's SYNC_TIMEOUT
	defer cancel()
	_, err := stream.Receive(ctx)
	require.Equal(t, "hq_unreachable", fault.CodeOf(err))
	closed := make(chan struct{})
	go func() { stream.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(patience):
		require.Fail(t, "closing waits for a dead line")
	}
	l.dead.Store(false)
	stream, _ = begin(t, way, shop)
	require.NoError(t, stream.Send(t.Context(), shop.All()))
	answer, err := stream.Receive(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, answer.ReceivedUpto)
}

// Nobody answers the dial, or the hello.
func TestOpeningEndsWithinItsTime(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	l := newLine(t, o.app.GRPCAddr())
	l.dead.Store(true)
	way, err := uplink.NewGRPCWay(l.listener.Addr().String(), o.token, 50*time.Millisecond, nil)
	require.NoError(t, err)
	_, _, err = way.Open(t.Context(), hello(shopOf(0)))
	require.Equal(t, "hq_unreachable", fault.CodeOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)

	refusing := l.listener.Addr().String()
	require.NoError(t, l.listener.Close())
	way, err = uplink.NewGRPCWay(refusing, o.token, patience, nil)
	require.NoError(t, err)
	_, _, err = way.Open(t.Context(), hello(shopOf(0)))
	require.Equal(t, "hq_unreachable", fault.CodeOf(err))
	var dial *net.OpError
	require.ErrorAs(t, err, &dial, "the cause is kept, for doctor")
}
