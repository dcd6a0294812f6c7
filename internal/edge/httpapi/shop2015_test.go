package httpapi_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// shop2015 is a shop that sells what the 2015 shop of catalog/testdata sold.
func shop2015(t *testing.T) *shop {
	t.Helper()
	s := openShop(t)
	products, err := os.Open("../catalog/testdata/shop2015_products.csv")
	require.NoError(t, err)
	defer func() { _ = products.Close() }()
	units, err := os.Open("../catalog/testdata/shop2015_units.csv")
	require.NoError(t, err)
	defer func() { _ = units.Close() }()
	rows, _, err := catalog.ReadShop2015(products, units, "STANDARD")
	require.NoError(t, err)
	require.Len(t, rows, 214)
	s.load(rows...)
	return s
}

// A basket of oddities from the first scan to HQ's event: an invented check
// digit, a barcode on two products, a zero in front, a case and packs.
func TestTheShopOf2015Sells(t *testing.T) {
	s := shop2015(t)
	c := s.till("T1")
	b := c.open()

	b = c.scan(b, "8934603102081") // Cây Era Xanh, whose code somebody made up
	require.Equal(t, int64(58_000), b.Lines[0].UnitPrice)

	const tiger = "8934822104337"
	p := refused(t, c.post(path(b, "/items"), object{"barcode": tiger}), 409, "barcode_ambiguous")
	var offered []any
	candidates, is := p["candidates"].([]any)
	require.True(t, is)
	for _, candidate := range candidates {
		fields, is := candidate.(map[string]any)
		require.True(t, is)
		offered = append(offered, fields["name"], fields["unit"], fields["price"])
	}
	require.Equal(t, []any{"Thùng Tiger Thường", "thùng", 285_000.0, "Thùng Tiger Xuân", "thùng", 292_000.0}, offered)
	b = ok[basket](t, 201, c.post(path(b, "/items"), object{"barcode": tiger, "item_id": catalog.ItemID("SHOP2015-118-256")}))
	require.Equal(t, int64(292_000), b.Lines[1].UnitPrice)

	b = c.scan(b, "08934841900286") // a case of Yomost, as typed
	b = c.scan(b, "8934841900286")  // the pack of it, whose code lacks only the zero
	require.Equal(t, []int64{292_000, 6_500}, []int64{b.Lines[2].UnitPrice, b.Lines[3].UnitPrice})

	// Noodles: a case, a box of the case and a bag of the box, each at its own price.
	b = c.scan(b, "8934563134051")
	for _, sku := range []string{"SHOP2015-33-98", "SHOP2015-33-99"} {
		b = ok[basket](t, 201, c.post(path(b, "/items"), object{"item_id": catalog.ItemID(sku), "quantity": "2"}))
	}
	require.Equal(t, []int64{386_000, 194_000, 18_000}, []int64{b.Lines[4].Amount, b.Lines[5].Amount, b.Lines[6].Amount})

	total := int64(58_000 + 292_000 + 292_000 + 6_500 + 386_000 + 194_000 + 18_000)
	require.Equal(t, total, b.Totals.Total)
	before := s.head()
	c.cash(b, total, total)
	require.Equal(t, "PAID", ok[basket](t, 200, c.post(path(b, "/finalize"), nil)).Status)

	events := s.events(before)
	sold := payload[wire.SaleRecorded](s, events[0])
	require.Equal(t, "08934841900286", sold.Lines[2].Barcode, "the zero reaches HQ")
	require.Equal(t, "SHOP2015-33-99", sold.Lines[6].SKU)
	// Every unit has a stock of its own: a bag leaves the case's alone.
	for sku, want := range map[string]sale.Quantity{"SHOP2015-33-97": -sale.One, "SHOP2015-33-98": -2 * sale.One, "SHOP2015-33-99": -2 * sale.One,
		"SHOP2015-117-254": 0, "SHOP2015-118-256": -sale.One} {
		require.Equal(t, want, sale.Quantity(value[int64](s, "select on_hand_milli from local_inventory join local_catalog using (item_id) where sku = $1", sku)), sku)
	}
}

// The code that a deleted product shared means the other one alone.
func TestTheShopOf2015HasNoDeletedProducts(t *testing.T) {
	s := shop2015(t)
	c := s.till("T1")
	b := c.scan(c.open(), "8936016400041")
	require.Equal(t, "SHOP2015-57-148", b.Lines[0].SKU)
}
