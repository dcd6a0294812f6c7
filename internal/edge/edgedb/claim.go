package edgedb

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// Claim locks and reads up to limit events above after, with the log's head, in
// one round trip.
func Claim(ctx context.Context, tx *postgres.Tx, after int64, limit int32) (rows []ClaimEventsRow, head GetHeadRow, err error) {
	b := &pgx.Batch{}
	var heads []GetHeadRow
	collect(b, &heads, getHead)
	collect(b, &rows, claimEvents, after, limit)
	if err := tx.Send(ctx, b); err != nil {
		return nil, head, err
	}
	if len(heads) != 1 {
		return nil, head, pgx.ErrNoRows
	}
	return rows, heads[0], nil
}
