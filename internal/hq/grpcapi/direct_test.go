package grpcapi

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// direct is a stream without gRPC, so that a test sees how far HQ has read.
type direct struct {
	grpc.ServerStream // nil: it is not asked for more than the methods below

	t    *testing.T
	ctx  context.Context // as gRPC's own streams have one
	in   chan *wirepb.EventBatch
	out  chan *wirepb.Acknowledgment
	over chan error // of run
	c    *stream
}

func (d *direct) Context() context.Context { return d.ctx }

func (d *direct) Send(m *wirepb.Acknowledgment) error { d.out <- m; return nil }

func (d *direct) Recv() (*wirepb.EventBatch, error) {
	select {
	case m, ok := <-d.in:
		if !ok {
			return nil, io.EOF
		}
		if m == nil {
			panic("a bug")
		}
		return m, nil
	case <-d.ctx.Done():
		return nil, d.ctx.Err()
	}
}

// direct begins a stream of the shop and takes its welcome.
func (h *hq) direct(t *testing.T, shop *hqtest.Shop) *direct {
	t.Helper()
	ctx, cancel := context.WithCancel(metadata.NewIncomingContext(context.Background(), metadata.Pairs("authorization", "Bearer "+h.tokens[shop.ID])))
	d := &direct{t: t, ctx: ctx, in: make(chan *wirepb.EventBatch, 32), out: make(chan *wirepb.Acknowledgment, 32), over: make(chan error, 1)}
	d.c = &stream{server: h.Server, rpc: d, said: make(chan saying, wire.MostCredit)}
	go func() {
		d.over <- d.c.run(ctx)
		cancel() // as gRPC does when a handler returns
	}()
	t.Cleanup(cancel)
	d.in <- wirepb.FromHello(hello(shop))
	for d.hear().Welcome == nil { // signs of life may come before it
	}
	return d
}

func (d *direct) hear() *wire.Answer {
	d.t.Helper()
	select {
	case m := <-d.out:
		answer, err := wirepb.Answer(m)
		require.NoError(d.t, err)
		return answer
	case <-time.After(patience):
		require.FailNow(d.t, "HQ says nothing")
		return nil
	}
}

// waiting waits until n messages lie behind the one that is being committed.
func (d *direct) waiting(n int) {
	d.t.Helper()
	require.Eventually(d.t, func() bool { return len(d.c.said) == n }, patience, time.Millisecond)
}

func TestCreditGrowsOnlyWhileMoreIsWaiting(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 15) // no backlog
	d := h.direct(t, shop)
	first := int64(1)
	next := func() *wirepb.EventBatch {
		first += 2
		return wirepb.FromBatch(shop.Batch(first-2, first-1))
	}
	for range 3 { // one at a time
		d.in <- next()
		require.Equal(t, wire.FirstCredit, d.hear().Credit)
	}
	for credit := wire.FirstCredit; credit < wire.MostCredit+2; credit++ {
		release := h.hold(t)
		d.in <- next()
		d.in <- next()
		d.waiting(1)
		release()
		require.Equal(t, min(credit+1, wire.MostCredit), d.hear().Credit)
		require.Equal(t, min(credit+1, wire.MostCredit), d.hear().Credit, "nothing was waiting behind the second one")
	}
}

func TestWhoExceedsTheCreditIsRefusedBehindItsAnswers(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 4)
	d := h.direct(t, shop)
	release := h.hold(t)
	for first := int64(1); first <= 7; first += 3 {
		d.in <- wirepb.FromBatch(shop.Batch(first, first+2))
	}
	d.waiting(2) // a batch, and the refusal
	release()
	require.EqualValues(t, 3, d.hear().ReceivedUpto)
	require.EqualValues(t, 6, d.hear().ReceivedUpto)
	err := <-d.over
	require.Equal(t, wirepb.CodeCreditExceeded, fault.CodeOf(err))
	require.Equal(t, fault.Throttled, fault.KindOf(err))
	require.EqualValues(t, 6, h.count(t, "select count(*) from hq_inbox"))
}

// A store that had not heard yet that its credit was lowered is not refused.
func TestCreditThatWasGivenIsNotTakenBack(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 10)
	d := h.direct(t, shop)
	d.c.granted.Store(11) // HQ gave so much and lowers it now
	d.c.credit = 1
	first := int64(0)
	for _, n := range []int{3, 8} {
		release := h.hold(t)
		for range n {
			first++
			d.in <- wirepb.FromBatch(shop.Batch(first, first))
		}
		d.waiting(n - 1)
		release()
		for range n {
			require.Positive(t, d.hear().Credit)
		}
	}
}

// What the store says is prepared while the batch before it is being written.
func TestTheNextBatchIsReadWhileTheLastIsWritten(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 4)
	d := h.direct(t, shop)
	release := h.hold(t)
	d.in <- wirepb.FromBatch(shop.Batch(1, 3))
	d.in <- wirepb.FromBatch(shop.Batch(4, 6))
	require.Eventually(t, func() bool { return d.c.received.Load() == 2 && len(d.c.said) == 1 }, patience, time.Millisecond)
	require.Empty(t, d.out, "and nothing is acknowledged before its commit")
	release()
	d.hear()
	d.hear()
}

func TestAPanicEndsItsStreamOnly(t *testing.T) {
	h := setup(t)
	d := h.direct(t, shopOf("S1", 0))
	d.in <- nil // Recv panics
	err := <-d.over
	require.Equal(t, fault.Internal, fault.KindOf(err))
	require.NotContains(t, err.Error(), "a bug", "the store is not told about our code")
	_, welcome := h.greet(t, shopOf("S1", 0))
	require.NotNil(t, welcome)
}

// While the database is away nothing is known to be stored.
func TestADatabaseThatIsAway(t *testing.T) {
	h := setup(t)
	shop := shopOf("S1", 1)
	s, _ := h.greet(t, shop)
	h.db.Pool().Close()
	s.send(shop.All())
	_, err := s.rpc.Recv()
	require.Equal(t, fault.Unavailable, fault.KindOf(refusalIn(t, err)), "%v", err)
}
