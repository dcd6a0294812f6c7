package checkout

import (
	"time"

	"tiem/internal/edge/outbox"
	"tiem/internal/pricing"
	"tiem/internal/sale"
	"tiem/internal/stock"
	"tiem/internal/wire"
)

// draft is an event about this transaction, at now.
func (d *Desk) draft(s *stored, eventType string, now time.Time, payload any) (outbox.Draft, error) {
	return outbox.NewDraft(outbox.Draft{Type: eventType, AggregateID: s.t.ID, OccurredAt: now, TerminalID: s.t.TerminalID,
		CashierID: s.acting, BusinessDate: d.Day.Date(now)}, payload)
}

func (d *Desk) saleRecorded(s *stored, totals pricing.Totals, now time.Time) (outbox.Draft, error) {
	return d.draft(s, wire.TypeSaleRecorded, now, SaleRecordedOf(&s.t, totals, now))
}

// SaleRecordedOf is what the event tells of a sale. It is pure, and public so that
// tests can hold it against what HQ takes.
func SaleRecordedOf(t *sale.Transaction, totals pricing.Totals, now time.Time) wire.SaleRecorded {
	rates := map[string]int32{}
	event := wire.SaleRecorded{TransactionID: t.ID, ReceiptNo: t.ReceiptNo, Currency: t.Currency, ShiftID: t.ShiftID,
		OpenedBy: t.OpenedBy, CreatedAt: t.CreatedAt, FinalizedAt: now, Overrides: overridesOf(t, isSold),
		Totals: wire.SaleTotals{Gross: totals.Gross, Discount: totals.Discount, Subtotal: totals.Subtotal, Tax: totals.Tax, Total: totals.Total,
			Paid: totals.Paid, Change: totals.Change}}
	for _, line := range totals.TaxLines {
		rates[line.TaxCode] = line.RateBP
		event.TaxLines = append(event.TaxLines, wire.TaxLine{TaxCode: line.TaxCode, RateBP: line.RateBP, Base: line.Base, Tax: line.Tax})
	}
	for _, l := range t.Live() {
		event.Lines = append(event.Lines, wire.SaleLine{LineNo: l.LineNo, ItemID: l.ItemID, SKU: l.SKU, Name: l.Name, Unit: l.Unit,
			Category: l.Category, Barcode: l.Barcode, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Gross: l.Gross, Discount: l.Discount,
			Amount: l.Amount, TaxCode: l.TaxCode, RateBP: rates[l.TaxCode]})
	}
	return event
}

func (d *Desk) inventoryAdjusted(s *stored, takes []stock.Take, balances []int64, now time.Time) (outbox.Draft, error) {
	event := wire.InventoryAdjusted{Reason: wire.ReasonSale, Reference: s.t.ID, Movements: make([]wire.Movement, len(takes))}
	for i, take := range takes {
		event.Movements[i] = wire.Movement{ItemID: take.ItemID, SKU: take.SKU, Name: take.Name, Quantity: -take.Quantity,
			BalanceAfter: sale.Quantity(balances[i])}
	}
	return d.draft(s, wire.TypeInventoryAdjusted, now, event)
}

func (d *Desk) paymentCaptured(s *stored, p *sale.Payment, now time.Time) (outbox.Draft, error) {
	return d.draft(s, wire.TypePaymentCaptured, now, wire.PaymentCaptured{PaymentID: p.ID, TransactionID: s.t.ID, Method: string(p.Method),
		Provider: p.Provider, Reference: p.Reference, Amount: p.Amount, Tendered: p.Tendered, Change: p.Change, CapturedAt: *p.CapturedAt})
}
