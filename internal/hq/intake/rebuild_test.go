package intake_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/projection"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// What came in batches of any size, with poison among it, is rebuilt to the
// same rows from the inbox alone.
func TestRebuildEqualsLive(t *testing.T) {
	db, in, shop := setup(t)
	addStore(t, db, "S2")
	other := hqtest.NewShop("S2")
	other.Load(tea)
	other.Sell(one(tea))
	accept(t, in, other.All())

	shop.Load(tea, coffee, rice)
	for _, poison := range poisons {
		shop.Sell(one(tea), hqtest.Line{Item: rice, Quantity: 355, Discount: 833})
		poison(shop)
		bad := shop.Events[len(shop.Events)-1]
		shop.Sell(one(coffee))
		shop.Append("InventoryAdjusted", bad.AggregateID, shop.Moved(bad.AggregateID, one(tea)))
		shop.Void(one(tea), hqtest.Line{Item: coffee, Quantity: sale.One, Discount: 700})
	}
	for range 150 { // more events than a rebuild holds at once
		shop.Sell(one(tea), hqtest.Line{Item: coffee, Quantity: 2 * sale.One})
	}
	strange := slices.IndexFunc(shop.Events, func(e wire.Event) bool { return e.Type == "MoonPhaseChanged" })
	waits := shop.Events[strange].AggregateID
	shop.Append("InventoryAdjusted", waits, shop.Moved(waits, one(tea))) // far behind the one that it waits for
	for first := int64(1); first <= shop.Head(); first += 97 {
		accept(t, in, shop.Batch(first, min(first+96, shop.Head())))
	}
	live := dump(t, db)
	require.Len(t, live["hq_quarantine"], 2*len(poisons)+1)
	require.Greater(t, len(live["hq_voided_baskets"]), len(poisons))
	require.Len(t, live["hq_overrides"], len(poisons))

	done, err := projection.Rebuild(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Equal(t, shop.Head(), done.Events)
	require.EqualValues(t, 2*len(poisons)+1, done.SetAside)
	require.Equal(t, live, dump(t, db))
	whole(t, db, shop.Head())

	// And it repairs what was changed behind HQ's back.
	_, err = db.Exec(t.Context(), `update hq_transactions set gross = gross + 1, total = total + 1, subtotal = subtotal + 1, paid = paid + 1;
		delete from hq_payments; delete from hq_overrides; update hq_voided_baskets set total = total + 1; update hq_inventory set on_hand_milli = 7; update hq_inbox set state = 'APPLIED'; delete from hq_quarantine`)
	require.NoError(t, err)
	_, err = projection.Rebuild(t.Context(), db, "S1")
	require.NoError(t, err)
	_, err = projection.Rebuild(t.Context(), db, "S2")
	require.NoError(t, err)
	require.Equal(t, live, dump(t, db))
}

func TestRebuildOfAStoreThatIsNotThere(t *testing.T) {
	db, _, _ := setup(t)
	_, err := projection.Rebuild(t.Context(), db, "S9")
	require.Equal(t, "store_unknown", fault.CodeOf(err))
}
