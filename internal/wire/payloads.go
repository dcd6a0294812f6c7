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
	CreatedAt     time.Time  `json:"created_at"`
	FinalizedAt   time.Time  `json:"finalized_at"`
	Lines         []SaleLine `json:"lines"`
	Totals        SaleTotals `json:"totals"`
	TaxLines      []TaxLine  `json:"tax_lines"`
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
