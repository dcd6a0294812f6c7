package audit_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/audit"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var tea = hqtest.Item{SKU: "TEA", Price: 10_000}

// setup is an HQ that holds stock, two sales, an event set aside and a voided
// basket with a discount: events 1 to 9.
func setup(t *testing.T) (*postgres.DB, *hqtest.Shop) {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	shop := hqtest.NewShop("S1")
	stock := shop.Load(tea)
	shop.Sell(hqtest.Line{Item: tea, Quantity: sale.One})
	shop.Sell(hqtest.Line{Item: tea, Quantity: 2 * sale.One})
	shop.AppendRaw("FromTheFuture", 1, stock, "{}")
	shop.Void(hqtest.Line{Item: tea, Quantity: sale.One}, hqtest.Line{Item: tea, Quantity: 2 * sale.One, Discount: 500})
	_, err = intake.New(db, prometheus.NewRegistry()).Accept(t.Context(), shop.All())
	require.NoError(t, err)
	return db, shop
}

func TestAWholeStoreVerifies(t *testing.T) {
	db, shop := setup(t)
	report, err := audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Equal(t, audit.Report{
		StoreID: "S1", Events: 9, ChainHash: shop.HashAt(9), SetAside: 1, Sales: 2, Total: 30_000, Payments: 2, Voids: 1, Items: 1,
	}, report)
}

func TestAStoreThatIsNotThere(t *testing.T) {
	db, _ := setup(t)
	_, err := audit.Verify(t.Context(), db, "S9")
	require.Equal(t, "store_unknown", fault.CodeOf(err))
}

// Whatever is changed in the database, behind the triggers' back, is found, and
// the row is named.
func TestAChangedRowIsNamed(t *testing.T) {
	for name, change := range map[string]struct{ sql, row, message string }{
		"payload":            {"update hq_inbox set payload = payload || ' ' where id = 5", "hq_inbox S1 event 5", "hash"},
		"cashier":            {"update hq_inbox set cashier_id = 'C9' where id = 3", "hq_inbox S1 event 3", "hash"},
		"time":               {"update hq_inbox set occurred_at = occurred_at + interval '1 microsecond' where id = 8", "hq_inbox S1 event 8", "hash"},
		"hash":               {"update hq_inbox set hash = sha256('x') where id = 4", "hq_inbox S1 event 4", "hash"},
		"row gone":           {"delete from hq_inbox where id = 2", "hq_inbox S1 event 2", "missing"},
		"tail gone":          {"delete from hq_inbox where id = 9", "store_streams S1", "complete to 9"},
		"watermark":          {"update store_streams set received_upto = 8", "store_streams S1", "complete to 8"},
		"applied":            {"update hq_inbox set state = 'APPLIED' where id = 8", "hq_inbox S1 event 8", "marked as applied"},
		"let go":             {"delete from hq_quarantine", "hq_quarantine S1", "0 rows"},
		"not applied":        {"update hq_inbox set state = 'WAITING' where id = 4", "hq_payments", "did not record it"},
		"total":              {"update hq_transactions set gross = gross + 1, total = total + 1, subtotal = subtotal + 1, paid = paid + 1 where inbox_id = 5", "hq_transactions", "gross is 20001, event 5 says 20000"},
		"receipt":            {"update hq_transactions set receipt_no = 'S1-T1-9999999' where inbox_id = 2", "hq_transactions", `receipt_no is "S1-T1-9999999"`},
		"sale gone":          {"delete from hq_transactions where inbox_id = 5", "hq_transactions", "is missing"},
		"sale too many":      {"insert into hq_transactions select store_id, gen_random_uuid(), 99, 'X', terminal_id, cashier_id, shift_id, business_date, currency, gross, discount, subtotal, tax, total, paid, change, created_at, finalized_at from hq_transactions limit 1", "hq_transactions S1", "has 3 rows"},
		"line":               {"update hq_line_items set name = 'Trà' where quantity_milli = 2000", "hq_line_items", "line 1: name is"},
		"line gone":          {"delete from hq_line_items where quantity_milli = 2000", "hq_line_items", "is missing"},
		"line too many":      {"insert into hq_line_items select store_id, transaction_id, 2, item_id, sku, name, unit, category, barcode, quantity_milli, unit_price, gross, discount, amount, tax_code, rate_bp from hq_line_items limit 1", "hq_line_items S1", "has 3 rows"},
		"tax":                {"update hq_tax_lines set tax = tax + 1", "hq_tax_lines", "tax is"},
		"payment":            {"update hq_payments set tendered = tendered + 1, change = change + 1 where inbox_id = 7", "hq_payments", "tendered is 21001"},
		"payment gone":       {"delete from hq_payments where inbox_id = 4", "hq_payments", "is missing"},
		"void":               {"update hq_voided_baskets set total = total + 1", "hq_voided_baskets", "total is 19501, event 9 says 19500"},
		"void's owner":       {"update hq_voided_baskets set opened_by = 'C9'", "hq_voided_baskets", `opened_by is "C9"`},
		"void's reason":      {"update hq_voided_baskets set reason = null", "hq_voided_baskets", `reason is ""`},
		"void's cash":        {"update hq_voided_baskets set cancelled = 0", "hq_voided_baskets", "cancelled is 0"},
		"void gone":          {"delete from hq_voided_baskets", "hq_voided_baskets", "is missing"},
		"void from nowhere":  {"update hq_inbox set state = 'QUARANTINED' where id = 9; delete from hq_overrides; insert into hq_quarantine (store_id, id, event_id, aggregate_id, type, state, code, message) select store_id, id, event_id, aggregate_id, type, state, 'x', 'x' from hq_inbox where id = 9", "hq_voided_baskets", "did not record it"},
		"void too many":      {"insert into hq_voided_baskets select store_id, gen_random_uuid(), 99, terminal_id, cashier_id, opened_by, approved_by, reason, business_date, currency, lines, removed_lines, total, cancelled, created_at, voided_at from hq_voided_baskets", "hq_voided_baskets S1", "has 2 rows"},
		"override":           {"update hq_overrides set after = after + 1", "hq_overrides", "number 1: after is 501"},
		"override's giver":   {"update hq_overrides set approved_by = null", "hq_overrides", "approved_by is"},
		"override gone":      {"delete from hq_overrides", "hq_overrides", "is missing"},
		"override elsewhere": {"update hq_overrides set transaction_id = gen_random_uuid()", "hq_overrides", "is missing"},
		"override too many":  {"insert into hq_overrides select store_id, transaction_id, 2, 99, line_no, kind, before, after, reason, cashier_id, approved_by, at from hq_overrides", "hq_overrides S1", "has 2 rows"},
		"stock":              {"update hq_inventory set on_hand_milli = 1", "hq_inventory", "on_hand_milli is 1, event 6 says 7000"},
		"stock gone":         {"delete from hq_inventory", "hq_inventory", "is missing"},
		"stock from nowhere": {"insert into hq_inventory values ('S1', gen_random_uuid(), 'X', 'X', 1, 1, 1)", "hq_inventory", "no movement made it"},
	} {
		t.Run(name, func(t *testing.T) {
			db, _ := setup(t)
			_, err := db.Exec(t.Context(), "alter table hq_inbox disable trigger all; "+change.sql)
			require.NoError(t, err)
			report, err := audit.Verify(t.Context(), db, "S1")
			require.NoError(t, err)
			require.NotNil(t, report.Bad)
			require.True(t, strings.HasPrefix(report.Bad.Row, change.row), report.Bad)
			require.Contains(t, report.Bad.Error(), change.message)
		})
	}
}

