package sim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// voidedBasket is what the log says of a basket that was given up.
type voidedBasket struct {
	id    int64 // of its BasketVoided
	total money.Amount
	lines []lineSum
}

// lineSum is a line as both the log and the edge's transaction have it.
type lineSum struct {
	lineNo                 int32
	item                   uuid.UUID
	quantity               sale.Quantity
	unit, discount, amount money.Amount
}

// String is the line for people.
func (l lineSum) String() string {
	return fmt.Sprintf("%d: %s of %s at %s − %s = %s", l.lineNo, l.quantity, l.item, l.unit, l.discount, l.amount)
}

// void takes in a BasketVoided: A for its transaction, C for its sums.
func (o *oracle) void(e *wire.Event, v *wire.BasketVoided) *DifferenceError {
	about := "basket " + v.TransactionID.String()
	if first := o.voids[v.TransactionID]; first != nil {
		return o.differs("A", e.ID, about, "the basket was given up twice", "once", fmt.Sprintf("in event %d, too", first.id))
	}
	if sold := o.sales[v.TransactionID]; sold != nil {
		return o.differs("A", e.ID, about, "the basket was given up after it was sold", "no BasketVoided", fmt.Sprintf("receipt %s in event %d", sold.receiptNo, sold.id))
	}
	var total money.Amount
	changed := map[int32]linePrice{}
	voided := &voidedBasket{id: e.ID, total: v.Total}
	for i, lines := range [][]wire.BasketLine{v.Lines, v.Removed} {
		for _, l := range lines {
			if d := o.lineSums(e, fmt.Sprintf("%s, line %d", about, l.LineNo), l.Quantity, l.UnitPrice, l.Gross, l.Discount, l.Amount); d != nil {
				return d
			}
			changed[l.LineNo] = linePrice{l.UnitPrice, l.Discount}
			if i == 0 {
				total += l.Amount
				voided.lines = append(voided.lines, lineSum{l.LineNo, l.ItemID, l.Quantity, l.UnitPrice, l.Discount, l.Amount})
			}
		}
	}
	if v.Total != total {
		return o.differs("C", e.ID, about, "what it would have cost is not the sum of its lines", total.String(), v.Total.String())
	}
	if d := o.overrides(e, about, v.Overrides, changed); d != nil {
		return d
	}
	o.voids[v.TransactionID] = voided
	o.figures.Voids++
	o.figures.VoidedTotal += v.Total
	return nil
}

// lineSums: gross = unit price × quantity, amount = gross − discount.
func (o *oracle) lineSums(e *wire.Event, about string, quantity sale.Quantity, unit, gross, discount, amount money.Amount) *DifferenceError {
	if want := quantity.Times(unit); gross != want {
		return o.differs("C", e.ID, about, "gross is not unit price × quantity", want.String(), gross.String())
	}
	if amount != gross-discount || discount < 0 || discount > gross {
		return o.differs("C", e.ID, about, "amount is not gross − discount", (gross - discount).String(), amount.String())
	}
	return nil
}

// linePrice is what overrides have made of a line.
type linePrice struct{ unit, discount money.Amount }

// overrides: each says what it changed, the last of a line says what the line
// is, and no line has a discount that nobody gave.
func (o *oracle) overrides(e *wire.Event, about string, overrides []wire.Override, lines map[int32]linePrice) *DifferenceError {
	type change struct {
		line int32
		kind string
	}
	last := map[change]money.Amount{}
	for _, x := range overrides {
		line := fmt.Sprintf("%s, line %d", about, x.LineNo)
		if _, known := lines[x.LineNo]; !known {
			return o.differs("C", e.ID, line, "an override is of a line that is not there", "a line", x.Kind)
		}
		if x.Reason == "" || x.CashierID == "" || x.ApprovedBy == x.CashierID {
			return o.differs("C", e.ID, line, "an override does not say who did it and why, or they approved it themselves", "a person, a reason",
				fmt.Sprintf("%q by %q, approved by %q", x.Reason, x.CashierID, x.ApprovedBy))
		}
		key := change{x.LineNo, x.Kind}
		before, again := last[key]
		if !again && x.Kind == wire.OverridePrice {
			before = x.Before // the catalogue's price at the scan
		}
		if x.Before != before {
			return o.differs("C", e.ID, line, "a "+x.Kind+" does not begin where the one before it ended", before.String(), x.Before.String())
		}
		last[key] = x.After
		o.figures.Overrides++
	}
	for _, lineNo := range slices.Sorted(maps.Keys(lines)) {
		is := lines[lineNo]
		if given := last[change{lineNo, wire.OverrideDiscount}]; given != is.discount {
			return o.differs("C", e.ID, fmt.Sprintf("%s, line %d", about, lineNo), "the line's discount is not the one that was given", given.String(), is.discount.String())
		}
		if price, given := last[change{lineNo, wire.OverridePrice}]; given && price != is.unit {
			return o.differs("C", e.ID, fmt.Sprintf("%s, line %d", about, lineNo), "the line's price is not the one that was set", price.String(), is.unit.String())
		}
	}
	return nil
}

// givenUp is A at the edge itself: a basket of the log is VOIDED there, as the log
// has it.
func (o *oracle) givenUp(id uuid.UUID, b *Basket) *DifferenceError {
	v := o.voids[id]
	want := fmt.Sprintf("%s of %s, lines %v", sale.Voided, v.total, v.lines)
	if got := fmt.Sprintf("%s of %s, lines %v", b.Status, b.Totals.Total, linesOf(b)); b.ID != id || got != want {
		return o.differs("A", v.id, "basket "+id.String(), "the edge's transaction is not what its log says", want, got)
	}
	return nil
}

// linesOf are a basket's lines that were not removed.
func linesOf(b *Basket) []lineSum {
	var lines []lineSum
	for _, l := range b.Live() {
		lines = append(lines, lineSum{l.LineNo, l.ItemID, l.Quantity, l.UnitPrice, l.Discount, l.Amount})
	}
	return lines
}
