package hqtest

import (
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/wire"
)

// Void appends a basket of these lines that was given up, and returns the
// transaction's id.
func (s *Shop) Void(lines ...Line) uuid.UUID {
	v := s.Voided(lines...)
	s.Append(wire.TypeBasketVoided, v.TransactionID, v)
	return v.TransactionID
}

// Voided is the payload of a basket that was given up, not appended: the first
// line struck out before, the others' discounts given by C1 with M1's approval,
// cash of half the total given back.
func (s *Shop) Voided(lines ...Line) wire.BasketVoided {
	v := wire.BasketVoided{TransactionID: uuid.Must(uuid.NewV7()), OpenedBy: "C2", Currency: "VND", CreatedAt: s.clock,
		VoidedAt: s.clock.Add(40 * time.Second), Reason: "khách đổi ý", ApprovedBy: "M1"}
	for i, l := range lines {
		gross := l.Quantity.Times(l.Item.Price)
		line := wire.BasketLine{LineNo: int32(i) + 1, ItemID: l.Item.ID(), SKU: l.Item.SKU, Name: "Món " + l.Item.SKU, Unit: "cái", Category: "test",
			Quantity: l.Quantity, UnitPrice: l.Item.Price, Gross: gross, Discount: l.Discount, Amount: gross - l.Discount, TaxCode: "VAT_REDUCED"}
		if l.Discount > 0 {
			v.Overrides = append(v.Overrides, s.Discounted(line.LineNo, 0, l.Discount))
		}
		if i == 0 {
			removed := s.clock.Add(5 * time.Second)
			line.RemovedAt = &removed
			v.Removed = append(v.Removed, line)
			continue
		}
		v.Lines = append(v.Lines, line)
		v.Total += line.Amount
	}
	if v.Total > 1 {
		v.Payments = []wire.CancelledPayment{{PaymentID: uuid.Must(uuid.NewV7()), Method: "CASH", Amount: v.Total / 2}}
	}
	return v
}

// Discounted is an override of a line's discount by C1, approved by M1.
func (s *Shop) Discounted(line int32, before, after money.Amount) wire.Override {
	return wire.Override{LineNo: line, Kind: wire.OverrideDiscount, Before: before, After: after, Reason: "hộp móp", CashierID: "C1", ApprovedBy: "M1", At: s.clock}
}

// Repriced is an override of a line's unit price by C1 alone.
func (s *Shop) Repriced(line int32, before, after money.Amount) wire.Override {
	return wire.Override{LineNo: line, Kind: wire.OverridePrice, Before: before, After: after, Reason: "giá trên kệ", CashierID: "C1", At: s.clock}
}
