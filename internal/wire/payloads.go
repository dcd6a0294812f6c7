package wire

import (
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sale"
)

// The event types, each with the payload type of the same name.
const (
	TypeSaleRecorded      = "SaleRecorded"
	TypeInventoryAdjusted = "InventoryAdjusted"
	TypePaymentCaptured   = "PaymentCaptured"
	TypeBasketVoided      = "BasketVoided"
)

// Reasons of an InventoryAdjusted.
const (
	ReasonSale    = "SALE"    // the reference is the transaction's id
	ReasonOpening = "OPENING" // the reference is the load's id
)

// SaleRecorded says that a transaction was paid. Its aggregate is the
// transaction. Fields are only ever added.
type SaleRecorded struct {
	TransactionID uuid.UUID  `json:"transaction_id"`
	ReceiptNo     string     `json:"receipt_no"`
	Currency      string     `json:"currency"`
	ShiftID       *uuid.UUID `json:"shift_id,omitempty"`
	OpenedBy      string     `json:"opened_by,omitempty"` // absent in events of older edges
	CreatedAt     time.Time  `json:"created_at"`
	FinalizedAt   time.Time  `json:"finalized_at"`
	Lines         []SaleLine `json:"lines"`
	Totals        SaleTotals `json:"totals"`
	TaxLines      []TaxLine  `json:"tax_lines"`
	Overrides     []Override `json:"overrides,omitempty"` // of these lines
}

// The kinds of an Override.
const (
	OverrideDiscount = "DISCOUNT" // before and after are the line's discount
	OverridePrice    = "PRICE"    // before and after are the line's unit price
)

// Override is a change of a line's discount or price by a person. They stand
// in the order in which they happened: the before of one is the after of the one
// before it, of the same line and kind. Amounts are in minor units.
type Override struct {
	LineNo     int32        `json:"line_no"`
	Kind       string       `json:"kind"`
	Before     money.Amount `json:"before"`
	After      money.Amount `json:"after"`
	Reason     string       `json:"reason"`
	CashierID  string       `json:"cashier_id"`
	ApprovedBy string       `json:"approved_by,omitempty"` // whose PIN stood for it
	At         time.Time    `json:"at"`
}

// SaleLine is one line of a sale that was not removed. Money is in minor units
// and includes tax; amount = gross − discount.
type SaleLine struct {
	LineNo    int32         `json:"line_no"`
	ItemID    uuid.UUID     `json:"item_id"`
	SKU       string        `json:"sku"`
	Name      string        `json:"name"`
	Unit      string        `json:"unit"`
	Category  string        `json:"category"`
	Barcode   string        `json:"barcode,omitempty"`
	Quantity  sale.Quantity `json:"quantity"`
	UnitPrice money.Amount  `json:"unit_price"`
	Gross     money.Amount  `json:"gross"`
	Discount  money.Amount  `json:"discount"`
	Amount    money.Amount  `json:"amount"`
	TaxCode   string        `json:"tax_code"`
	RateBP    int32         `json:"rate_bp"` // basis points: 800 is 8 %
}

// SaleTotals are a sale's sums in minor units: total = gross − discount =
// subtotal + tax = paid.
type SaleTotals struct {
	Gross    money.Amount `json:"gross"`
	Discount money.Amount `json:"discount"`
	Subtotal money.Amount `json:"subtotal"`
	Tax      money.Amount `json:"tax"`
	Total    money.Amount `json:"total"`
	Paid     money.Amount `json:"paid"`
	Change   money.Amount `json:"change"`
}

// TaxLine is the tax of all lines with one code and rate; base + tax is what
// they cost.
type TaxLine struct {
	TaxCode string       `json:"tax_code"`
	RateBP  int32        `json:"rate_bp"`
	Base    money.Amount `json:"base"`
	Tax     money.Amount `json:"tax"`
}

// InventoryAdjusted moves stock. HQ's stock is the sum of the movements.
type InventoryAdjusted struct {
	Reason    string     `json:"reason"`
	Reference uuid.UUID  `json:"reference"`
	Movements []Movement `json:"movements"`
}

// Movement is one item's change, in thousandths behind the decimal string.
// BalanceAfter is what the edge had afterwards: compared by HQ, never assigned.
type Movement struct {
	ItemID       uuid.UUID     `json:"item_id"`
	SKU          string        `json:"sku"`
	Name         string        `json:"name"`
	Quantity     sale.Quantity `json:"quantity"`
	BalanceAfter sale.Quantity `json:"balance_after"`
}

// PaymentCaptured says that money was received for a transaction. For CASH it
// is written when the sale is finalized; for a QR when it is captured, so HQ may
// see it before its sale.
type PaymentCaptured struct {
	PaymentID     uuid.UUID    `json:"payment_id"`
	TransactionID uuid.UUID    `json:"transaction_id"`
	Method        string       `json:"method"`
	Provider      string       `json:"provider,omitempty"`
	Reference     string       `json:"reference,omitempty"`
	Amount        money.Amount `json:"amount"` // what it applies to the sale
	Tendered      money.Amount `json:"tendered"`
	Change        money.Amount `json:"change"` // tendered − amount
	CapturedAt    time.Time    `json:"captured_at"`
}

// BasketVoided says that a basket was given up before it was paid. Its aggregate
// is the transaction. Nothing was sold and no stock moved; the event tells what
// was in it and who gave it up, so that somebody can look.
type BasketVoided struct {
	TransactionID uuid.UUID          `json:"transaction_id"`
	OpenedBy      string             `json:"opened_by"`
	Currency      string             `json:"currency"`
	CreatedAt     time.Time          `json:"created_at"`
	VoidedAt      time.Time          `json:"voided_at"`
	Reason        string             `json:"reason,omitempty"`
	ApprovedBy    string             `json:"approved_by,omitempty"` // whose PIN stood for it
	Lines         []BasketLine       `json:"lines"`
	Removed       []BasketLine       `json:"removed"` // lines that were struck out before
	Overrides     []Override         `json:"overrides"`
	Payments      []CancelledPayment `json:"payments"`
	Total         money.Amount       `json:"total"` // Σ amounts of the lines: what it would have cost
}

// BasketLine is a SaleLine without a tax rate: that is fixed by a sale only.
type BasketLine struct {
	LineNo    int32         `json:"line_no"`
	ItemID    uuid.UUID     `json:"item_id"`
	SKU       string        `json:"sku"`
	Name      string        `json:"name"`
	Unit      string        `json:"unit"`
	Category  string        `json:"category"`
	Barcode   string        `json:"barcode,omitempty"`
	Quantity  sale.Quantity `json:"quantity"`
	UnitPrice money.Amount  `json:"unit_price"`
	Gross     money.Amount  `json:"gross"`
	Discount  money.Amount  `json:"discount"`
	Amount    money.Amount  `json:"amount"`
	TaxCode   string        `json:"tax_code"`
	RemovedAt *time.Time    `json:"removed_at,omitempty"` // of a removed line, and of no other
	RemovedBy string        `json:"removed_by,omitempty"` // likewise; absent in events of older edges
}

// CancelledPayment is a payment that the void cancelled: cash that was given
// back, or a PENDING payment that was given up.
type CancelledPayment struct {
	PaymentID uuid.UUID    `json:"payment_id"`
	Method    string       `json:"method"`
	Amount    money.Amount `json:"amount"`
}
