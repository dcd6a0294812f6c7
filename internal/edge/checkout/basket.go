package checkout

import (
	"github.com/gofrs/uuid/v5"

	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// Basket is a transaction as the API shows it, with its totals.
type Basket struct {
	sale.Transaction
	Totals pricing.Totals `json:"totals"`
}

// stored is a transaction as it was read, with what totals need.
type stored struct {
	t        sale.Transaction
	rates    pricing.RateTable
	taxLines []pricing.TaxLine    // only once PAID
	takenBy  map[uuid.UUID]string // the cashier who took a payment, by its id
	acting   string               // the cashier who asks; if nobody does, because a provider reports, the basket's
}

// view computes the totals: at the rates of the business date given for an open
// basket, as fixed for a PAID one.
func (s *stored) view(businessDate string) (Basket, error) {
	if s.t.Status == sale.Paid {
		return Basket{Transaction: s.t, Totals: pricing.Fixed(&s.t, s.taxLines)}, nil
	}
	totals, err := pricing.Compute(&s.t, s.rates.On(businessDate))
	return Basket{Transaction: s.t, Totals: totals}, err
}
