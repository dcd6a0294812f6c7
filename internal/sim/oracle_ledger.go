package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/sale"
)

// promises is A: what a cashier saw stands in the log exactly once, as it was
// seen. (next has compared the log with HQ's.) With complete, no other till has
// sold anything: then nothing else stands there either.
func (o *oracle) promises(l *Ledger, complete bool) *DifferenceError {
	sales := l.Sales()
	o.figures.Acked = len(sales)
	known := map[uuid.UUID]bool{}
	for _, s := range sales {
		about := "receipt " + s.ReceiptNo
		if known[s.TransactionID] {
			return o.differs("A", 0, about, "the cashiers saw two receipts for one transaction", "one", s.TransactionID.String())
		}
		known[s.TransactionID] = true
		found := o.sales[s.TransactionID]
		switch {
		case found == nil:
			return o.differs("A", 0, about, "the cashier saw PAID, but the sale is not in the log", fmt.Sprintf("%s of %s", s.TransactionID, s.Total), "nothing")
		case found.receiptNo != s.ReceiptNo || found.total != s.Total || found.terminal != s.TerminalID:
			return o.differs("A", found.id, about, "the sale in the log is not what the cashier saw",
				fmt.Sprintf("%s of %s at %s", s.ReceiptNo, s.Total, s.TerminalID), fmt.Sprintf("%s of %s at %s", found.receiptNo, found.total, found.terminal))
		case found.cashier != s.CashierID || found.approved != s.ApprovedBy:
			return o.differs("A", found.id, about, "the sale in the log was not made, or not approved, by who did",
				fmt.Sprintf("%q, approved by %q", s.CashierID, s.ApprovedBy), fmt.Sprintf("%q, approved by %q", found.cashier, found.approved))
		}
	}
	for _, id := range l.Voided() {
		known[id] = true
		if found := o.sales[id]; found != nil {
			return o.differs("A", found.id, "receipt "+found.receiptNo, "the cashier saw the basket voided, but it was sold", "no sale", id.String())
		}
		if o.voids[id] == nil {
			return o.differs("A", 0, "basket "+id.String(), "the cashier saw the basket voided, but the log does not say so", "its BasketVoided", "nothing")
		}
	}
	if !complete {
		return nil
	}
	for _, id := range l.InDoubt() {
		known[id] = true
	}
	for _, id := range o.salesInOrder() {
		if !known[id] {
			return o.differs("A", o.sales[id].id, "receipt "+o.sales[id].receiptNo, "a sale that no cashier knows of", "nothing", id.String())
		}
	}
	for _, id := range o.voidsInOrder() {
		if !known[id] {
			return o.differs("A", o.voids[id].id, "basket "+id.String(), "a basket was given up that no cashier knows of", "nothing", "its BasketVoided")
		}
	}
	for _, id := range o.unsold() {
		if m := o.money[id]; !slices.Contains(l.InDoubt(), id) {
			return o.differs("C", m.firstID, "basket "+id.String(), "money was captured for a basket that was never sold, and no till gave up on it", "a sale", m.amount.String())
		}
	}
	return nil
}

// unsold are the baskets that money was captured for, and that are no sales, by
// event id.
func (o *oracle) unsold() []uuid.UUID {
	ids := slices.DeleteFunc(slices.Collect(maps.Keys(o.money)), func(id uuid.UUID) bool { return o.sales[id] != nil })
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return cmp.Compare(o.money[a].firstID, o.money[b].firstID) })
	return ids
}

// stillOpen is A for baskets that did not end: with a complete ledger there is
// none but those that a till gave up on.
func (o *oracle) stillOpen(open []OpenBasket, l *Ledger) *DifferenceError {
	inDoubt := l.InDoubt()
	for _, b := range open {
		if !slices.Contains(inDoubt, b.ID) {
			return o.differs("A", 0, "basket "+b.ID.String(), "the basket is still open, and no till gave up on it", "PAID or VOIDED", fmt.Sprintf("%s at %s", b.Status, b.TerminalID))
		}
	}
	return nil
}

// loose are the baskets whose end the log does not tell: money came in for them,
// or a till gave up on them.
func (o *oracle) loose(l *Ledger) []uuid.UUID {
	ids := o.unsold()
	if l != nil {
		ids = append(ids, l.InDoubt()...)
	}
	return slices.DeleteFunc(ids, func(id uuid.UUID) bool { return o.sales[id] != nil || o.voids[id] != nil })
}

// notEnded is A at the edge itself for a basket whose end the log does not tell:
// it has not ended there either.
func (o *oracle) notEnded(id uuid.UUID, b *Basket) *DifferenceError {
	if b.Status == sale.Paid || b.Status == sale.Voided {
		return o.differs("A", 0, "basket "+id.String(), "the basket has ended at the edge, but its log does not say so", "an event", string(b.Status))
	}
	return nil
}

// stands is A at the edge itself: a sale of the log is PAID there, with the same
// receipt, lines and total.
func (o *oracle) stands(id uuid.UUID, b *Basket) *DifferenceError {
	s := o.sales[id]
	want := fmt.Sprintf("%s %s of %s, lines %v", sale.Paid, s.receiptNo, s.total, s.lines)
	if got := fmt.Sprintf("%s %s of %s, lines %v", b.Status, b.ReceiptNo, b.Totals.Total, linesOf(b)); b.ID != id || got != want {
		return o.differs("A", s.id, "receipt "+s.receiptNo, "the edge's transaction is not what its log says", want, got)
	}
	return nil
}
