package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// sale takes in a SaleRecorded: D for its receipt, A for its transaction, C for
// its sums.
func (o *oracle) sale(e *wire.Event, s *wire.SaleRecorded) *DifferenceError {
	about := "receipt " + s.ReceiptNo
	if d := o.receipt(e, s, about); d != nil {
		return d
	}
	if first := o.sales[s.TransactionID]; first != nil {
		return o.differs("A", e.ID, about, "the transaction was sold twice", "one sale of "+s.TransactionID.String(), fmt.Sprintf("another in event %d", first.id))
	}
	if voided := o.voids[s.TransactionID]; voided != nil {
		return o.differs("A", e.ID, about, "a basket that was given up was sold", "no sale", fmt.Sprintf("given up in event %d", voided.id))
	}
	if d := o.sums(e, s, about); d != nil {
		return d
	}
	if d := o.saleOverrides(e, s, about); d != nil {
		return d
	}
	sold := &soldSale{id: e.ID, terminal: e.TerminalID, cashier: e.CashierID, approved: approvers(s.Overrides), receiptNo: s.ReceiptNo, total: s.Totals.Total, change: s.Totals.Change,
		left: map[uuid.UUID]sale.Quantity{}}
	for _, line := range s.Lines {
		sold.left[line.ItemID] += line.Quantity
		sold.lines = append(sold.lines, lineSum{line.LineNo, line.ItemID, line.Quantity, line.UnitPrice, line.Discount, line.Amount})
	}
	o.sales[s.TransactionID] = sold
	o.figures.Sales++
	o.figures.Lines += len(s.Lines)
	o.figures.Total += s.Totals.Total
	o.figures.Tax += s.Totals.Tax
	o.figures.Discount += s.Totals.Discount
	return nil
}

// approvers are those whose PINs stood for overrides, each once.
func approvers(overrides []wire.Override) string {
	var who []string
	for _, x := range overrides {
		if x.ApprovedBy != "" && !slices.Contains(who, x.ApprovedBy) {
			who = append(who, x.ApprovedBy)
		}
	}
	return strings.Join(who, " ")
}

// saleOverrides: older edges gave no discounts and did not say who opened a basket.
func (o *oracle) saleOverrides(e *wire.Event, s *wire.SaleRecorded, about string) *DifferenceError {
	lines := map[int32]linePrice{}
	for _, l := range s.Lines {
		lines[l.LineNo] = linePrice{l.UnitPrice, l.Discount}
	}
	return o.overrides(e, about, s.Overrides, lines)
}

// receipt: numbers of a terminal go 1, 2, 3, … in the order of the log.
func (o *oracle) receipt(e *wire.Event, s *wire.SaleRecorded, about string) *DifferenceError {
	if first := o.receipts[s.ReceiptNo]; first != 0 {
		return o.differs("D", e.ID, about, "the receipt number was given twice", "a number of its own", fmt.Sprintf("that of event %d", first))
	}
	next := o.figures.Receipts[e.TerminalID] + 1
	if want := fmt.Sprintf("%s-%s-%07d", o.storeID, e.TerminalID, next); s.ReceiptNo != want {
		return o.differs("D", e.ID, about, "the terminal's receipt numbers have a gap or a repeat", want, s.ReceiptNo)
	}
	o.figures.Receipts[e.TerminalID], o.receipts[s.ReceiptNo] = next, e.ID
	return nil
}

// sums: C within one sale, with the rules of contract §3.
func (o *oracle) sums(e *wire.Event, s *wire.SaleRecorded, about string) *DifferenceError {
	type rate struct {
		code string
		bp   int32
	}
	taxed := map[rate]money.Amount{}
	var gross, discount, amount money.Amount
	for _, l := range s.Lines {
		line := fmt.Sprintf("%s, line %d", about, l.LineNo)
		if d := o.lineSums(e, line, l.Quantity, l.UnitPrice, l.Gross, l.Discount, l.Amount); d != nil {
			return d
		}
		gross, discount, amount = gross+l.Gross, discount+l.Discount, amount+l.Amount
		taxed[rate{l.TaxCode, l.RateBP}] += l.Amount
	}
	var tax money.Amount
	for _, t := range s.TaxLines {
		base, included := money.TaxIncluded(taxed[rate{t.TaxCode, t.RateBP}], t.RateBP)
		if t.Base != base || t.Tax != included {
			return o.differs("C", e.ID, about, "the tax of "+t.TaxCode+" is wrong", fmt.Sprintf("%s + %s", base, included), fmt.Sprintf("%s + %s", t.Base, t.Tax))
		}
		delete(taxed, rate{t.TaxCode, t.RateBP})
		tax += t.Tax
	}
	if len(taxed) != 0 {
		return o.differs("C", e.ID, about, "lines have a tax code without a tax line", fmt.Sprint(len(s.TaxLines)+len(taxed))+" tax lines", fmt.Sprint(len(s.TaxLines)))
	}
	want := wire.SaleTotals{Gross: gross, Discount: discount, Subtotal: amount - tax, Tax: tax, Total: amount, Paid: amount, Change: s.Totals.Change}
	if s.Totals != want {
		return o.differs("C", e.ID, about, "the totals are not the sums of the lines", fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", s.Totals))
	}
	return nil
}

// payment takes in a PaymentCaptured.
func (o *oracle) payment(e *wire.Event, p *wire.PaymentCaptured) *DifferenceError {
	about := "payment " + p.PaymentID.String()
	if first := o.payments[p.PaymentID]; first != 0 {
		return o.differs("A", e.ID, about, "the payment was captured twice", "once", fmt.Sprintf("in event %d, too", first))
	}
	if p.Amount < 1 || p.Change != p.Tendered-p.Amount || p.Change < 0 {
		return o.differs("C", e.ID, about, "the change is not tendered − amount", (p.Tendered - p.Amount).String(), p.Change.String())
	}
	o.payments[p.PaymentID] = e.ID
	m := o.money[p.TransactionID]
	if m == nil {
		m = &captured{firstID: e.ID}
		o.money[p.TransactionID] = m
	}
	m.amount, m.tendered, m.change = m.amount+p.Amount, m.tendered+p.Tendered, m.change+p.Change
	o.figures.Payments++
	o.figures.Tendered += p.Tendered
	o.figures.Change += p.Change
	return nil
}

// settled: C over a sale's events, once all of them are read. (Its cash comes
// behind it in the log, its QR before it.)
func (o *oracle) settled(id uuid.UUID, s *soldSale) *DifferenceError {
	about := "receipt " + s.receiptNo
	m := o.money[id]
	if m == nil {
		m = &captured{}
	}
	switch {
	case m.amount != s.total || m.tendered-m.change != s.total:
		return o.differs("C", s.id, about, "total = Σ captured = Σ tendered − Σ change does not hold", s.total.String(),
			fmt.Sprintf("captured %s, tendered %s, change %s", m.amount, m.tendered, m.change))
	case m.change != s.change:
		return o.differs("C", s.id, about, "the change on the receipt is not that of its payments", m.change.String(), s.change.String())
	case s.moved == 0:
		return o.differs("C", s.id, about, "the sale took nothing off the stock", "one InventoryAdjusted", "none")
	}
	return nil
}
