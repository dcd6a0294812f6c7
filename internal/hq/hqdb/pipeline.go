package hqdb

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Pipeline is a handle that only queues: a generated :exec query that is given
// one costs no round trip until the queue is sent. What the query finds comes
// back when it is.
type Pipeline func(sql string, args ...any)

// IntoBatch is a pipeline that fills batch.
func IntoBatch(batch *pgx.Batch) Pipeline {
	return func(sql string, args ...any) { batch.Queue(sql, args...) }
}

// Exec queues the statement; it never fails.
func (p Pipeline) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	p(sql, args...)
	return pgconn.CommandTag{}, nil
}

var errNoAnswer = errors.New("a pipeline has no answers: use the transaction")

// Query fails: a queue cannot answer.
func (Pipeline) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errNoAnswer }

// QueryRow fails: a queue cannot answer.
func (Pipeline) QueryRow(context.Context, string, ...any) pgx.Row { return noRow{} }

type noRow struct{}

func (noRow) Scan(...any) error { return errNoAnswer }
