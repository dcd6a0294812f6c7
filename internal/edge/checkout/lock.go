package checkout

import (
	"context"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/postgres"
	"tiem/internal/pricing"
)

// locked runs fn in one database transaction, under the caller's
// Idempotency-Key, on a transaction that is locked and read: from there on
// nobody else changes it, its lines or its payments. also, which may be nil,
// queues what is to travel behind the lock in the same round trip.
func locked[T any](ctx context.Context, d *Desk, by Caller, id uuid.UUID, also func(*pgx.Batch),
	fn func(ctx context.Context, tx *postgres.Tx, s *stored) (int, T, error),
) (idempotency.Reply[T], error) {
	var read reading
	open := func(b *pgx.Batch) {
		edgedb.LockSale(b, id, &read.rows)
		d.readRates(b, &read)
		if also != nil {
			also(b)
		}
	}
	return idempotency.Run(ctx, d.DB, by.Once, d.Now, open,
		func(ctx context.Context, tx *postgres.Tx) (status int, body T, err error) {
			s, err := d.restore(&read)
			if err != nil {
				return 0, body, err
			}
			if s.acting = by.Cashier.CashierID; s.acting == "" {
				s.acting = s.t.CashierID
			}
			return fn(ctx, tx, s)
		})
}

// reading is a transaction as it comes from the database.
type reading struct {
	rows  edgedb.SaleRows
	rates pricing.RateTable    // nil: they had to be read
	fresh []edgedb.AllRatesRow // then these are they
}

// readRates queues the reading of the tax rates, unless they are known.
func (d *Desk) readRates(b *pgx.Batch, read *reading) {
	if read.rates = d.rates.known(); read.rates == nil {
		edgedb.Rates(b, &read.fresh)
	}
}

func (d *Desk) read(ctx context.Context, id uuid.UUID) (*stored, error) {
	var read reading
	b := &pgx.Batch{}
	edgedb.ReadSale(b, id, &read.rows)
	d.readRates(b, &read)
	if err := d.DB.SendBatch(ctx, b); err != nil {
		return nil, postgres.Fault(err)
	}
	return d.restore(&read)
}
