package projection

import (
	"tiem/internal/money"
	"tiem/internal/wire"
)

// linePrice is what overrides change about a line.
type linePrice struct{ discount, unit money.Amount }

// overridden is a line and the kind of an override of it.
type overridden struct {
	line int32
	kind string
}

// verifyOverrides checks that overrides follow each other, and that the last
// one of a line and kind left the line as it is. A line may have a discount and
// no override: older edges did not tell of them.
func verifyOverrides(overrides []wire.Override, prices map[int32]linePrice) error {
	last := map[overridden]money.Amount{}
	for i := range overrides {
		o := &overrides[i]
		if err := verifyOverride(o, prices); err != nil {
			return err
		}
		key := overridden{o.LineNo, o.Kind}
		before, again := last[key]
		if !again && o.Kind == wire.OverridePrice {
			before = o.Before // the price at the scan, which nothing else tells of
		}
		if o.Before != before {
			return mismatch("an override of line %d changes %s, the one before it left %s", o.LineNo, o.Before, before)
		}
		last[key] = o.After
	}
	for key, after := range last {
		is := prices[key.line].unit
		if key.kind == wire.OverrideDiscount {
			is = prices[key.line].discount
		}
		if after != is {
			return mismatch("the last %s of line %d set it to %s, the line says %s", key.kind, key.line, after, is)
		}
	}
	return nil
}

func verifyOverride(o *wire.Override, prices map[int32]linePrice) error {
	_, known := prices[o.LineNo]
	switch {
	case !known:
		return invalid("an override is of line %d, which is not there", o.LineNo)
	case o.Kind != wire.OverrideDiscount && o.Kind != wire.OverridePrice:
		return invalid("an override of line %d is of a kind that is not known", o.LineNo)
	case o.Before < 0 || o.Before > money.Max || o.After < 0 || o.After > money.Max:
		return invalid("an override of line %d is out of range", o.LineNo)
	case o.Reason == "" || tooLong(o.Reason):
		return invalid("an override of line %d has no reason, or too long a one", o.LineNo)
	case !wire.ValidName(o.CashierID) || o.ApprovedBy != "" && (!wire.ValidName(o.ApprovedBy) || o.ApprovedBy == o.CashierID):
		return invalid("an override of line %d does not say who did it, or they approved it themselves", o.LineNo)
	case o.At.IsZero():
		return invalid("an override of line %d has no time", o.LineNo)
	}
	return nil
}

// pricesOf are a sale's lines as overrides must leave them.
func pricesOf(lines []wire.SaleLine) map[int32]linePrice {
	prices := make(map[int32]linePrice, len(lines))
	for i := range lines {
		prices[lines[i].LineNo] = linePrice{discount: lines[i].Discount, unit: lines[i].UnitPrice}
	}
	return prices
}
