package pricing

// DatedRate is a tax code's rate from a business date on, until the code's next.
type DatedRate struct {
	TaxCode   string
	ValidFrom string // YYYY-MM-DD
	RateBP    int32  // basis points
}

// RateTable is every rate there is, in any order.
type RateTable []DatedRate

// On are the rates of a business date, YYYY-MM-DD: for each code the one that
// started last, on that day or before.
func (table RateTable) On(businessDate string) Rates {
	rates := Rates{}
	since := map[string]string{}
	for _, r := range table {
		if r.ValidFrom <= businessDate && r.ValidFrom >= since[r.TaxCode] {
			rates[r.TaxCode], since[r.TaxCode] = r.RateBP, r.ValidFrom
		}
	}
	return rates
}