// A sale whose payment is not its total is found, unless the payment may still
// be on its way.
func TestASaleThatIsNotPaid(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	in := intake.New(db, prometheus.NewRegistry())
	shop := hqtest.NewShop("S1")
	shop.Sell(hqtest.Line{Item: tea, Quantity: sale.One})
	_, err = in.Accept(t.Context(), shop.Batch(1, 2))
	require.NoError(t, err)
	report, err := audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad, "the log ends within the sale")

	unpaid := hqtest.NewShop("S1")
	unpaid.Events = shop.Events[:2]
	unpaid.Load(tea)
	_, err = in.Accept(t.Context(), unpaid.Batch(3, 3))
	require.NoError(t, err)
	report, err = audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Contains(t, report.Bad.Message, "its payments are 0")
}

// What people did to a sale's prices is held against its event, too.
func TestOverridesOfASale(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	shop := hqtest.NewShop("S1")
	sold := shop.Sale(hqtest.Line{Item: tea, Quantity: sale.One, Discount: 700})
	sold.OpenedBy = "C2"
	sold.Overrides = []wire.Override{shop.Repriced(1, 12_000, 10_000), shop.Discounted(1, 0, 700)}
	shop.Append(wire.TypeSaleRecorded, sold.TransactionID, sold)
	_, err = intake.New(db, prometheus.NewRegistry()).Accept(t.Context(), shop.All())
	require.NoError(t, err)
	report, err := audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad)
	_, err = db.Exec(t.Context(), "update hq_overrides set reason = 'x' where override_no = 2")
	require.NoError(t, err)
	report, err = audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.NotNil(t, report.Bad)
	require.Contains(t, report.Bad.Error(), "number 2: reason is")
}

// What was sold was not voided: the log may say both, the shop cannot.
func TestASaleThatWasVoided(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	shop := hqtest.NewShop("S1")
	v := shop.Voided(hqtest.Line{Item: tea, Quantity: sale.One})
	v.TransactionID = shop.Sell(hqtest.Line{Item: tea, Quantity: sale.One})
	shop.Append(wire.TypeBasketVoided, v.TransactionID, v)
	_, err = intake.New(db, prometheus.NewRegistry()).Accept(t.Context(), shop.All())
	require.NoError(t, err)
	report, err := audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.NotNil(t, report.Bad)
	require.Contains(t, report.Bad.Error(), "hq_voided_baskets S1 "+v.TransactionID.String())
	require.Contains(t, report.Bad.Message, "is a sale")
}

// Verify sees one moment of the store, however busily it sends.
func TestVerifyWhileTheStoreSends(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	in := intake.New(db, prometheus.NewRegistry())
	shop := hqtest.NewShop("S1")
	for range 200 {
		shop.Sell(hqtest.Line{Item: tea, Quantity: sale.One})
	}
	sent := make(chan error, 1)
	go func() {
		for id := int64(1); id < shop.Head(); id += 3 {
			if _, err := in.Accept(t.Context(), shop.Batch(id, id+2)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for {
		report, err := audit.Verify(t.Context(), db, "S1")
		require.NoError(t, err)
		require.Nil(t, report.Bad)
		select {
		case err := <-sent:
			require.NoError(t, err)
			return
		default:
		}
	}
}
