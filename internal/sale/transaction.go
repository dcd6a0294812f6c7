package sale

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/money"
)

// Status is a transaction's state.
type Status string

// The states of a transaction; PAID and VOIDED are final.
const (
	Draft     Status = "DRAFT"
	Suspended Status = "SUSPENDED"
	Paid      Status = "PAID"
	Voided    Status = "VOIDED"
)

// Limits of a basket.
const (
	MaxLines        = 500       // removed lines not counted
	MaxPayloadBytes = 200 << 10 // of the SaleRecorded it would become; more is refused at the scan, never at finalize
	MaxRecordBytes  = 500 << 10 // the same with the removed lines, which BasketVoided tells of
)

// Transaction is a basket and, once PAID, a sale.
type Transaction struct {
	ID           uuid.UUID  `json:"id"`
	StoreID      string     `json:"store_id"`
	TerminalID   string     `json:"terminal_id"` // that holds the basket; once PAID, that finalized it
	CashierID    string     `json:"cashier_id"`  // who acts on it now: who opened, resumed or finalized it last
	OpenedBy     string     `json:"opened_by"`   // who opened it, for ever: whose basket it is
	ShiftID      *uuid.UUID `json:"shift_id,omitempty"`
	Status       Status     `json:"status"`
	Currency     string     `json:"currency"`
	Lines        []Line     `json:"lines"`    // by line_no, removed ones among them
	Payments     []Payment  `json:"payments"` // by time
	ReceiptNo    string     `json:"receipt_no,omitempty"`
	BusinessDate string     `json:"business_date,omitempty"` // YYYY-MM-DD in shop time, once PAID
	CreatedAt    time.Time  `json:"created_at"`
	FinalizedAt  *time.Time `json:"finalized_at,omitempty"`
	Version      int32      `json:"version"` // grows with every change
	LastLineNo   int32      `json:"-"`       // the highest line_no ever given; never reused
	ResumedAt    *time.Time `json:"-"`       // when a terminal made it its own last; nil: the one that opened it has it
	Overrides    []Override `json:"-"`       // in the order in which they happened
}

// Line is one scan. Money is in minor units and includes tax.
type Line struct {
	LineNo        int32        `json:"line_no"`
	ItemID        uuid.UUID    `json:"item_id"`
	SKU           string       `json:"sku"`
	Name          string       `json:"name"`
	Unit          string       `json:"unit"`
	Category      string       `json:"category"`
	Barcode       string       `json:"barcode,omitempty"` // as scanned
	AgeRestricted bool         `json:"age_restricted"`
	Quantity      Quantity     `json:"quantity"`
	UnitPrice     money.Amount `json:"unit_price"` // frozen at the scan, unless a person overrode it
	Gross         money.Amount `json:"gross"`      // round-half-up(unit price × quantity)
	Discount      money.Amount `json:"discount"`   // 0 … gross
	Amount        money.Amount `json:"amount"`     // gross − discount

	DiscountReason string        `json:"discount_reason,omitempty"`
	ListPrice      *money.Amount `json:"list_price,omitempty"` // the catalogue's at the scan; only of a line whose price was overridden
	PriceReason    string        `json:"price_reason,omitempty"`

	TaxCode   string     `json:"tax_code"`
	AddedAt   time.Time  `json:"added_at"`
	RemovedAt *time.Time `json:"removed_at,omitempty"`
	ChangedBy string     `json:"-"` // who changed its quantity or removed it last; empty: nobody
}

// Item is what the catalogue knows of an item when it is scanned.
type Item struct {
	ID            uuid.UUID
	SKU, Name     string
	Unit          string
	Category      string
	TaxCode       string
	Price         money.Amount
	AgeRestricted bool
}

// Live are the lines that were not removed.
func (t *Transaction) Live() []Line {
	live := make([]Line, 0, len(t.Lines))
	for _, l := range t.Lines {
		if l.RemovedAt == nil {
			live = append(live, l)
		}
	}
	return live
}

// Total is what the customer owes: Σ amounts of the lines not removed.
func (t *Transaction) Total() money.Amount {
	var total money.Amount
	for i := range t.Lines {
		if t.Lines[i].RemovedAt == nil {
			total += t.Lines[i].Amount
		}
	}
	return total
}

// AddItem appends a line for quantity of item. The same item again is a new
// line: what was scanned is what the customer sees.
func (t *Transaction) AddItem(item Item, barcode string, quantity Quantity, now time.Time) (*Line, error) {
	if err := t.linesMayChange(); err != nil {
		return nil, err
	}
	if err := positive(quantity); err != nil {
		return nil, err
	}
	line := Line{
		LineNo: t.LastLineNo + 1, ItemID: item.ID, SKU: item.SKU, Name: item.Name, Unit: item.Unit, Category: item.Category,
		Barcode: barcode, AgeRestricted: item.AgeRestricted, Quantity: quantity, UnitPrice: item.Price, TaxCode: item.TaxCode, AddedAt: now,
	}
	line.reprice()
	if err := t.roomFor(&line); err != nil {
		return nil, err
	}
	t.LastLineNo = line.LineNo
	t.Lines = append(t.Lines, line)
	t.Version++
	return &t.Lines[len(t.Lines)-1], nil
}

