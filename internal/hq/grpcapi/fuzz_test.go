package grpcapi

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// FuzzMessage feeds bytes to all that looks at a message before the database
// does. Nothing panics; every refusal has a status and its code; what is let
// through is one thing, of the token's store, and a batch fits the credit.
func FuzzMessage(f *testing.F) {
	shop := hqtest.NewShop("S1")
	shop.Load(tea)
	shop.Sell(one(tea))
	shop.AppendRaw("FromTheFuture", 7, shop.Events[0].AggregateID, "{")
	odd := wirepb.FromBatch(shop.All())
	odd.Events[0].Hash = nil
	other := wirepb.FromBatch(shop.All())
	other.StoreId = "S2"
	for _, m := range []*wirepb.EventBatch{wirepb.FromHello(hello(shop)), wirepb.FromBatch(shop.All()), wirepb.FromBatch(shop.Batch(2, 3)),
		{Ask: &wirepb.Ask{Watermark: true, Head: -1}}, odd, other, {FirstId: 1 << 62, StoreId: "S1"}, {Events: []*wirepb.Event{{}}}} {
		data, err := proto.Marshal(m)
		require.NoError(f, err)
		f.Add(data, true)
		f.Add(data, false)
	}
	f.Fuzz(func(t *testing.T, data []byte, first bool) {
		var m wirepb.EventBatch
		if proto.Unmarshal(data, &m) != nil {
			return // gRPC refuses it
		}
		c := &stream{storeID: "S1"}
		c.granted.Store(1)
		s, err := c.read(&m, first)
		if err != nil {
			refusal := wirepb.Refusal(wirepb.FromRefusal(fault.As(err)))
			require.Contains(t, []string{wire.CodeBatchInvalid, wire.CodeStoreForbidden}, refusal.Code)
			return
		}
		switch {
		case s.hello != nil:
			require.True(t, first)
			require.Equal(t, "S1", s.hello.StoreID)
		case s.batch != nil:
			require.EqualValues(t, 1, c.received.Load())
			require.Equal(t, m.GetFirstId(), s.first)
			require.Equal(t, "S1", m.GetStoreId())
			_, err := c.read(&m, first)
			require.Equal(t, wirepb.CodeCreditExceeded, fault.CodeOf(err))
		default:
			require.NotNil(t, s.ask)
			require.GreaterOrEqual(t, c.head.Load(), m.GetAsk().GetHead())
		}
	})
}
