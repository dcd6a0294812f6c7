package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
)

// rule is one change of a locked transaction. It changes s.t and queues the
// writes for everything but the transaction's own row, which change writes. The
// drafts it returns are appended to the outbox.
type rule func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error)

// change runs a rule on the transaction id, in one database transaction, under
// the caller's Idempotency-Key. status is the HTTP status of success. A rule that
// leaves the version as it was has changed nothing, and nothing is written.
func (d *Desk) change(ctx context.Context, by Caller, id uuid.UUID, status int, apply rule) (Reply, error) {
	return locked(ctx, d, by, id, nil, func(ctx context.Context, tx *postgres.Tx, s *stored) (int, Basket, error) {
		now := d.now() // once, after the lock: two tills' changes are timed in the order in which they happen
		before := s.t.Version
		drafts, err := apply(ctx, tx, s, now)
		if err != nil {
			return 0, Basket{}, err
		}
		if err := touch(ctx, tx, s, before, now); err != nil {
			return 0, Basket{}, err
		}
		view, err := s.view(d.Day.Date(now))
		if err != nil {
			return 0, Basket{}, err
		}
		return status, view, d.Log.Append(ctx, tx, drafts...)
	})
}

// heldBy makes a rule refuse terminals that do not hold the basket.
func heldBy(terminalID string, apply rule) rule {
	return func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		if err := s.t.HeldBy(terminalID); err != nil {
			return nil, err
		}
		return apply(ctx, tx, s, now)
	}
}

// touch writes the transaction's own row if the rule changed anything.
func touch(ctx context.Context, tx *postgres.Tx, s *stored, before int32, now time.Time) error {
	if s.t.Version == before {
		return nil
	}
	return edgedb.New().TouchTransaction(ctx, tx.Queued(), edgedb.TouchTransactionParams{ID: s.t.ID, Status: string(s.t.Status), TerminalID: s.t.TerminalID,
		CashierID: s.t.CashierID, LastLineNo: s.t.LastLineNo, Version: s.t.Version, UpdatedAt: now,
		ResumedAt: s.t.ResumedAt})
}