// ChangeQuantity sets a line's quantity; the scanned price stays. What a person
// said about a line's price they said about so many of it, so a line with a
// discount or another price keeps its quantity: line_overridden (409).
func (t *Transaction) ChangeQuantity(lineNo int32, quantity Quantity) (*Line, error) {
	line, err := t.changeable(lineNo)
	if err != nil {
		return nil, err
	}
	if err := positive(quantity); err != nil {
		return nil, err
	}
	if line.overridden() {
		return nil, fault.New(fault.Conflict, "line_overridden", "the price of line %d was changed for %s of it", lineNo, line.Quantity).
			Advise("scan the rest as a line of its own, or have the discount or price taken off first")
	}
	if err := t.affordable(quantity.Times(line.UnitPrice)-line.Gross, "quantity"); err != nil {
		return nil, err
	}
	line.Quantity = quantity
	line.reprice()
	t.Version++
	return line, nil
}

// RemoveLine strikes a line out; it stays on record with the time.
func (t *Transaction) RemoveLine(lineNo int32, now time.Time) (*Line, error) {
	line, err := t.changeable(lineNo)
	if err != nil {
		return nil, err
	}
	line.RemovedAt = &now
	t.Version++
	return line, nil
}

func (l *Line) reprice() {
	l.Gross = l.Quantity.Times(l.UnitPrice)
	l.Amount = l.Gross - l.Discount
}

func positive(q Quantity) error {
	if q <= 0 || q > MaxQuantity {
		return fault.New(fault.Invalid, "quantity_invalid", "a quantity is more than 0 and at most %s", MaxQuantity).
			At("quantity").Advise("to take an item off, delete its line")
	}
	return nil
}

// roomFor refuses what would make the basket's event too large. Finalize and void
// never refuse for size, so the scan must.
func (t *Transaction) roomFor(line *Line) error {
	live, bytes := 1, line.payloadBytes()
	record := bytes
	for i := range t.Lines {
		size := t.Lines[i].payloadBytes()
		record += size
		if t.Lines[i].RemovedAt == nil {
			live++
			bytes += size
		}
	}
	if live > MaxLines || bytes > MaxPayloadBytes || record > MaxRecordBytes {
		return fault.New(fault.Invalid, "basket_too_large", "this basket is full with %d lines", live-1).
			Advise("pay this one and open another")
	}
	return t.affordable(line.Amount, "quantity")
}

// affordable refuses what would push the total beyond any amount that could be
// paid, long before a sum could overflow. field is what the caller changes.
func (t *Transaction) affordable(more money.Amount, field string) error {
	if t.Total()+more > money.Max {
		return fault.New(fault.Invalid, "amount_too_large", "the total would be more than %s", money.Max).At(field).
			Advise("check the %s", strings.ReplaceAll(field, "_", " "))
	}
	return nil
}

// lineShape is a line of SaleRecorded without its values, in JSON.
const lineShape = `{"line_no":,"item_id":"","sku":"","name":"","unit":"","category":"","barcode":"","quantity":"","unit_price":,` +
	`"gross":,"discount":,"amount":,"tax_code":"","rate_bp":},`

// payloadBytes is what the line adds to SaleRecorded: the JSON's own shape, its
// numbers, and its texts, in which quotes and backslashes are escaped. Control
// characters do not get into the catalogue. A removed line adds to BasketVoided
// when it was removed, and by whom.
func (l *Line) payloadBytes() int {
	const uuidDigits, rateDigits, removed = 36, 5, len(`"removed_at":"2006-01-02T15:04:05.999999Z","removed_by":"0123456789abcdef",`)
	bytes := len(lineShape) + uuidDigits + rateDigits + len(l.Quantity.String())
	if l.RemovedAt != nil {
		bytes += removed
	}
	for _, n := range []int64{int64(l.LineNo), int64(l.UnitPrice), int64(l.Gross), int64(l.Discount), int64(l.Amount)} {
		bytes += len(strconv.FormatInt(n, 10))
	}
	for _, text := range []string{l.SKU, l.Name, l.Unit, l.Category, l.Barcode, l.TaxCode} {
		bytes += len(text) + strings.Count(text, `"`) + strings.Count(text, `\`)
	}
	return bytes
}

func (t *Transaction) changeable(lineNo int32) (*Line, error) {
	if err := t.linesMayChange(); err != nil {
		return nil, err
	}
	for i := range t.Lines {
		if t.Lines[i].LineNo == lineNo && t.Lines[i].RemovedAt == nil {
			return &t.Lines[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "line_not_found", "there is no line %d in this basket", lineNo).At("line_no")
}
