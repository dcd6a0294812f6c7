package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/catalog"
	"tiem/internal/edge/idempotency"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/payment"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Desk is the checkout of one store; all tills share it.
type Desk struct {
	DB        *postgres.DB
	Log       *outbox.Log
	Catalog   *catalog.Catalog
	People    *staff.People
	Providers map[string]payment.Provider // by name; none: QR is refused
	StoreID   string
	Currency  string
	Day       sale.Calendar
	Now       func() time.Time

	rates rateCache
}

// Caller is the terminal that asks, who is signed in there, and the call's
// Idempotency-Key.
type Caller struct {
	TerminalID string
	Cashier    staff.Actor
	Approval   []byte // hash of the X-Approval token; nil: none (staff.Ask)
	Once       idempotency.Request
}

// Reply is the answer to a change, fresh or remembered.
type Reply = idempotency.Reply[Basket]

// now is the clock in UTC and to the microsecond, which is what PostgreSQL keeps.
func (d *Desk) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// Get returns a transaction with its totals; transaction_not_found (404).
func (d *Desk) Get(ctx context.Context, id uuid.UUID) (Basket, error) {
	s, err := d.read(ctx, id)
	if err != nil {
		return Basket{}, err
	}
	return s.view(d.Day.Date(d.now()))
}

var errNotFound = fault.New(fault.NotFound, "transaction_not_found", "there is no such transaction").At("id")
