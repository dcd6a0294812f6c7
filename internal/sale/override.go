package sale

import (
	"time"

	"tiem/internal/fault"
	"tiem/internal/money"
)

// OverrideKind is what a person changed about a line's price.
type OverrideKind string

// The kinds.
const (
	DiscountGiven   OverrideKind = "DISCOUNT" // before and after are the line's discount
	PriceOverridden OverrideKind = "PRICE"    // before and after are the line's unit price
)

// MaxOverrides of a basket: together with its lines they stay within what one
// event may hold.
const MaxOverrides = 200

// Override is one such change. It is never taken back: the next one follows it,
// and its before is this one's after. Amounts are in minor units.
type Override struct {
	LineNo     int32
	Kind       OverrideKind
	Before     money.Amount
	After      money.Amount
	Reason     string
	CashierID  string // who did it
	ApprovedBy string // whose PIN stood for it; empty: the cashier's own role sufficed
	At         time.Time
}

// Say is who changes a price, and why. Whether they may is not asked here.
type Say struct {
	CashierID string
	Reason    string
	At        time.Time
}

// SetDiscount sets what is taken off a line, in minor units; 0 takes the
// discount off again. It returns nil for the override if that is how the line
// is. Faults: discount_too_large, amount_too_large (422), as the other changes of
// a line besides.
func (t *Transaction) SetDiscount(lineNo int32, amount money.Amount, say Say) (*Line, *Override, error) {
	line, err := t.changeable(lineNo)
	if err != nil {
		return nil, nil, err
	}
	if err := CheckReason(say.Reason); err != nil {
		return nil, nil, err
	}
	if amount < 0 {
		return nil, nil, fault.New(fault.Invalid, "amount_invalid", "a discount is at least 0").At("amount")
	}
	if err := line.discountFits(amount, line.Gross, "amount"); err != nil {
		return nil, nil, err
	}
	reason := say.Reason
	if amount == 0 {
		reason = ""
	}
	if amount == line.Discount && reason == line.DiscountReason {
		return line, nil, nil
	}
	if err := t.affordable(line.Discount-amount, "amount"); err != nil { // less of a discount is more to pay
		return nil, nil, err
	}
	done, err := t.override(Override{LineNo: lineNo, Kind: DiscountGiven, Before: line.Discount, After: amount}, say)
	if err != nil {
		return nil, nil, err
	}
	line.Discount, line.DiscountReason = amount, reason
	line.reprice()
	t.Version++
	return line, done, nil
}

// OverridePrice sells a line at another unit price, in minor units; the price
// at the scan stays on record as ListPrice, and to sell at it again takes the
// override off. It returns nil for the override if that is how the line is.
// Faults: discount_too_large, amount_too_large (422), as the other changes of a
// line besides.
func (t *Transaction) OverridePrice(lineNo int32, price money.Amount, say Say) (*Line, *Override, error) {
	line, err := t.changeable(lineNo)
	if err != nil {
		return nil, nil, err
	}
	if err := CheckReason(say.Reason); err != nil {
		return nil, nil, err
	}
	if err := t.priceFits(line, price); err != nil {
		return nil, nil, err
	}
	list, reason := line.listPrice(), say.Reason
	if price == list {
		reason = ""
	}
	if price == line.UnitPrice && reason == line.PriceReason {
		return line, nil, nil
	}
	done, err := t.override(Override{LineNo: lineNo, Kind: PriceOverridden, Before: line.UnitPrice, After: price}, say)
	if err != nil {
		return nil, nil, err
	}
	line.UnitPrice, line.PriceReason, line.ListPrice = price, reason, nil
	if price != list {
		line.ListPrice = &list
	}
	line.reprice()
	t.Version++
	return line, done, nil
}

func (t *Transaction) priceFits(line *Line, price money.Amount) error {
	if price < 0 || price > money.Max {
		return fault.New(fault.Invalid, "amount_invalid", "a price is 0 to %s", money.Max).At("unit_price")
	}
	gross := line.Quantity.Times(price)
	if gross > money.Max { // whatever the discount: a line is no more than that to HQ, either
		return fault.New(fault.Invalid, "amount_too_large", "the line would be more than %s", money.Max).At("unit_price").
			Advise("check the unit price")
	}
	if err := line.discountFits(line.Discount, gross, "unit_price"); err != nil {
		return err
	}
	return t.affordable(gross-line.Gross, "unit_price")
}

// override records a change, once it is certain to happen.
func (t *Transaction) override(o Override, say Say) (*Override, error) {
	if len(t.Overrides) >= MaxOverrides {
		return nil, fault.New(fault.Invalid, "too_many_overrides", "prices of this basket were changed %d times", len(t.Overrides)).
			Advise("pay this one and open another")
	}
	o.Reason, o.CashierID, o.At = say.Reason, say.CashierID, say.At
	t.Overrides = append(t.Overrides, o)
	return &t.Overrides[len(t.Overrides)-1], nil
}

// overridden tells whether a person's word stands on the line's price.
func (l *Line) overridden() bool { return l.ListPrice != nil || l.Discount > 0 }

// listPrice is the catalogue's at the scan.
func (l *Line) listPrice() money.Amount {
	if l.ListPrice != nil {
		return *l.ListPrice
	}
	return l.UnitPrice
}

// discountFits refuses a discount of more than the line's gross, be it that
// the one grew or that the other shrank.
func (l *Line) discountFits(discount, gross money.Amount, field string) error {
	if discount > gross {
		return fault.New(fault.Invalid, "discount_too_large", "a discount of %s is more than the line's %s", discount, gross).At(field).
			Advise("lower the discount first").With("discount", discount).With("gross", gross)
	}
	return nil
}
