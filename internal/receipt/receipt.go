package receipt

import (
	"fmt"
	"time"

	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// Receipt is one print of a sale's receipt.
type Receipt struct {
	Sale   *sale.Transaction // PAID
	Totals pricing.Totals    // as they were fixed
	Print  Print
	Zone   *time.Location // the shop's: all times are written in it
}

// Print is which print it is.
type Print struct {
	CopyNo     int32 // 0: the original; n: the n-th copy
	TerminalID string
	At         time.Time
}

// Text is the receipt as a printer takes it.
func (r Receipt) Text(language Language) string {
	var p paper
	w := language.words()
	r.mark(&p)
	r.head(&p, w)
	r.lines(&p, w)
	r.sums(&p, w)
	r.payments(&p, w)
	p.center(w.bye)
	r.mark(&p)
	return p.String()
}

// mark says that this is a copy, and whose. An original has no mark.
func (r Receipt) mark(p *paper) {
	if r.Print.CopyNo == 0 {
		return
	}
	p.rule("*")
	p.center(fmt.Sprintf("BẢN SAO / COPY %d", r.Print.CopyNo))
	p.center(fmt.Sprintf("Quầy / Till %s, %s", clean(r.Print.TerminalID), when(r.Print.At, r.Zone)))
	p.rule("*")
}

func (r Receipt) head(p *paper, w words) {
	p.center(w.shop + " " + clean(r.Sale.StoreID))
	p.center(w.title)
	p.pair(0, w.number+":", clean(r.Sale.ReceiptNo))
	if r.Sale.FinalizedAt != nil {
		p.pair(0, w.date+":", when(*r.Sale.FinalizedAt, r.Zone))
	}
	p.pair(0, w.terminal+": "+clean(r.Sale.TerminalID), w.cashier+": "+clean(r.Sale.CashierID))
	p.rule("-")
}

func (r Receipt) lines(p *paper, w words) {
	for _, l := range r.Sale.Live() {
		p.left(0, clean(l.Name))
		p.pair(2, fmt.Sprintf("%s %s × %s", quantity(l.Quantity), clean(l.Unit), amount(l.UnitPrice, r.Sale.Currency)), amount(l.Gross, r.Sale.Currency))
		if l.Discount > 0 {
			p.pair(2, w.discount, amount(-l.Discount, r.Sale.Currency))
		}
	}
	p.rule("-")
}

func (r Receipt) sums(p *paper, w words) {
	code, totals := r.Sale.Currency, r.Totals
	if totals.Discount > 0 {
		p.pair(0, w.gross, amount(totals.Gross, code))
		p.pair(0, w.discount, amount(-totals.Discount, code))
	}
	p.pair(0, w.total, withCurrency(totals.Total, code))
	p.pair(0, w.tax, amount(totals.Tax, code))
	for _, t := range totals.TaxLines {
		p.pair(2, fmt.Sprintf("%s %s %s %s", clean(t.TaxCode), percent(t.RateBP), w.taxBase, amount(t.Base, code)), amount(t.Tax, code))
	}
	p.rule("-")
}

// payments shows what the customer gave and what came back.
func (r Receipt) payments(p *paper, w words) {
	for i := range r.Sale.Payments {
		paid := &r.Sale.Payments[i]
		if paid.Status != sale.Captured {
			continue
		}
		p.pair(0, clean(w.methods[paid.Method]+" "+paid.Provider), amount(paid.Tendered, r.Sale.Currency))
	}
	if r.Totals.Change > 0 {
		p.pair(0, w.change, amount(r.Totals.Change, r.Sale.Currency))
	}
	p.rule("-")
}
