package projection

import (
	"regexp"
	"strings"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

const (
	maxLines = 500  // of a sale; the contract's "Rules of a sale"
	maxText  = 1000 // bytes of a name, code or number in a payload: 200 characters of four bytes, and some
)

var (
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
	receiptPattern  = regexp.MustCompile(`^[0-9]{7,18}$`)
)

// verifySale recomputes a sale by the contract's "Rules of a sale": gross =
// round-half-up(unit price × quantity), amount = gross − discount, tax per code
// and rate on Σ amounts, total = Σ amounts = subtotal + tax = paid.
func (e *Entry) verifySale() error {
	s := e.Sale
	switch {
	case s.TransactionID.IsNil() || s.TransactionID != e.Event.AggregateID:
		return invalid("transaction_id is not the event's aggregate")
	case !e.ownReceipt(s.ReceiptNo):
		return invalid("receipt_no is not a number of terminal %s of store %s", e.Event.TerminalID, e.Event.StoreID)
	case !currencyPattern.MatchString(s.Currency):
		return invalid("currency is not a three-letter code")
	case s.CreatedAt.IsZero() || s.FinalizedAt.IsZero():
		return invalid("created_at or finalized_at is missing")
	case len(s.Lines) == 0 || len(s.Lines) > maxLines:
		return invalid("a sale has 1 to %d lines, this one %d", maxLines, len(s.Lines))
	case s.OpenedBy != "" && !wire.ValidName(s.OpenedBy):
		return invalid("opened_by is not a cashier's id")
	}
	seen := make(map[int32]bool, len(s.Lines))
	for i := range s.Lines {
		line := &s.Lines[i]
		if line.LineNo < 1 || seen[line.LineNo] {
			return invalid("line number %d is repeated or below 1", line.LineNo)
		}
		seen[line.LineNo] = true
		if err := verifyLine(line); err != nil {
			return err
		}
	}
	if err := verifyTotals(s); err != nil {
		return err
	}
	return verifyOverrides(s.Overrides, pricesOf(s.Lines))
}

// ownReceipt tells whether no is <store>-<terminal>-<seven digits> of the event's
// store and terminal. A counter past 9,999,999 may have more digits.
func (e *Entry) ownReceipt(no string) bool {
	number, ok := strings.CutPrefix(no, e.Event.StoreID+"-"+e.Event.TerminalID+"-")
	return ok && receiptPattern.MatchString(number)
}

func verifyLine(l *wire.SaleLine) error {
	switch {
	case l.ItemID.IsNil():
		return invalid("line %d has no item_id", l.LineNo)
	case tooLong(l.SKU, l.Name, l.Unit, l.Category, l.Barcode, l.TaxCode):
		return invalid("a text of line %d is too long", l.LineNo)
	case l.Quantity <= 0 || l.Quantity > sale.MaxQuantity:
		return invalid("line %d has a quantity of %s", l.LineNo, l.Quantity)
	case l.UnitPrice < 0 || l.UnitPrice > money.Max || l.Gross > money.Max:
		return invalid("line %d has an amount out of range", l.LineNo)
	case l.RateBP < 0 || l.RateBP > 10_000:
		return invalid("line %d has a tax rate of %d basis points", l.LineNo, l.RateBP)
	case l.Gross != l.Quantity.Times(l.UnitPrice):
		return mismatch("line %d: gross is %s, price × quantity is %s", l.LineNo, l.Gross, l.Quantity.Times(l.UnitPrice))
	case l.Discount < 0 || l.Discount > l.Gross:
		return mismatch("line %d: discount %s is not within 0 and %s", l.LineNo, l.Discount, l.Gross)
	case l.Amount != l.Gross-l.Discount:
		return mismatch("line %d: amount is %s, gross − discount is %s", l.LineNo, l.Amount, l.Gross-l.Discount)
	}
	return nil
}

// taxKey is what a tax line stands for.
type taxKey struct {
	code   string
	rateBP int32
}

func verifyTotals(s *wire.SaleRecorded) error {
	var gross, discount money.Amount
	byRate := map[taxKey]money.Amount{}
	for i := range s.Lines {
		l := &s.Lines[i]
		gross += l.Gross
		discount += l.Discount
		byRate[taxKey{l.TaxCode, l.RateBP}] += l.Amount
	}
	if gross-discount > money.Max {
		return invalid("the sale's total is out of range")
	}
	tax, err := verifyTaxLines(s.TaxLines, byRate)
	if err != nil {
		return err
	}
	t, total := s.Totals, gross-discount
	switch {
	case t.Gross != gross || t.Discount != discount || t.Total != total:
		return mismatch("gross − discount = total is %s − %s = %s, the lines say %s − %s = %s",
			t.Gross, t.Discount, t.Total, gross, discount, total)
	case t.Tax != tax || t.Subtotal != total-tax:
		return mismatch("subtotal + tax is %s + %s, the tax lines say %s + %s", t.Subtotal, t.Tax, total-tax, tax)
	case t.Paid != total:
		return mismatch("paid is %s, the total is %s", t.Paid, total)
	case t.Change < 0:
		return mismatch("change is %s", t.Change)
	}
	return nil
}

// verifyTaxLines compares tax lines, in any order, with Σ amounts per code and
// rate, and returns the sale's tax. A tax line over nothing may be left out.
func verifyTaxLines(lines []wire.TaxLine, byRate map[taxKey]money.Amount) (total money.Amount, err error) {
	for _, l := range lines {
		key := taxKey{l.TaxCode, l.RateBP}
		amount, ok := byRate[key]
		if !ok {
			return 0, mismatch("a tax line for %s at %d basis points is repeated or has no line", l.TaxCode, l.RateBP)
		}
		delete(byRate, key)
		base, tax := money.TaxIncluded(amount, l.RateBP)
		if l.Base != base || l.Tax != tax {
			return 0, mismatch("tax for %s at %d basis points is %s on %s, recomputed %s on %s",
				l.TaxCode, l.RateBP, l.Tax, l.Base, tax, base)
		}
		total += tax
	}
	for key, amount := range byRate {
		if amount != 0 {
			return 0, mismatch("the tax line for %s at %d basis points is missing", key.code, key.rateBP)
		}
	}
	return total, nil
}

func tooLong(texts ...string) bool {
	for _, t := range texts {
		if len(t) > maxText {
			return true
		}
	}
	return false
}
