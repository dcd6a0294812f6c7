// Package payment is what checkout asks of a payment provider, and nothing of
// how one works: each provider has a folder of its own.
//
// A provider is remote: it can be slow, be down, or do what was asked and lose
// the answer. So nobody calls it with a database transaction open. The intent
// (a PENDING payment) is committed first, then Create is called with the
// payment's id, and a repeated Create with the same id must not charge twice.
package payment

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
)

// Intent is what a customer is about to pay.
type Intent struct {
	PaymentID     uuid.UUID // the idempotency key at the provider
	TransactionID uuid.UUID
	StoreID       string
	TerminalID    string
	Amount        money.Amount // minor units
	Currency      string
	CreatedAt     time.Time
}

// Charge is what the provider made of an intent.
type Charge struct {
	Reference string    // the provider's own id
	QRPayload string    // what the customer's phone scans
	ExpiresAt time.Time // after which it cannot be paid any more
}

// Provider makes QR charges.
type Provider interface {
	// Name is how payments, events and requests call the provider, such as "fake".
	Name() string
	// Create registers the intent and returns what to show to the customer. A
	// fault of kind Unknown means that it may or may not have been registered.
	Create(ctx context.Context, intent Intent) (Charge, error)
}
