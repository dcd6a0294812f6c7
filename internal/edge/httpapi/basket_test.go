package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// A basket that is as large as a basket may be still becomes a sale, and its
// events still travel.
func TestTheLargestBasketIsSold(t *testing.T) {
	for name, text := range map[string]string{"ordinary names": "Nước tinh khiết đóng chai 500 ml", "names that JSON must escape": strings.Repeat(`"`, 200)} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			t1 := s.till("T1")
			b, lines := fill(s, t1, text)
			if text[0] != '"' {
				require.Equal(t, 500, lines, "of ordinary lines a basket holds 500")
			} else {
				require.Less(t, lines, 500)
				require.Greater(t, lines, 200)
			}
			t1.cash(b, b.Totals.Due, b.Totals.Due)
			before := s.head()
			require.Equal(t, "PAID", t1.finalize(b).Status, "finalize never refuses for size")
			events := s.events(before)
			sold := events[0]
			require.LessOrEqual(t, len(sold.Payload), 204<<10, "200 KiB of lines, and a head")
			require.Greater(t, len(sold.Payload), 150<<10, "a basket is not called full far too early")
			require.Len(t, payload[wire.SaleRecorded](s, sold).Lines, lines)

			batch := wire.Batch{StoreID: "S1", Epoch: 1, FirstID: before + 1, PrevHash: s.events(before - 1)[0].Hash, Events: events}
			require.NoError(t, batch.Validate())
			body, err := wire.EncodeBatch(&batch)
			require.NoError(t, err)
			require.Less(t, len(body), wire.MaxBatchBytes)
			requireInvariants(t, s)
		})
	}
}

// fill makes a basket of lines with this name that is full, and returns how many
// lines it holds. All but the last few are written behind the till's back: each
// scan reads the whole basket, so five hundred of them take a while.
func fill(s *shop, t1 *till, name string) (basket, int) {
	s.t.Helper()
	row := catalog.Row{SKU: "DAY-0001", Name: name, Unit: "chai", Barcodes: []string{"8935999900001"}, Price: 10_000, TaxCode: "STANDARD", Category: "Nước giải khát"}
	s.load(row)
	item := sale.Item{ID: catalog.ItemID(row.SKU), SKU: row.SKU, Name: name, Unit: row.Unit, Category: row.Category, TaxCode: row.TaxCode, Price: row.Price}
	model, holds := &sale.Transaction{Status: sale.Draft}, 0
	for ; ; holds++ {
		if _, err := model.AddItem(item, row.Barcodes[0], sale.One, time.Now()); err != nil {
			break
		}
	}
	b := t1.open()
	s.exec(`insert into line_items (transaction_id, line_no, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, barcode,
		age_restricted, quantity_milli, unit_price, gross, tax_code, added_at)
		select $1, n, 'S1', 'T1', 'C1', item_id, sku, name, unit, category, '8935999900001', false, 1000, price, price, tax_code, now()
		from local_catalog, generate_series(1, $2) n where sku = 'DAY-0001'`, b.ID, holds-2)
	s.exec("update transactions set last_line_no = $2, version = version + 1 where id = $1", b.ID, holds-2)
	t1.scan(b, row.Barcodes[0])
	b = t1.scan(b, row.Barcodes[0])
	require.Len(s.t, b.Lines, holds)
	refused(s.t, t1.post(path(b, "/items"), object{"barcode": row.Barcodes[0]}), 422, "basket_too_large")
	return b, holds
}
