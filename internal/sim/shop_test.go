package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// shop is a store's log in memory, with what HQ holds of it, what is on the
// shelf, and what the cashiers saw.
type shop struct {
	t       testing.TB
	edge    []wire.Event
	hq      []HQEvent
	stock   map[uuid.UUID]sale.Quantity
	ledger  *Ledger
	number  map[string]int
	baskets map[uuid.UUID]*Basket // as the edge shows them

	unlisted string // the sku of an item whose stock is not listed
}

var (
	cola = Item{ItemID: uuid.Must(uuid.FromString("00000000-0000-5000-8000-000000000001")), SKU: "COLA", Name: "Cô-la", Unit: "lon", Barcodes: []string{"8935049501503"}, Price: 10_900}
	rice = Item{ItemID: uuid.Must(uuid.FromString("00000000-0000-5000-8000-000000000002")), SKU: "GAO", Name: "Gạo", Unit: "kg", Price: 21_500}
)

// newShop is a shop in which all is well: stock was opened, and two tills sold,
// for cash with change, by QR, and by both.
func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, stock: map[uuid.UUID]sale.Quantity{}, ledger: NewLedger(), number: map[string]int{}, baskets: map[uuid.UUID]*Basket{}}
	load := newID()
	s.append(wire.TypeInventoryAdjusted, load, "", wire.InventoryAdjusted{Reason: wire.ReasonOpening, Reference: load, Movements: []wire.Movement{
		s.move(cola, 48_000), s.move(rice, 20_000)}})
	s.sell("T1", CashNotes, sale.One)
	s.sell("T2", ByQR, 3*sale.One)
	s.sell("T1", CashAndQR, 2*sale.One)
	s.sell("T1", CashExact, sale.One)
	s.mirror()
	return s
}

func (s *shop) move(item Item, q sale.Quantity) wire.Movement {
	s.stock[item.ItemID] += q
	return wire.Movement{ItemID: item.ItemID, SKU: item.SKU, Name: item.Name, Quantity: q, BalanceAfter: s.stock[item.ItemID]}
}

// sell writes the events of one sale of colas and 355 g of rice, in the edge's order.
func (s *shop) sell(terminal string, way Way, colas sale.Quantity) {
	s.t.Helper()
	id := newID()
	s.number[terminal]++
	sold := wire.SaleRecorded{TransactionID: id, ReceiptNo: fmt.Sprintf("S1-%s-%07d", terminal, s.number[terminal]), Currency: "VND"}
	for i, l := range []struct {
		item Item
		q    sale.Quantity
		code string
		rate int32
	}{{cola, colas, "STANDARD", 800}, {rice, 355, "REDUCED_5", 500}} {
		gross := l.q.Times(l.item.Price)
		base, tax := money.TaxIncluded(gross, l.rate)
		sold.Lines = append(sold.Lines, wire.SaleLine{LineNo: int32(i) + 1, ItemID: l.item.ItemID, SKU: l.item.SKU, Quantity: l.q,
			UnitPrice: l.item.Price, Gross: gross, Amount: gross, TaxCode: l.code, RateBP: l.rate})
		sold.TaxLines = append(sold.TaxLines, wire.TaxLine{TaxCode: l.code, RateBP: l.rate, Base: base, Tax: tax})
		sold.Totals.Gross += gross
		sold.Totals.Tax += tax
	}
	total := sold.Totals.Gross
	sold.Totals.Total, sold.Totals.Paid, sold.Totals.Subtotal = total, total, total-sold.Totals.Tax
	var cash []wire.PaymentCaptured
	for _, tender := range (Visit{Way: way, Note: 50_000, Share: 400}).tenders(total) {
		p := wire.PaymentCaptured{PaymentID: tender.ID, TransactionID: id, Method: string(tender.Method), Amount: tender.Amount,
			Tendered: max(tender.Tendered, tender.Amount)}
		p.Change = p.Tendered - p.Amount
		sold.Totals.Change += p.Change
		if tender.Method == sale.QR {
			s.append(wire.TypePaymentCaptured, id, terminal, p)
		} else {
			cash = append(cash, p)
		}
	}
	s.append(wire.TypeSaleRecorded, id, terminal, sold)
	s.append(wire.TypeInventoryAdjusted, id, terminal, wire.InventoryAdjusted{Reason: wire.ReasonSale, Reference: id,
		Movements: []wire.Movement{s.move(cola, -colas), s.move(rice, -355)}})
	for _, p := range cash {
		s.append(wire.TypePaymentCaptured, id, terminal, p)
	}
	basket := &Basket{Transaction: sale.Transaction{ID: id, Status: sale.Paid, ReceiptNo: sold.ReceiptNo}, Totals: Totals{Total: total}}
	for _, l := range sold.Lines {
		basket.Lines = append(basket.Lines, sale.Line{LineNo: l.LineNo, ItemID: l.ItemID, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Discount: l.Discount, Amount: l.Amount})
	}
	s.baskets[id] = basket
	s.ledger.record(terminal, Outcome{TransactionID: id, Basket: basket, CashierID: "C1"}, nil)
}

