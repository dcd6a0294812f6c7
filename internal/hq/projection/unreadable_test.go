package projection_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/projection"
	"tiem/internal/wire"
)

// What a hello is told about a type is what becomes of its events.
func TestUnreadableIsWhatReadRefuses(t *testing.T) {
	one := hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: 1000}
	shop := hqtest.NewShop("S1")
	shop.Sell(one)
	shop.Void(one, one)
	shop.AppendRaw("MoonPhaseChanged", 1, shop.Events[0].AggregateID, "{}")
	seen := map[string]bool{}
	for i := range shop.Events {
		for version := range int32(3) {
			event := shop.Events[i]
			event.Version = version
			refusal := projection.Read(&event).Refusal
			unknown := refusal != nil && (refusal.Code == projection.CodeUnknownType || refusal.Code == projection.CodeUnknownVersion)
			said := len(projection.Unreadable(map[string]int32{event.Type: version})) > 0
			require.Equal(t, unknown, said, "%s, version %d", event.Type, version)
			seen[event.Type] = seen[event.Type] || !said
		}
	}
	require.Equal(t, map[string]bool{
		wire.TypeSaleRecorded: true, wire.TypeInventoryAdjusted: true, wire.TypePaymentCaptured: true, wire.TypeBasketVoided: true, "MoonPhaseChanged": false,
	}, seen)
	require.Equal(t, []string{"A", "B", wire.TypeSaleRecorded},
		projection.Unreadable(map[string]int32{"B": 1, wire.TypeSaleRecorded: 2, wire.TypePaymentCaptured: 1, "A": 1}))
	require.Empty(t, projection.Unreadable(nil))
}
