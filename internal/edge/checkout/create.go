package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Opening is a till's wish for a new basket.
type Opening struct {
	ID        uuid.UUID // the client's; the zero UUID: mint one
	CashierID string
}

// Create opens a DRAFT. The same id again, by the same terminal and cashier, is
// the same transaction, with status 200 instead of 201; by anybody else it is a
// conflict, because the id was not theirs to use.
func (d *Desk) Create(ctx context.Context, by Caller, opening Opening) (Reply, error) {
	if opening.ID.IsNil() {
		var err error
		if opening.ID, err = uuid.NewV7(); err != nil {
			return Reply{}, fault.Wrap(err, fault.Internal, "no_randomness", "no transaction id could be made")
		}
	}
	return d.insert(ctx, by, opening)
}

// insert writes the row, or finds the one that is there.
func (d *Desk) insert(ctx context.Context, by Caller, opening Opening) (Reply, error) {
	var now time.Time
	var inserted int64
	var read reading
	open := func(b *pgx.Batch) {
		now, inserted = d.now(), 0
		edgedb.OpenSale(b, edgedb.InsertTransactionParams{ID: opening.ID, StoreID: d.StoreID, TerminalID: by.TerminalID,
			CashierID: opening.CashierID, Currency: d.Currency, CreatedAt: now}, &inserted, &read.rows)
		d.readRates(b, &read)
	}
	return idempotency.Run(ctx, d.DB, by.Once, d.Now, open, func(context.Context, *postgres.Tx) (int, Basket, error) {
		s, err := d.restore(&read)
		if err != nil {
			return 0, Basket{}, err
		}
		if inserted == 0 && (s.t.OpenedBy != opening.CashierID || s.t.HeldBy(by.TerminalID) != nil) {
			return 0, Basket{}, fault.New(fault.Conflict, "transaction_id_conflict", "another basket has this id").
				At("id").Advise("mint a new UUIDv7 for a new basket")
		}
		view, err := s.view(d.Day.Date(now))
		if inserted == 0 {
			return 200, view, err
		}
		return 201, view, err
	})
}