// giveUp writes the event of a basket of two colas, one of them cheaper, and a
// bag of rice with a discount that was struck out; somebody else approved.
func (s *shop) giveUp(terminal string) uuid.UUID {
	s.t.Helper()
	id, at := newID(), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	override := func(line int32, kind string, before, after money.Amount) wire.Override {
		return wire.Override{LineNo: line, Kind: kind, Before: before, After: after, Reason: "hộp bị móp", CashierID: "C1", ApprovedBy: "M1", At: at}
	}
	line := func(no int32, item Item, q sale.Quantity, unit, discount money.Amount) wire.BasketLine {
		return wire.BasketLine{LineNo: no, ItemID: item.ItemID, SKU: item.SKU, Quantity: q, UnitPrice: unit, Gross: q.Times(unit), Discount: discount, Amount: q.Times(unit) - discount}
	}
	v := wire.BasketVoided{TransactionID: id, OpenedBy: "C2", Reason: "khách bỏ về", ApprovedBy: "M1", CreatedAt: at, VoidedAt: at,
		Lines:   []wire.BasketLine{line(1, cola, sale.One, 10_900, 900), line(2, cola, sale.One, 8_000, 0)},
		Removed: []wire.BasketLine{line(3, rice, 355, 21_500, 633)},
		Overrides: []wire.Override{override(1, wire.OverrideDiscount, 0, 500), override(2, wire.OverridePrice, 10_900, 8_000),
			override(3, wire.OverrideDiscount, 0, 633), override(1, wire.OverrideDiscount, 500, 900)},
		Total: 18_000}
	v.Removed[0].RemovedAt = &at
	s.append(wire.TypeBasketVoided, id, terminal, v)
	basket := &Basket{Transaction: sale.Transaction{ID: id, Status: sale.Voided}, Totals: Totals{Total: v.Total}}
	for _, l := range slices.Concat(v.Lines, v.Removed) {
		basket.Lines = append(basket.Lines, sale.Line{LineNo: l.LineNo, ItemID: l.ItemID, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Discount: l.Discount, Amount: l.Amount, RemovedAt: l.RemovedAt})
	}
	s.baskets[id] = basket
	s.ledger.record(terminal, Outcome{TransactionID: id, Basket: basket}, nil)
	return id
}

