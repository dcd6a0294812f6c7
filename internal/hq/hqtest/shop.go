// Package hqtest is a shop for HQ's tests: it writes logs as a store edge does,
// with real receipts, sums, stock and hash chain, and without a database. Tests
// then break what they want broken.
package hqtest

import (
	"fmt"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// Shop is a store's log in memory.
type Shop struct {
	ID     string
	Epoch  int64
	Events []wire.Event

	receipts map[string]int
	stock    map[uuid.UUID]sale.Quantity
	clock    time.Time
}

// NewShop returns a shop with an empty log.
func NewShop(id string) *Shop {
	return &Shop{
		ID: id, Epoch: 1, receipts: map[string]int{}, stock: map[uuid.UUID]sale.Quantity{},
		clock: time.Date(2026, 11, 22, 1, 2, 3, 456789000, time.UTC),
	}
}

// Item is something that the shop sells, VAT of 8 % included.
type Item struct {
	SKU   string
	Price money.Amount
}

// ID is the item's id, the same in every shop.
func (i Item) ID() uuid.UUID { return uuid.NewV5(uuid.NamespaceOID, i.SKU) }

// Line is a line of a sale to be.
type Line struct {
	Item     Item
	Quantity sale.Quantity
	Discount money.Amount
}

// Append adds an event with any payload to the log.
func (s *Shop) Append(eventType string, aggregate uuid.UUID, payload any) *wire.Event {
	text, err := wire.EncodePayload(payload)
	if err != nil {
		panic(err)
	}
	return s.AppendRaw(eventType, 1, aggregate, text)
}

// AppendRaw adds an event with any bytes as its payload.
func (s *Shop) AppendRaw(eventType string, version int32, aggregate uuid.UUID, payload string) *wire.Event {
	s.clock = s.clock.Add(1234567 * time.Microsecond)
	s.Events = append(s.Events, wire.Event{
		StoreID: s.ID, Epoch: s.Epoch, ID: int64(len(s.Events)) + 1,
		EventID: uuid.Must(uuid.NewV7()), AggregateID: aggregate, Type: eventType, Version: version,
		OccurredAt: s.clock, TerminalID: "T1", CashierID: "C1", BusinessDate: s.clock.Format(wire.DateLayout), Payload: payload,
	})
	s.Rehash(len(s.Events))
	return &s.Events[len(s.Events)-1]
}

// Rehash recomputes the chain from event id on, after a test has changed it.
func (s *Shop) Rehash(id int) {
	for i := id - 1; i < len(s.Events); i++ {
		s.Events[i].Hash = s.Events[i].Chain(s.HashAt(int64(i)))
	}
}

// HashAt is the hash of event id; the zero Hash for 0.
func (s *Shop) HashAt(id int64) wire.Hash {
	if id == 0 {
		return wire.Hash{}
	}
	return s.Events[id-1].Hash
}

// Head is the id of the last event.
func (s *Shop) Head() int64 { return int64(len(s.Events)) }

// Batch is the events first to last, copied, so that a test may break it.
func (s *Shop) Batch(first, last int64) *wire.Batch {
	return &wire.Batch{
		StoreID: s.ID, Epoch: s.Epoch, FirstID: first, PrevHash: s.HashAt(first - 1),
		Events: append([]wire.Event{}, s.Events[first-1:last]...),
	}
}

// All is the whole log as one batch.
func (s *Shop) All() *wire.Batch { return s.Batch(1, s.Head()) }

// Load appends OPENING stock of ten pieces of each item: one event.
func (s *Shop) Load(items ...Item) uuid.UUID {
	load := uuid.Must(uuid.NewV7())
	event := wire.InventoryAdjusted{Reason: wire.ReasonOpening, Reference: load}
	for _, item := range items {
		event.Movements = append(event.Movements, s.move(item, 10*sale.One))
	}
	s.Append(wire.TypeInventoryAdjusted, load, event)
	return load
}

// Sell appends a sale paid in cash: SaleRecorded, InventoryAdjusted and, unless
// it is for nothing, PaymentCaptured. It returns the transaction's id.
func (s *Shop) Sell(lines ...Line) uuid.UUID {
	recorded := s.Sale(lines...)
	id := recorded.TransactionID
	s.Append(wire.TypeSaleRecorded, id, recorded)
	s.Append(wire.TypeInventoryAdjusted, id, s.Moved(id, lines...))
	if recorded.Totals.Total > 0 {
		s.Append(wire.TypePaymentCaptured, id, s.Cash(recorded))
	}
	return id
}

// LastReceipt is the receipt number of the last sale.
func (s *Shop) LastReceipt() string { return fmt.Sprintf("%s-T1-%07d", s.ID, s.receipts["T1"]) }

// Sale is the payload of a sale, with the next receipt number, not appended.
func (s *Shop) Sale(lines ...Line) wire.SaleRecorded {
	s.receipts["T1"]++
	r := wire.SaleRecorded{
		TransactionID: uuid.Must(uuid.NewV7()), ReceiptNo: s.LastReceipt(),
		Currency: "VND", CreatedAt: s.clock, FinalizedAt: s.clock.Add(21 * time.Second),
	}
	for i, l := range lines {
		gross := l.Quantity.Times(l.Item.Price)
		r.Lines = append(r.Lines, wire.SaleLine{
			LineNo: int32(i) + 1, ItemID: l.Item.ID(), SKU: l.Item.SKU, Name: "Món " + l.Item.SKU, Unit: "cái", Category: "test",
			Barcode: "893" + l.Item.SKU, Quantity: l.Quantity, UnitPrice: l.Item.Price,
			Gross: gross, Discount: l.Discount, Amount: gross - l.Discount, TaxCode: "VAT_REDUCED", RateBP: 800,
		})
		r.Totals.Gross += gross
		r.Totals.Discount += l.Discount
	}
	r.Totals.Total = r.Totals.Gross - r.Totals.Discount
	base, tax := money.TaxIncluded(r.Totals.Total, 800)
	r.TaxLines = []wire.TaxLine{{TaxCode: "VAT_REDUCED", RateBP: 800, Base: base, Tax: tax}}
	r.Totals.Tax, r.Totals.Subtotal, r.Totals.Paid, r.Totals.Change = tax, base, r.Totals.Total, 1000
	return r
}

// Moved is the payload of a sale's movements, not appended; the stock goes down.
func (s *Shop) Moved(id uuid.UUID, lines ...Line) wire.InventoryAdjusted {
	event := wire.InventoryAdjusted{Reason: wire.ReasonSale, Reference: id}
	for _, l := range lines {
		event.Movements = append(event.Movements, s.move(l.Item, -l.Quantity))
	}
	return event
}

// Cash is the payload of a payment of the whole sale, with 1000 of change.
func (s *Shop) Cash(r wire.SaleRecorded) wire.PaymentCaptured {
	return wire.PaymentCaptured{
		PaymentID: uuid.Must(uuid.NewV7()), TransactionID: r.TransactionID, Method: "CASH",
		Amount: r.Totals.Total, Tendered: r.Totals.Total + 1000, Change: 1000, CapturedAt: s.clock,
	}
}

func (s *Shop) move(item Item, quantity sale.Quantity) wire.Movement {
	s.stock[item.ID()] += quantity
	return wire.Movement{
		ItemID: item.ID(), SKU: item.SKU, Name: "Món " + item.SKU, Quantity: quantity, BalanceAfter: s.stock[item.ID()],
	}
}
