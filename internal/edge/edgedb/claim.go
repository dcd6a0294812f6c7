package edgedb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// Claim locks and reads up to limit events above after, in one round trip. The
// locks are written to the log of the database; COMMIT does not wait for that.
func Claim(ctx context.Context, tx *postgres.Tx, after int64, limit int32) (rows []ClaimEventsRow, err error) {
	b := &pgx.Batch{}
	b.Queue(commitLater)
	collect(b, &rows, claimEvents, after, limit)
	return rows, tx.Send(ctx, b)
}