// favour rewrites the n-th sale, as if its first line had got a discount of its
// own and the cashiers had seen it: everything still adds up.
func (s *shop) favour(n int, discount money.Amount) {
	s.t.Helper()
	var id uuid.UUID
	rewrite(s, s.nth(wire.TypeSaleRecorded, n), func(p *wire.SaleRecorded) {
		id = p.TransactionID
		p.Overrides = []wire.Override{{LineNo: 1, Kind: wire.OverrideDiscount, After: discount, Reason: "hộp bị móp", CashierID: "C1", ApprovedBy: "M1"}}
		p.Lines[0].Discount, p.Lines[0].Amount = discount, p.Lines[0].Gross-discount
		base, tax := money.TaxIncluded(p.Lines[0].Amount, p.Lines[0].RateBP)
		p.TaxLines[0].Base, p.TaxLines[0].Tax = base, tax
		p.Totals.Discount, p.Totals.Total, p.Totals.Paid = discount, p.Totals.Total-discount, p.Totals.Paid-discount
		p.Totals.Tax = p.TaxLines[0].Tax + p.TaxLines[1].Tax
		p.Totals.Subtotal = p.Totals.Total - p.Totals.Tax
		s.baskets[id].Lines[0].Discount, s.baskets[id].Lines[0].Amount = discount, p.Lines[0].Amount
		s.baskets[id].Totals.Total = p.Totals.Total
	})
	for i := range s.edge {
		if s.edge[i].Type == wire.TypePaymentCaptured && s.edge[i].AggregateID == id {
			rewrite(s, i, func(p *wire.PaymentCaptured) { p.Amount -= discount; p.Tendered -= discount })
			break
		}
	}
	for i := range s.ledger.sales {
		if s.ledger.sales[i].TransactionID == id {
			s.ledger.sales[i].Total -= discount
			s.ledger.sales[i].ApprovedBy = "M1"
		}
	}
}

func (s *shop) append(eventType string, aggregate uuid.UUID, terminal string, payload any) {
	s.t.Helper()
	text, err := wire.EncodePayload(payload)
	require.NoError(s.t, err)
	s.edge = append(s.edge, wire.Event{StoreID: "S1", Epoch: 1, ID: int64(len(s.edge)) + 1, EventID: newID(), AggregateID: aggregate,
		Type: eventType, Version: 1, OccurredAt: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), TerminalID: terminal, CashierID: "C1",
		BusinessDate: "2026-11-22", Payload: text})
	s.rechain()
}

// rechain makes the hashes follow from the content again, as an edge with a bug
// would have written it: what is found then is not found by its hash.
func (s *shop) rechain() {
	var prev wire.Hash
	for i := range s.edge {
		s.edge[i].Hash = s.edge[i].Chain(prev)
		prev = s.edge[i].Hash
	}
}

// mirror lets HQ have exactly what the edge has.
func (s *shop) mirror() {
	s.hq = s.hq[:0]
	for _, e := range s.edge {
		s.hq = append(s.hq, HQEvent{ID: e.ID, EventID: e.EventID, Type: e.Type, Hash: e.Hash, State: stateApplied})
	}
}

// nth is the index of the n-th event of a type, from 1.
func (s *shop) nth(eventType string, n int) int {
	s.t.Helper()
	for i, e := range s.edge {
		if e.Type == eventType {
			if n--; n == 0 {
				return i
			}
		}
	}
	require.Fail(s.t, "no such event", eventType)
	return -1
}

// rewrite changes an event's payload as an edge with a bug would have written
// it: chained, and the same at HQ.
func rewrite[P any](s *shop, i int, change func(*P)) {
	s.t.Helper()
	var payload P
	require.NoError(s.t, wire.DecodePayload(s.edge[i].Payload, &payload))
	change(&payload)
	text, err := wire.EncodePayload(payload)
	require.NoError(s.t, err)
	s.edge[i].Payload = text
	s.rechain()
	s.mirror()
}

// remove takes an event out of the edge's log and closes the gap.
func (s *shop) remove(i int) {
	s.edge = slices.Delete(s.edge, i, i+1)
	for j := range s.edge {
		s.edge[j].ID = int64(j) + 1
	}
	s.rechain()
	s.mirror()
}

func (s *shop) shelf() []StockEntry {
	var list []StockEntry
	for _, item := range []Item{cola, rice} {
		if item.SKU == s.unlisted {
			continue
		}
		list = append(list, StockEntry{ItemID: item.ItemID, SKU: item.SKU, OnHand: s.stock[item.ItemID]})
	}
	return list
}

// judge is the oracle over the whole shop.
func (s *shop) judge() (*oracle, *DifferenceError) {
	o := newOracle("S1")
	for i := range s.edge {
		var hq *HQEvent
		if i < len(s.hq) {
			hq = &s.hq[i]
		}
		if d := o.next(&s.edge[i], hq); d != nil {
			return o, d
		}
	}
	if d := o.end(); d != nil {
		return o, d
	}
	if d := o.inventory(s.shelf()); d != nil {
		return o, d
	}
	return o, o.promises(s.ledger, true)
}
