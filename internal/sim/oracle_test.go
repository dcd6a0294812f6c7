package sim

import (
	"slices"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestOracleFindsNothingWhereAllIsWell(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, d := s.judge()
	require.Nil(t, d)
	f := o.figures
	require.Equal(t, int64(14), f.Events)
	require.Equal(t, s.edge[13].Hash, f.Head)
	require.Equal(t, 4, f.Sales)
	require.Equal(t, 4, f.Acked)
	require.Equal(t, 5, f.Payments)
	require.Equal(t, f.Total, f.Tendered-f.Change)
	require.Equal(t, map[string]int64{"T1": 3, "T2": 1}, f.Receipts)
	require.Zero(t, f.OpenMoney)
}

// captured lets a QR be captured for a basket that is never sold.
func (s *shop) captured() uuid.UUID {
	id := newID()
	s.append(wire.TypePaymentCaptured, id, "T1", wire.PaymentCaptured{PaymentID: newID(), TransactionID: id, Method: "QR", Amount: 5000, Tendered: 5000})
	s.mirror()
	return id
}

// Money may be in before its sale is: a QR was captured, and the basket is open.
// Where everybody has ended what they began, a till must have given up on it.
func TestOracleAllowsMoneyOfOpenBaskets(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.captured()
	o, d := s.judge()
	require.Equal(t, []any{"C", int64(15)}, []any{d.Invariant, d.ID})
	require.ErrorContains(t, d, "basket "+id.String()+", money was captured for a basket that was never sold")
	require.EqualValues(t, 5000, o.figures.OpenMoney)
	require.Nil(t, o.promises(s.ledger, false), "others sell, too")
	s.ledger.doubt(id)
	_, d = s.judge()
	require.Nil(t, d)
}

// With a complete ledger no basket is open but those that tills gave up on.
func TestOracleFindsBasketsThatStayOpen(t *testing.T) {
	t.Parallel()
	s, id := newShop(t), newID()
	o, d := s.judge()
	require.Nil(t, d)
	open := []OpenBasket{{ID: id, TerminalID: "T2", Status: sale.Suspended}}
	require.ErrorContains(t, o.stillOpen(open, s.ledger), "basket "+id.String()+", the basket is still open, and no till gave up on it — must be: PAID or VOIDED; is: SUSPENDED at T2")
	s.ledger.doubt(id)
	require.Nil(t, o.stillOpen(open, s.ledger))
}

// A basket may end without the till's seeing it, but never without an event.
func TestOracleFindsAnEndWithoutAnEvent(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	paid, doubtful := s.captured(), newID()
	o, _ := s.judge()
	require.Equal(t, []uuid.UUID{paid}, o.loose(nil), "also without the ledger")
	s.ledger.doubt(doubtful)
	s.ledger.doubt(s.ledger.sales[0].TransactionID)
	require.Equal(t, []uuid.UUID{paid, doubtful}, o.loose(s.ledger))
	for status, ended := range map[sale.Status]bool{sale.Draft: false, sale.Suspended: false, "": false, sale.Voided: true, sale.Paid: true} {
		b := &Basket{Transaction: sale.Transaction{ID: paid, Status: status}}
		require.Equal(t, ended, o.notEnded(paid, b) != nil, status)
	}
}

// Each plant breaks one thing. Where the edge itself is wrong, the chain is
// made anew and HQ has the same, so that only the rule in question can find it.
func TestOracleNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plant     func(*shop)
		invariant string
		id        int64  // 0: about no single event
		says      string // part of the text
	}{
		"HQ lacks an event":       {func(s *shop) { s.hq = slices.Delete(s.hq, 5, 6) }, "edge=HQ", 6, "must be: id 6; is: id 7"},
		"HQ lacks the tail":       {func(s *shop) { s.hq = s.hq[:9] }, "edge=HQ", 10, "HQ does not have the event"},
		"HQ has one twice":        {func(s *shop) { s.hq = slices.Insert(s.hq, 3, s.hq[2]) }, "edge=HQ", 4, "must be: id 4; is: id 3"},
		"HQ has another hash":     {func(s *shop) { s.hq[4].Hash[0] ^= 1 }, "edge=HQ", 5, "HQ has another event"},
		"HQ has another event_id": {func(s *shop) { s.hq[4].EventID = newID() }, "edge=HQ", 5, "HQ has another event"},
		"HQ has another type":     {func(s *shop) { s.hq[4].Type = "BasketVoided" }, "edge=HQ", 5, "HQ has another event"},
		"HQ set an event aside":   {func(s *shop) { s.hq[4].State = "QUARANTINED" }, "A", 5, "must be: APPLIED; is: QUARANTINED"},
		"HQ lets an event wait":   {func(s *shop) { s.hq[4].State = "WAITING" }, "A", 5, "must be: APPLIED; is: WAITING"},

		"an event is missing at the edge": {func(s *shop) { s.edge = slices.Delete(s.edge, 5, 6) }, "D", 6, "must be: id 6; is: id 7"},
		"a payload was altered": {func(s *shop) {
			e := &s.edge[1]
			e.Payload = e.Payload[:len(e.Payload)-1] + " }"
		}, "D", 2, "the hash chain does not verify"},
		"an envelope was altered": {func(s *shop) { s.edge[2].TerminalID = "T9" }, "D", 3, "the hash chain does not verify"},
		"the past was altered": {func(s *shop) {
			s.edge[0].CashierID = "X"
			s.edge[0].Hash = s.edge[0].Chain(wire.Hash{})
			s.hq[0].Hash = s.edge[0].Hash
		}, "D", 2, "the hash chain"},
		"an event of another store": {func(s *shop) { s.edge[3].StoreID = "S2"; s.rechain(); s.mirror() }, "D", 4, "another store's"},
		"an event_id twice":         {func(s *shop) { s.edge[5].EventID = s.edge[4].EventID; s.rechain(); s.mirror() }, "D", 6, "that of event 5"},

		"a receipt number twice": {func(s *shop) {
			rewrite(s, s.nth(wire.TypeSaleRecorded, 3), func(p *wire.SaleRecorded) { p.ReceiptNo = "S1-T1-0000001" })
		}, "D", 9, "the receipt number was given twice"},
		"a receipt number is missing": {func(s *shop) {
			rewrite(s, s.nth(wire.TypeSaleRecorded, 3), func(p *wire.SaleRecorded) { p.ReceiptNo = "S1-T1-0000003" })
		}, "D", 9, "must be: S1-T1-0000002; is: S1-T1-0000003"},
		"a receipt of another till": {func(s *shop) {
			rewrite(s, s.nth(wire.TypeSaleRecorded, 3), func(p *wire.SaleRecorded) { p.ReceiptNo = "S1-T2-0000002" })
		}, "D", 9, "must be: S1-T1-0000002"},
		"a receipt with a sign": {func(s *shop) {
			rewrite(s, s.nth(wire.TypeSaleRecorded, 3), func(p *wire.SaleRecorded) { p.ReceiptNo = "S1-T1-+000002" })
		}, "D", 9, "must be: S1-T1-0000002"},
		"a transaction sold twice": {func(s *shop) {
			var first wire.SaleRecorded
			require.NoError(s.t, wire.DecodePayload(s.edge[s.nth(wire.TypeSaleRecorded, 1)].Payload, &first))
			rewrite(s, s.nth(wire.TypeSaleRecorded, 3), func(p *wire.SaleRecorded) { p.TransactionID = first.TransactionID })
		}, "A", 9, "sold twice"},

		"a line's gross":            {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.Lines[0].Gross++ }) }, "C", 2, "line 1, gross is not unit price × quantity"},
		"a line's amount":           {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.Lines[1].Amount-- }) }, "C", 2, "line 2, amount is not gross − discount"},
		"a tax line":                {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.TaxLines[0].Tax++; p.TaxLines[0].Base-- }) }, "C", 2, "the tax of STANDARD is wrong"},
		"a lost tax line":           {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.TaxLines = p.TaxLines[:1] }) }, "C", 2, "without a tax line"},
		"a total":                   {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.Totals.Total++ }) }, "C", 2, "the totals are not the sums of the lines"},
		"a paid sum":                {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.Totals.Paid-- }) }, "C", 2, "the totals are not the sums of the lines"},
		"the change of the receipt": {func(s *shop) { rewrite(s, 1, func(p *wire.SaleRecorded) { p.Totals.Change++ }) }, "C", 2, "the change on the receipt"},
		"a payment's change":        {func(s *shop) { rewrite(s, 3, func(p *wire.PaymentCaptured) { p.Change++ }) }, "C", 4, "the change is not tendered − amount"},
		"too little money": {func(s *shop) {
			rewrite(s, 3, func(p *wire.PaymentCaptured) { p.Amount--; p.Change++ })
		}, "C", 2, "total = Σ captured = Σ tendered − Σ change does not hold"},
		"no money at all": {func(s *shop) { s.remove(3) }, "C", 2, "captured 0"},
		"a payment captured twice": {func(s *shop) {
			e := s.edge[3]
			var p wire.PaymentCaptured
			require.NoError(s.t, wire.DecodePayload(e.Payload, &p))
			s.append(e.Type, e.AggregateID, e.TerminalID, p)
			s.mirror()
		}, "A", 15, "the payment was captured twice"},

		"a balance": {func(s *shop) {
			rewrite(s, 2, func(p *wire.InventoryAdjusted) { p.Movements[0].BalanceAfter += sale.One })
		}, "C", 3, "item COLA, the balance is not the sum of the movements"},
		"more left the stock than was sold": {func(s *shop) {
			rewrite(s, 2, func(p *wire.InventoryAdjusted) {
				p.Movements[0].Quantity -= sale.One
				p.Movements[0].BalanceAfter -= sale.One
			})
		}, "C", 3, "what left the stock is not what was sold"},
		"stock taken for no sale": {func(s *shop) {
			rewrite(s, 2, func(p *wire.InventoryAdjusted) { p.Reference = newID() })
		}, "C", 3, "stock was taken for a sale that is not in the log before"},
		"stock taken twice": {func(s *shop) {
			var p wire.InventoryAdjusted
			require.NoError(s.t, wire.DecodePayload(s.edge[2].Payload, &p))
			p.Movements = []wire.Movement{s.move(cola, -sale.One), s.move(rice, -355)}
			s.append(wire.TypeInventoryAdjusted, s.edge[2].AggregateID, "T1", p)
			s.mirror()
		}, "C", 15, "took its goods off the stock twice"},
		"the last sale took no stock": {func(s *shop) { s.remove(12) }, "C", 12, "the sale took nothing off the stock"},
		"the shelf":                   {func(s *shop) { s.stock[rice.ItemID]++ }, "C", 0, "item GAO, the edge's stock is not opening + movements"},
		"a row of the shelf":          {func(s *shop) { s.unlisted = cola.SKU }, "C", 0, "item COLA, the item moved, but the edge has no stock of it"},
		"a payload that is none": {func(s *shop) {
			s.edge[1].Payload = "{"
			s.rechain()
			s.mirror()
		}, "C", 2, "its payload cannot be read"},

		"a sale that was promised is not there": {func(s *shop) {
			s.ledger.sales = append(s.ledger.sales, Acknowledged{TransactionID: newID(), TerminalID: "T1", ReceiptNo: "S1-T1-0000099", Total: 1})
		}, "A", 0, "receipt S1-T1-0000099, the cashier saw PAID, but the sale is not in the log"},
		"a sale of another total":   {func(s *shop) { s.ledger.sales[0].Total++ }, "A", 2, "not what the cashier saw"},
		"a sale at another till":    {func(s *shop) { s.ledger.sales[0].TerminalID = "T2" }, "A", 2, "at T2; is: S1-T1-0000001"},
		"a sale of another receipt": {func(s *shop) { s.ledger.sales[0].ReceiptNo = "S1-T1-0000003" }, "A", 2, "not what the cashier saw"},
		"a sale of another cashier": {func(s *shop) { s.ledger.sales[0].CashierID = "C2" }, "A", 2, `must be: "C2", approved by ""; is: "C1"`},
		"a sale that was approved":  {func(s *shop) { s.ledger.sales[0].ApprovedBy = "M1" }, "A", 2, `approved by "M1"; is: "C1", approved by ""`},
		"two receipts for one sale": {func(s *shop) { s.ledger.sales = append(s.ledger.sales, s.ledger.sales[0]) }, "A", 0, "two receipts for one transaction"},
		"a voided basket was sold":  {func(s *shop) { s.ledger.voided = append(s.ledger.voided, s.ledger.sales[1].TransactionID) }, "A", 6, "saw the basket voided"},
		"a sale of nobody":          {func(s *shop) { s.ledger.sales = s.ledger.sales[1:] }, "A", 2, "a sale that no cashier knows of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			c.plant(s)
			_, d := s.judge()
			require.NotNil(t, d, "the oracle found nothing")
			require.Equal(t, c.invariant, d.Invariant, d.Error())
			require.Equal(t, c.id, d.ID, d.Error())
			require.Contains(t, d.Error(), c.says)
			require.Equal(t, "S1", d.StoreID)
		})
	}
}

// A till that gave up does not know whether it sold: both are fine.
func TestOracleAllowsDoubt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.ledger.inDoubt = append(s.ledger.inDoubt, s.ledger.sales[0].TransactionID, newID())
	s.ledger.sales = s.ledger.sales[1:]
	_, d := s.judge()
	require.Nil(t, d)
}

func TestOracleComparesWithTheTransaction(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	o, d := s.judge()
	require.Nil(t, d)
	a := s.ledger.sales[0]
	b := s.baskets[a.TransactionID]
	require.Nil(t, o.stands(a.TransactionID, b))
	b.Lines[0].Discount++
	require.ErrorContains(t, o.stands(a.TransactionID, b), "the edge's transaction is not what its log says")
	b.Lines[0].Discount--
	b.Status = sale.Draft
	require.ErrorContains(t, o.stands(a.TransactionID, b), "the edge's transaction is not what its log says")
}
