package projection

import (
	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/wire"
)

// verifyVoid recomputes a basket that was given up: its lines as a sale's, and
// total = Σ amounts of those that were not removed.
func (e *Entry) verifyVoid() error {
	v := e.Void
	switch {
	case v.TransactionID.IsNil() || v.TransactionID != e.Event.AggregateID:
		return invalid("transaction_id is not the event's aggregate")
	case !wire.ValidName(v.OpenedBy):
		return invalid("opened_by is not a cashier's id")
	case v.ApprovedBy != "" && (!wire.ValidName(v.ApprovedBy) || v.ApprovedBy == e.Event.CashierID):
		return invalid("approved_by is not another person's id")
	case tooLong(v.Reason):
		return invalid("reason is too long")
	case !currencyPattern.MatchString(v.Currency):
		return invalid("currency is not a three-letter code")
	case v.CreatedAt.IsZero() || v.VoidedAt.IsZero():
		return invalid("created_at or voided_at is missing")
	case len(v.Lines) > maxLines:
		return invalid("a basket has at most %d lines, this one %d", maxLines, len(v.Lines))
	}
	prices, total, err := verifyBasket(v)
	if err != nil {
		return err
	}
	if err := verifyCancelled(v.Payments); err != nil {
		return err
	}
	if total > money.Max {
		return invalid("the basket's total is out of range")
	}
	if v.Total != total {
		return mismatch("total is %s, the lines say %s", v.Total, total)
	}
	return verifyOverrides(v.Overrides, prices)
}

// verifyBasket checks each line and sums those that were not removed.
func verifyBasket(v *wire.BasketVoided) (prices map[int32]linePrice, total money.Amount, err error) {
	prices = make(map[int32]linePrice, len(v.Lines)+len(v.Removed))
	for _, part := range []struct {
		lines   []wire.BasketLine
		removed bool
	}{{v.Lines, false}, {v.Removed, true}} {
		for i := range part.lines {
			l := &part.lines[i]
			if _, seen := prices[l.LineNo]; seen || l.LineNo < 1 {
				return nil, 0, invalid("line number %d is repeated or below 1", l.LineNo)
			}
			if (l.RemovedAt != nil) != part.removed || part.removed && l.RemovedAt.IsZero() {
				return nil, 0, invalid("removed_at of line %d: a removed line has one, and no other", l.LineNo)
			}
			if l.RemovedBy != "" && (!part.removed || !wire.ValidName(l.RemovedBy)) {
				return nil, 0, invalid("removed_by of line %d is no cashier's id, or nobody removed it", l.LineNo)
			}
			if err := verifyLine(asSaleLine(l)); err != nil {
				return nil, 0, err
			}
			prices[l.LineNo] = linePrice{discount: l.Discount, unit: l.UnitPrice}
			if !part.removed {
				total += l.Amount
			}
		}
	}
	return prices, total, nil
}

// asSaleLine is the line as a sale would have it; its tax rate is not known.
func asSaleLine(l *wire.BasketLine) *wire.SaleLine {
	return &wire.SaleLine{LineNo: l.LineNo, ItemID: l.ItemID, SKU: l.SKU, Name: l.Name, Unit: l.Unit, Category: l.Category, Barcode: l.Barcode,
		Quantity: l.Quantity, UnitPrice: l.UnitPrice, Gross: l.Gross, Discount: l.Discount, Amount: l.Amount, TaxCode: l.TaxCode}
}

func verifyCancelled(payments []wire.CancelledPayment) error {
	seen := make(map[uuid.UUID]bool, len(payments))
	var sum money.Amount
	for _, p := range payments {
		switch {
		case p.PaymentID.IsNil() || seen[p.PaymentID]:
			return invalid("a cancelled payment has no id, or another one's")
		case p.Method == "" || tooLong(p.Method):
			return invalid("a cancelled payment has no method")
		case p.Amount < 1 || p.Amount > money.Max:
			return invalid("the amount of a cancelled payment is out of range")
		}
		seen[p.PaymentID] = true
		if sum += p.Amount; sum > money.Max {
			return invalid("the cancelled payments are out of range")
		}
	}
	return nil
}

// cancelled is Σ amounts of the payments that a void cancelled.
func cancelled(v *wire.BasketVoided) (sum money.Amount) {
	for _, p := range v.Payments {
		sum += p.Amount
	}
	return sum
}
