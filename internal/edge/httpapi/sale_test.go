package httpapi_test

import (
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// Lan sells two bottles of water, a beer, and 355 g of bananas; the customer
// gives a note of 50 000. What the till sees, and what the log says.
func TestASaleForCash(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00.123456+07:00")
	t1 := s.till("T1")
	before := s.head()

	b := t1.open()
	require.Equal(t, []any{"S1", "T1", "C1", "DRAFT", "VND", 1}, []any{b.StoreID, b.TerminalID, b.CashierID, b.Status, b.Currency, b.Version})
	require.Empty(t, b.Lines)
	t1.scan(b, water, "2")
	t1.scan(b, beerPack)
	b = t1.scan(b, banana, "0.355")
	require.Equal(t, []line{
		{LineNo: 1, ItemID: itemID("NUOC-0001"), SKU: "NUOC-0001", Barcode: water, Quantity: "2", UnitPrice: 6_000, Gross: 12_000, Amount: 12_000, TaxCode: "STANDARD"},
		{LineNo: 2, ItemID: itemID("BIA-0001"), SKU: "BIA-0001", Barcode: beerPack, Quantity: "1", UnitPrice: 14_000, Gross: 14_000, Amount: 14_000, TaxCode: "EXCISE"},
		{LineNo: 3, ItemID: itemID("TUOI-0001"), SKU: "TUOI-0001", Barcode: banana, Quantity: "0.355", UnitPrice: 24_900, Gross: 8_840, Amount: 8_840, TaxCode: "REDUCED_5"},
	}, b.Lines)
	owed := totals{Gross: 34_840, Subtotal: 34_840 - 889 - 1_273 - 421, Tax: 889 + 1_273 + 421, Total: 34_840, Due: 34_840, TaxLines: []taxLine{
		{TaxCode: "EXCISE", RateBP: 1000, Base: 12_727, Tax: 1_273},
		{TaxCode: "REDUCED_5", RateBP: 500, Base: 8_419, Tax: 421},
		{TaxCode: "STANDARD", RateBP: 800, Base: 11_111, Tax: 889},
	}}
	require.Equal(t, owed, b.Totals)
	require.Equal(t, owed, ok[totals](t, 200, t1.get(path(b, "/totals"))))
	refused(t, t1.post(path(b, "/finalize"), nil), 409, "payment_incomplete")

	p := t1.cash(b, 34_840, 50_000)
	require.Equal(t, []any{"CASH", "CAPTURED", int64(34_840), int64(50_000), int64(15_160)}, []any{p.Method, p.Status, p.Amount, p.Tendered, p.Change})
	require.Empty(t, s.events(before), "nothing is an event before the sale is one")
	require.Equal(t, int64(500_000), s.onHand("NUOC-0001"))

	s.at("2026-11-22T09:31:00.5+07:00")
	paid := t1.finalize(b)
	require.Equal(t, []any{"PAID", receipt("T1", 1), "2026-11-22"}, []any{paid.Status, paid.ReceiptNo, paid.BusinessDate})
	require.True(t, paid.FinalizedAt.Equal(s.clock()))
	owed.Paid, owed.Due, owed.Change = 34_840, 0, 15_160
	require.Equal(t, owed, paid.Totals)
	require.Equal(t, paid, t1.read(b), "what was answered is what is stored")
	require.Equal(t, paid, t1.finalize(b), "finalizing again is the same receipt")

	requireCashSaleEvents(t, s, before, paid, p)
	require.Equal(t, []int64{498_000, 239_000, 20_145}, []int64{s.onHand("NUOC-0001"), s.onHand("BIA-0001"), s.onHand("TUOI-0001")})
	requireInvariants(t, s)
}

func requireCashSaleEvents(t *testing.T, s *shop, before int64, paid basket, p payment) {
	t.Helper()
	events := s.events(before)
	require.Len(t, events, 3)
	id := uuid.Must(uuid.FromString(paid.ID))
	for i, kind := range []string{wire.TypeSaleRecorded, wire.TypeInventoryAdjusted, wire.TypePaymentCaptured} {
		e := events[i]
		require.Equal(t, []any{kind, "S1", int64(1), int32(1), id, "T1", "C1", "2026-11-22"},
			[]any{e.Type, e.StoreID, e.Epoch, e.Version, e.AggregateID, e.TerminalID, e.CashierID, e.BusinessDate})
		require.True(t, e.OccurredAt.Equal(paid.FinalizedAt))
		require.Equal(t, byte(7), e.EventID.Version())
	}
	sold := payload[wire.SaleRecorded](s, events[0])
	require.True(t, sold.CreatedAt.Equal(paid.CreatedAt))
	require.True(t, sold.FinalizedAt.Equal(paid.FinalizedAt))
	sold.CreatedAt, sold.FinalizedAt = time.Time{}, time.Time{}
	line := func(no int32, sku, name, unit, category, barcode string, quantity sale.Quantity, price, amount money.Amount, code string, rate int32) wire.SaleLine {
		return wire.SaleLine{LineNo: no, ItemID: catalog.ItemID(sku), SKU: sku, Name: name, Unit: unit, Category: category, Barcode: barcode,
			Quantity: quantity, UnitPrice: price, Gross: amount, Amount: amount, TaxCode: code, RateBP: rate}
	}
	require.Equal(t, wire.SaleRecorded{TransactionID: id, ReceiptNo: receipt("T1", 1), Currency: "VND", OpenedBy: "C1",
		Lines: []wire.SaleLine{
			line(1, "NUOC-0001", "Nước tinh khiết Aquafina 500 ml", "chai", "Nước giải khát", water, 2000, 6_000, 12_000, "STANDARD", 800),
			line(2, "BIA-0001", "Bia Sài Gòn", "lon", "Bia", beerPack, 1000, 14_000, 14_000, "EXCISE", 1000),
			line(3, "TUOI-0001", "Chuối già", "kg", "Tươi sống", banana, 355, 24_900, 8_840, "REDUCED_5", 500),
		},
		Totals:   wire.SaleTotals{Gross: 34_840, Subtotal: 32_257, Tax: 2_583, Total: 34_840, Paid: 34_840, Change: 15_160},
		TaxLines: []wire.TaxLine{{TaxCode: "EXCISE", RateBP: 1000, Base: 12_727, Tax: 1_273}, {TaxCode: "REDUCED_5", RateBP: 500, Base: 8_419, Tax: 421}, {TaxCode: "STANDARD", RateBP: 800, Base: 11_111, Tax: 889}},
	}, sold)

	moved := payload[wire.InventoryAdjusted](s, events[1])
	require.Equal(t, []any{wire.ReasonSale, id}, []any{moved.Reason, moved.Reference})
	require.ElementsMatch(t, []wire.Movement{
		{ItemID: catalog.ItemID("NUOC-0001"), SKU: "NUOC-0001", Name: "Nước tinh khiết Aquafina 500 ml", Quantity: -2000, BalanceAfter: 498_000},
		{ItemID: catalog.ItemID("BIA-0001"), SKU: "BIA-0001", Name: "Bia Sài Gòn", Quantity: -1000, BalanceAfter: 239_000},
		{ItemID: catalog.ItemID("TUOI-0001"), SKU: "TUOI-0001", Name: "Chuối già", Quantity: -355, BalanceAfter: 20_145},
	}, moved.Movements)

	captured := payload[wire.PaymentCaptured](s, events[2])
	require.Equal(t, "2026-11-22T02:30:00.123456Z", captured.CapturedAt.UTC().Format(time.RFC3339Nano), "when the cash was taken")
	captured.CapturedAt = time.Time{}
	require.Equal(t, wire.PaymentCaptured{PaymentID: uuid.Must(uuid.FromString(p.ID)), TransactionID: id, Method: "CASH", Amount: 34_840, Tendered: 50_000, Change: 15_160}, captured)
}

func TestLinesAreChangedAndTakenOff(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	t1.scan(b, water)
	t1.scan(b, water)
	b = t1.scan(b, beer)
	require.Len(t, b.Lines, 3, "the same item again is a new line")

	s.load(catalog.Row{SKU: "NUOC-0001", Name: "Nước, đắt hơn", Unit: "chai", Barcodes: []string{water}, Price: 9_000, TaxCode: "STANDARD", Category: "Nước giải khát"})
	b = ok[basket](t, 200, t1.call("PATCH", path(b, "/items/1"), object{"quantity": "3"}))
	require.Equal(t, []any{"3", int64(6_000), int64(18_000)}, []any{b.Lines[0].Quantity, b.Lines[0].UnitPrice, b.Lines[0].Gross}, "the price froze at the scan")
	b = ok[basket](t, 200, t1.call("DELETE", path(b, "/items/2"), nil))
	require.False(t, b.Lines[1].RemovedAt.IsZero())
	require.Equal(t, int64(32_000), b.Totals.Total)
	refused(t, t1.call("DELETE", path(b, "/items/2"), nil), 404, "line_not_found")
	refused(t, t1.call("PATCH", path(b, "/items/2"), object{"quantity": "1"}), 404, "line_not_found")
	refused(t, t1.call("PATCH", path(b, "/items/77"), object{"quantity": "1"}), 404, "line_not_found")
	b = t1.scan(b, water)
	require.Equal(t, 4, b.Lines[3].LineNo, "a line's number is never reused")
	require.Equal(t, int64(9_000), b.Lines[3].UnitPrice, "a new scan has the new price")

	t1.cash(b, 41_000, 41_000)
	before := s.head()
	t1.finalize(b)
	events := s.events(before)
	sold, moved := payload[wire.SaleRecorded](s, events[0]), payload[wire.InventoryAdjusted](s, events[1])
	require.Equal(t, []int32{1, 3, 4}, []int32{sold.Lines[0].LineNo, sold.Lines[1].LineNo, sold.Lines[2].LineNo}, "removed lines are not sold")
	require.Len(t, moved.Movements, 2, "lines of one item move together")
	require.Equal(t, int64(496_000), s.onHand("NUOC-0001"))
	requireInvariants(t, s)
}

func TestARemovedBasketIsEmpty(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	refused(t, t1.post(path(b, "/finalize"), nil), 409, "transaction_empty")
	refused(t, t1.post(path(b, "/payments"), object{"method": "CASH", "amount": 1}), 409, "transaction_empty")
	t1.scan(b, water)
	ok[basket](t, 200, t1.call("DELETE", path(b, "/items/1"), nil))
	refused(t, t1.post(path(b, "/finalize"), nil), 409, "transaction_empty")
	require.Empty(t, t1.read(b).ReceiptNo)
	require.Zero(t, value[int64](s, "select last_seq from receipt_counters where terminal_id = 'T1'"), "a refusal takes no receipt number")
}

func TestWhatIsFreeNeedsNoPayment(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	before := s.head()
	paid := t1.sell(bag)
	require.Equal(t, receipt("T1", 1), paid.ReceiptNo)
	require.Equal(t, totals{TaxLines: []taxLine{{TaxCode: "STANDARD", RateBP: 800}}}, paid.Totals)
	require.Len(t, s.events(before), 2, "a sale and its stock, and no payment")
	requireInvariants(t, s)
}

func TestReceiptNumbersCountPerTill(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	require.Equal(t, receipt("T1", 1), t1.sell(water).ReceiptNo)
	require.Equal(t, receipt("T1", 2), t1.sell(water).ReceiptNo)
	require.Equal(t, receipt("T2", 1), t2.sell(water).ReceiptNo)
	void := t1.scan(t1.open(), water)
	require.Equal(t, "VOIDED", ok[basket](t, 200, t1.post(path(void, "/void"), nil)).Status)
	require.Equal(t, receipt("T1", 3), t1.sell(water).ReceiptNo, "a void takes no number")
	requireInvariants(t, s)
}

// The reduced VAT rate ends with 2026: the business date decides, not the scan.
func TestTheVATRateChangesAtMidnight(t *testing.T) {
	s := openShop(t)
	s.at("2026-12-31T23:59:59.999999+07:00")
	t1 := s.till("T1")
	old := t1.sell(water, beer)
	require.Equal(t, "2026-12-31", old.BusinessDate)
	require.Equal(t, []taxLine{{"EXCISE", 1000, 12_727, 1_273}, {"STANDARD", 800, 5_556, 444}}, old.Totals.TaxLines)
	b := t1.scan(t1.open(), water)
	require.Equal(t, int64(444), b.Totals.Tax, "an open basket shows today's rate")

	s.at("2027-01-01T00:00:00+07:00")
	require.Equal(t, int64(545), t1.read(b).Totals.Tax)
	t1.cash(b, 6_000, 6_000)
	before := s.head()
	fresh := t1.finalize(b)
	require.Equal(t, "2027-01-01", fresh.BusinessDate)
	require.Equal(t, []taxLine{{"STANDARD", 1000, 5_455, 545}}, fresh.Totals.TaxLines)
	events := s.events(before)
	require.Equal(t, int32(1000), payload[wire.SaleRecorded](s, events[0]).Lines[0].RateBP)
	require.Equal(t, "2027-01-01", events[0].BusinessDate)
	require.Equal(t, old.Totals, t1.read(old).Totals, "an old receipt keeps its tax")
}

func TestExemptAndZeroRatedGoodsCarryNoTax(t *testing.T) {
	s := openShop(t)
	paid := s.till("T1").sell(salt, rice, water)
	require.Equal(t, []taxLine{{"EXEMPT", 0, 5_000, 0}, {"STANDARD", 800, 5_556, 444}, {"ZERO", 0, 20_000, 0}}, paid.Totals.TaxLines)
	require.Equal(t, int64(444), paid.Totals.Tax)
	require.Equal(t, int64(-1_000), s.onHand("GAO-0001"), "rice was never counted, and is sold all the same")
}

func TestVoid(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	before := s.head()
	cash := t1.cash(b, 2_000, 5_000)
	qr := t1.qr(b, 4_000)
	voided := ok[basket](t, 200, t1.post(path(b, "/void"), nil))
	require.Equal(t, "VOIDED", voided.Status)
	require.Equal(t, "CANCELLED", ok[payment](t, 200, t1.get("/v1/payments/"+cash.ID)).Status, "cash is given back")
	require.Equal(t, "CANCELLED", ok[payment](t, 200, t1.get("/v1/payments/"+qr.ID)).Status)
	require.Equal(t, voided, ok[basket](t, 200, t1.post(path(b, "/void"), nil)), "twice is no mistake")
	for _, call := range []answer{t1.post(path(b, "/finalize"), nil), t1.post(path(b, "/items"), object{"barcode": water}),
		t1.post(path(b, "/payments"), object{"method": "CASH", "amount": 1}), t1.call("DELETE", path(b, "/items/1"), nil)} {
		refused(t, call, 409, "transaction_voided")
	}
	require.Len(t, s.events(before), 1, "a voided basket is one event, however often it is voided")

	paid := t1.sell(water)
	refused(t, t1.post(path(paid, "/void"), nil), 409, "transaction_paid")
	for _, outcome := range []string{"CAPTURED", "UNKNOWN"} {
		b := t1.scan(t1.open(), water)
		t1.simulate(t1.qr(b, 6_000), outcome)
		refused(t, t1.post(path(b, "/void"), nil), 409, "payment_captured")
		require.Equal(t, "DRAFT", t1.read(b).Status)
	}
	requireInvariants(t, s)
}

func TestTheLinesFreezeWhileAPaymentExists(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	p := t1.cash(b, 1_000, 1_000)
	for _, call := range []answer{t1.post(path(b, "/items"), object{"barcode": water}), t1.call("DELETE", path(b, "/items/1"), nil),
		t1.call("PATCH", path(b, "/items/1"), object{"quantity": "2"})} {
		refused(t, call, 409, "payments_exist")
	}
	require.Equal(t, "CANCELLED", ok[payment](t, 200, t1.post("/v1/payments/"+p.ID+"/cancel", nil)).Status)
	require.Equal(t, "CANCELLED", ok[payment](t, 200, t1.post("/v1/payments/"+p.ID+"/cancel", nil)).Status, "twice is no mistake")
	b = t1.scan(b, beer)
	require.Equal(t, int64(20_000), b.Totals.Due)
	paid := t1.cash(b, 20_000, 20_000)
	t1.finalize(b)
	refused(t, t1.post("/v1/payments/"+paid.ID+"/cancel", nil), 409, "transaction_paid")
	requireInvariants(t, s)
}

func TestTheSameIDAgainIsTheSameThing(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	id := newID()
	body := object{"id": id, "terminal_id": "T1", "cashier_id": "C1"}
	b := ok[basket](t, 201, t1.post("/v1/transactions", body))
	require.Equal(t, id, b.ID)
	b = t1.scan(b, water)
	require.Equal(t, b, ok[basket](t, 200, t1.post("/v1/transactions", body)))
	refused(t, t2.post("/v1/transactions", object{"id": id, "terminal_id": "T2", "cashier_id": "C1"}), 409, "transaction_id_conflict")

	pay := object{"id": newID(), "method": "CASH", "amount": 6_000, "tendered": 10_000}
	p := ok[payment](t, 201, t1.post(path(b, "/payments"), pay))
	require.Equal(t, p, ok[payment](t, 200, t1.post(path(b, "/payments"), pay)))
	for name, other := range map[string]any{"amount": 5_000, "tendered": 20_000, "method": "QR"} {
		changed := object{"id": p.ID, "method": "CASH", "amount": 6_000, "tendered": 10_000}
		changed[name] = other
		if name == "method" {
			delete(changed, "tendered")
		}
		refused(t, t1.post(path(b, "/payments"), changed), 409, "payment_id_conflict")
	}
	elsewhere := t1.scan(t1.open(), water)
	refused(t, t1.post(path(elsewhere, "/payments"), pay), 409, "payment_id_conflict")
	t1.finalize(b)
	require.Equal(t, p, ok[payment](t, 200, t1.post(path(b, "/payments"), pay)), "a late retry still finds its payment")
	require.Equal(t, "PAID", ok[basket](t, 200, t1.post("/v1/transactions", body)).Status)
	requireInvariants(t, s)
}
