package stockroom_test

import (
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/stockroom"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var zone = time.FixedZone("Saigon", 7*3600)

func now() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, zone) }

func TestWhatIsOnTheShelves(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	require.NoError(t, edgedb.New().InsertOutboxHead(t.Context(), db, "S1"))
	row := func(sku string, opening sale.Quantity) catalog.Row {
		return catalog.Row{SKU: sku, Name: "Hàng " + sku, Unit: "kg", Price: 1000, PriceSource: "observed", TaxCode: "STANDARD", Category: "Khác", OpeningStock: opening}
	}
	loader := &catalog.Loader{DB: db, Log: &outbox.Log{}, StoreID: "S1", Now: now, Day: sale.Calendar{Zone: zone}}
	_, err := loader.Load(t.Context(), []catalog.Row{row("B", 2500), row("A", 1000), row("C", 0)}, false)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "update local_inventory set on_hand_milli = on_hand_milli - 1001 where item_id = any($1)",
		[]uuid.UUID{catalog.ItemID("A"), catalog.ItemID("C")})
	require.NoError(t, err)

	room := &stockroom.Room{DB: db}
	list, err := room.List(t.Context(), "", nil, "", 10)
	require.NoError(t, err)
	opening := func(q sale.Quantity) *sale.Quantity { return &q }
	for i := range list {
		require.False(t, list[i].UpdatedAt.IsZero())
		list[i].UpdatedAt = list[0].UpdatedAt
	}
	level := func(sku string, onHand sale.Quantity, short bool, opened *sale.Quantity) stockroom.Level {
		return stockroom.Level{ItemID: catalog.ItemID(sku), SKU: sku, Name: "Hàng " + sku, Unit: "kg", OnHand: onHand, Short: short, Opening: opened, UpdatedAt: list[0].UpdatedAt}
	}
	require.Equal(t, []stockroom.Level{level("A", -1, true, opening(1000)), level("B", 2500, false, opening(2500)), level("C", -1001, true, nil)}, list)

	for _, c := range []struct {
		barcode string
		ids     []uuid.UUID
		after   string
		limit   int32
		want    []string
	}{
		{"", nil, "", 2, []string{"A", "B"}},
		{"", nil, "B", 2, []string{"C"}},
		{"", nil, "C", 2, nil},
		{"893", []uuid.UUID{catalog.ItemID("B")}, "", 10, []string{"B"}},
		{"893", []uuid.UUID{}, "", 10, nil}, // a barcode that means nothing is not "everything"
	} {
		list, err := room.List(t.Context(), c.barcode, c.ids, c.after, c.limit)
		require.NoError(t, err)
		var skus []string
		for _, l := range list {
			skus = append(skus, l.SKU)
		}
		require.Equal(t, c.want, skus)
	}
	db.Close()
	_, err = room.List(t.Context(), "", nil, "", 10)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}
