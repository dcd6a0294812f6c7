package transport

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
)

// outcome is everything that a store learns from one batch.
type outcome struct {
	ack  wire.Ack
	code string
	kind fault.Kind
	at   any
}

// tell sends one batch in a conversation of its own.
func tell(t *testing.T, way uplink.Way, shop *hqtest.Shop, batch *wire.Batch) outcome {
	t.Helper()
	stream, _, err := way.Open(t.Context(), hello(shop))
	require.NoError(t, err)
	defer stream.Close()
	require.NoError(t, stream.Send(t.Context(), batch))
	answer, err := stream.Receive(t.Context())
	if err != nil {
		f := fault.As(err)
		return outcome{code: f.Code, kind: f.Kind, at: []any{f.Details["expected_id"], f.Details["at_id"], f.Details["epoch"], f.Details["chain_hash"]}}
	}
	require.Equal(t, batch.FirstID, answer.FirstID)
	ack := answer.Ack
	ack.AcceptedIDs, ack.DuplicateIDs = nil, nil // only a stream names them
	return outcome{ack: ack}
}

// The same batches over both transports into one database: the second time, over
// whichever of them, is a duplicate, refusals are the same, and nothing happens twice.
func TestServerIsAsIdempotentAsOverHTTP(t *testing.T) {
	t.Parallel()
	o := serve(t, hq.Config{})
	ways := []uplink.Way{o.http(t), o.grpc(t, o.app.GRPCAddr())}
	shop := shopOf(20)
	shop.AppendRaw("FromTheFuture", 1, shop.Events[0].EventID, "{}")
	random := rand.New(rand.NewPCG(5, 5))
	upto, took := int64(0), []int{0, 0}
	for upto < shop.Head() {
		first := max(1, upto+1-random.Int64N(4))
		last := min(shop.Head(), upto+1+random.Int64N(4))
		i := random.IntN(2)
		got := tell(t, ways[i], shop, shop.Batch(first, last))
		require.Equal(t, int(last-upto), got.ack.Accepted+len(got.ack.Errors), got.code)
		require.Equal(t, int(upto+1-first), got.ack.Duplicates)
		took[i]++
		upto = last
		before := o.projections(t)
		overHTTP, overGRPC := tell(t, ways[0], shop, shop.Batch(first, last)), tell(t, ways[1], shop, shop.Batch(first, last))
		require.Equal(t, overHTTP, overGRPC)
		require.Zero(t, overHTTP.ack.Accepted)
		require.Equal(t, before, o.projections(t), "a second delivery has no second effect")
	}
	require.NotZero(t, took[0]*took[1], "both ways were used")
	for name, batch := range wrong(shop) {
		before := o.projections(t)
		overHTTP, overGRPC := tell(t, ways[0], shop, batch), tell(t, ways[1], shop, batch)
		require.NotEmpty(t, overHTTP.code, name)
		require.Equal(t, overHTTP, overGRPC, name)
		require.Equal(t, before, o.projections(t))
	}
	require.EqualValues(t, 20, o.count(t, "select count(*) from hq_transactions"))
	require.Equal(t, shop.Head(), o.count(t, "select count(*) from hq_inbox"))
}

// wrong is one batch for each refusal.
func wrong(shop *hqtest.Shop) map[string]*wire.Batch {
	head := shop.Head()
	more := hqtest.NewShop("S1")
	more.Events = slices.Clone(shop.Events)
	sell(more)
	next := func(change func(b *wire.Batch)) *wire.Batch {
		b := more.Batch(head, head+2)
		b.Events = slices.Clone(b.Events)
		change(b)
		return b
	}
	return map[string]*wire.Batch{
		"gap":    more.Batch(head+2, head+3),
		"hash":   next(func(b *wire.Batch) { b.Events[1].Payload += " " }),
		"fork":   next(func(b *wire.Batch) { b.PrevHash[0] ^= 1; rehash(b) }),
		"fenced": next(func(b *wire.Batch) { b.Epoch = 7 }),
		"reused": next(func(b *wire.Batch) { b.Events[1].EventID = shop.Events[0].EventID; rehash(b) }),
		"fields": next(func(b *wire.Batch) { b.Events[1].BusinessDate = "2026-02-30"; rehash(b) }),
		"store":  next(func(b *wire.Batch) { b.StoreID = "S2" }),
	}
}

func (o *office) projections(t *testing.T) map[string][]string {
	t.Helper()
	all, err := hqtest.Projections(t.Context(), o.db)
	require.NoError(t, err)
	return all
}

// rehash makes the batch's hashes right, whatever was changed.
func rehash(b *wire.Batch) {
	prev := b.PrevHash
	for i := range b.Events {
		b.Events[i].Hash = b.Events[i].Chain(prev)
		prev = b.Events[i].Hash
	}
}
