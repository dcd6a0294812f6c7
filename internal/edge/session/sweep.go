package session

import (
	"context"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
)

// How long what is over is kept: sessions, approvals and pairing codes for a
// week, so that somebody who looks into a matter finds them beside the audit
// log; wrong PINs for a day without another one.
const (
	keep         = 7 * 24 * time.Hour
	keepAttempts = 24 * time.Hour

	sweepBatch = 500 // rows of one statement
	sweepMost  = 100 // batches of one round
)

// Sweep drops what has been over for long, in small batches that let the tills
// through, and returns how many rows there were.
func Sweep(ctx context.Context, db *postgres.DB, now time.Time) (int64, error) {
	q := edgedb.New()
	var total int64
	for _, old := range []struct {
		drop   func(context.Context, edgedb.DBTX, time.Time, int32) (int64, error)
		before time.Time
	}{
		{q.DropOldSessions, now.Add(-keep)}, {q.DropOldApprovals, now.Add(-keep)}, {q.DropOldPairingCodes, now.Add(-keep)},
		{q.DropOldAttempts, now.Add(-keepAttempts)},
	} {
		n, err := postgres.Gently(ctx, sweepMost, func(ctx context.Context) (int64, bool, error) {
			n, err := old.drop(ctx, db, old.before, sweepBatch)
			return n, n == sweepBatch, err
		})
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
