package edgedb

import (
	"context"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// LoadOpenings sets the opening stock of items that have none, in the order
// given, and returns their balances.
func LoadOpenings(ctx context.Context, tx *postgres.Tx, ids []uuid.UUID, quantities []int64) ([]int64, error) {
	b := &pgx.Batch{}
	balances := make([]int64, len(ids))
	for i, id := range ids {
		b.Queue(loadOpening, quantities[i], id).QueryRow(func(row pgx.Row) error { return row.Scan(&balances[i]) })
	}
	return balances, tx.Send(ctx, b)
}
