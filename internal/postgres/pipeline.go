package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tiem/internal/fault"
)

// Pipeline is a handle that only queues: a generated :exec query that is given
// one costs no round trip until the queue is sent. What the statement finds
// comes back when it is; a query that wants rows is refused.
type Pipeline func(sql string, args ...any)

// Queued is the transaction's queue as a handle for generated queries.
func (tx *Tx) Queued() Pipeline { return tx.Queue }

// IntoBatch is a pipeline that fills batch.
func IntoBatch(batch *pgx.Batch) Pipeline {
	return func(sql string, args ...any) { batch.Queue(sql, args...) }
}

// Exec queues the statement; it never fails, and its tag is empty.
func (p Pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query refuses: rows come too late.
func (Pipeline) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errNoRowsYet }

// QueryRow refuses: rows come too late.
func (Pipeline) QueryRow(context.Context, string, ...any) pgx.Row { return failedRow{errNoRowsYet} }

var errNoRowsYet = fault.New(fault.Internal, "queued_query", "a statement that is queued returns no rows")
