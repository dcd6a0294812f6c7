// Package fake is a payment provider for demos and tests: it charges nobody.
// Its QR says so to everybody who scans it. A payment is captured by the demo's
// simulate call or after a set time (FAKE_CAPTURE_AFTER); both are refused
// unless the edge runs as a demo.
package fake

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"tiem/internal/payment"
)

// Name is the provider's name.
const Name = "fake"

// Lifetime is how long a fake charge can be paid.
const Lifetime = 15 * time.Minute

// Provider makes charges that exist nowhere else.
type Provider struct{}

// Name implements payment.Provider.
func (Provider) Name() string { return Name }

// Create implements payment.Provider; it is a pure function of the intent, so
// repeating it is harmless.
func (Provider) Create(_ context.Context, in payment.Intent) (payment.Charge, error) {
	expires := in.CreatedAt.Add(Lifetime)
	qr, err := json.Marshal(struct {
		Notice    string `json:"notice"`
		Provider  string `json:"provider"`
		PaymentID string `json:"payment_id"`
		Store     string `json:"store"`
		Amount    int64  `json:"amount"`
		Currency  string `json:"currency"`
		Expires   string `json:"expires_at"`
	}{"DEMO - not a payment", Name, in.PaymentID.String(), in.StoreID, int64(in.Amount), in.Currency, expires.UTC().Format(time.RFC3339)})
	if err != nil {
		return payment.Charge{}, err
	}
	return payment.Charge{Reference: "FAKE-" + in.PaymentID.String(), QRPayload: string(qr), ExpiresAt: expires}, nil
}
