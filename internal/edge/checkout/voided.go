package checkout

import (
	"time"

	"tiem/internal/edge/outbox"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// basketVoided is the event of a basket that was given up.
func (d *Desk) basketVoided(s *stored, cancelled []*sale.Payment, reason, approvedBy string, now time.Time) (outbox.Draft, error) {
	return d.draft(s, wire.TypeBasketVoided, now, BasketVoidedOf(&s.t, cancelled, reason, approvedBy, now))
}

// BasketVoidedOf is what the event tells of a basket: all that was ever in it, and
// the payments that the void cancelled. It is pure, and public so that tests can
// hold it against what HQ takes.
func BasketVoidedOf(t *sale.Transaction, cancelled []*sale.Payment, reason, approvedBy string, now time.Time) wire.BasketVoided {
	event := wire.BasketVoided{TransactionID: t.ID, OpenedBy: t.OpenedBy, Currency: t.Currency, CreatedAt: t.CreatedAt, VoidedAt: now,
		Reason: reason, ApprovedBy: approvedBy, Total: t.Total(), Overrides: overridesOf(t, isAny)}
	for i := range t.Lines {
		l := &t.Lines[i]
		line := wire.BasketLine{LineNo: l.LineNo, ItemID: l.ItemID, SKU: l.SKU, Name: l.Name, Unit: l.Unit, Category: l.Category,
			Barcode: l.Barcode, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Gross: l.Gross, Discount: l.Discount, Amount: l.Amount,
			TaxCode: l.TaxCode, RemovedAt: l.RemovedAt}
		if l.RemovedAt != nil {
			line.RemovedBy = l.ChangedBy
			event.Removed = append(event.Removed, line)
			continue
		}
		event.Lines = append(event.Lines, line)
	}
	for _, p := range cancelled {
		event.Payments = append(event.Payments, wire.CancelledPayment{PaymentID: p.ID, Method: string(p.Method), Amount: p.Amount})
	}
	return event
}

// isSold and isAny say of which lines an event tells.
func isSold(l *sale.Line) bool { return l.RemovedAt == nil }
func isAny(*sale.Line) bool    { return true }

// overridesOf are the overrides of those lines that an event tells of.
func overridesOf(t *sale.Transaction, told func(*sale.Line) bool) []wire.Override {
	if len(t.Overrides) == 0 {
		return nil
	}
	tells := make(map[int32]bool, len(t.Lines))
	for i := range t.Lines {
		tells[t.Lines[i].LineNo] = told(&t.Lines[i])
	}
	var overrides []wire.Override
	for _, o := range t.Overrides {
		if tells[o.LineNo] {
			overrides = append(overrides, wire.Override{LineNo: o.LineNo, Kind: string(o.Kind), Before: o.Before, After: o.After,
				Reason: o.Reason, CashierID: o.CashierID, ApprovedBy: o.ApprovedBy, At: o.At})
		}
	}
	return overrides
}
