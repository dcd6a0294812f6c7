// Package pricing turns a basket into what is owed: sums, and the tax that the
// prices include. It is pure: rates come as an argument, chosen by the caller
// for the business date.
//
// Prices include VAT, so tax is taken out of the amounts, not put on top. It is
// rounded once per tax code and rate, on the sum of the amounts, because that
// is what the receipt and the tax return show; rounding per line would make
// long baskets drift by a đồng a line. By construction subtotal + tax = total,
// and Σ(base + tax) = total (contract, §3 "Rules of a sale").
package pricing

import (
	"slices"
	"strings"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// Rates are the VAT rates of one business date, in basis points by tax code.
type Rates map[string]int32

// TaxLine is the tax of all lines with one code; base + tax is what they cost.
type TaxLine struct {
	TaxCode string       `json:"tax_code"`
	RateBP  int32        `json:"rate_bp"` // basis points: 800 is 8 %
	Base    money.Amount `json:"base"`
	Tax     money.Amount `json:"tax"`
}

// Totals are a basket's sums in minor units.
type Totals struct {
	Gross    money.Amount `json:"gross"`
	Discount money.Amount `json:"discount"`
	Subtotal money.Amount `json:"subtotal"` // total − tax
	Tax      money.Amount `json:"tax"`
	Total    money.Amount `json:"total"`  // gross − discount
	Paid     money.Amount `json:"paid"`   // Σ CAPTURED
	Due      money.Amount `json:"due"`    // total − Σ(PENDING + UNKNOWN + CAPTURED)
	Change   money.Amount `json:"change"` // of CAPTURED cash
	TaxLines []TaxLine    `json:"tax_lines"`
}

// Compute sums the lines of t that were not removed, with rates. A tax code
// without a rate is a fault (Internal, tax_rate_missing): the catalogue refuses
// unknown codes, so this is a hole in the rates table.
func Compute(t *sale.Transaction, rates Rates) (Totals, error) {
	byCode := map[string]money.Amount{}
	var totals Totals
	for i := range t.Lines {
		line := &t.Lines[i]
		if line.RemovedAt != nil {
			continue
		}
		totals.Gross += line.Gross
		totals.Discount += line.Discount
		byCode[line.TaxCode] += line.Amount
	}
	totals.TaxLines = make([]TaxLine, 0, len(byCode))
	for code, amount := range byCode {
		rate, ok := rates[code]
		if !ok {
			return Totals{}, fault.New(fault.Internal, "tax_rate_missing", "no rate for tax code %s on this date", code)
		}
		base, tax := money.TaxIncluded(amount, rate)
		totals.TaxLines = append(totals.TaxLines, TaxLine{TaxCode: code, RateBP: rate, Base: base, Tax: tax})
	}
	totals.complete(t)
	return totals, nil
}

// Fixed are the totals of a PAID transaction, from the tax lines that were
// written when it was finalized: later rates never change an old receipt.
func Fixed(t *sale.Transaction, taxLines []TaxLine) Totals {
	totals := Totals{TaxLines: slices.Clone(taxLines)}
	for _, line := range t.Live() {
		totals.Gross += line.Gross
		totals.Discount += line.Discount
	}
	totals.complete(t)
	return totals
}

// complete fills in what follows from gross, discount, tax lines and payments.
func (totals *Totals) complete(t *sale.Transaction) {
	slices.SortFunc(totals.TaxLines, func(a, b TaxLine) int { return strings.Compare(a.TaxCode, b.TaxCode) })
	for _, line := range totals.TaxLines {
		totals.Tax += line.Tax
	}
	totals.Total = totals.Gross - totals.Discount
	totals.Subtotal = totals.Total - totals.Tax
	totals.Due = t.Due()
	for i := range t.Payments {
		if p := &t.Payments[i]; p.Status == sale.Captured {
			totals.Paid += p.Amount
			totals.Change += p.Change
		}
	}
}
