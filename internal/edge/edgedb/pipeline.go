package edgedb

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// This file sends several generated statements in one round trip. The SQL is
// sqlc's; only the trip is ours.

// collect queues sql and appends its rows to *into, columns by position, as the
// generated row types have them.
func collect[T any](b *pgx.Batch, into *[]T, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		*into = got
		return err
	})
}

// one queues sql, which finds one row or none, and hands the row to found.
func one[T any](b *pgx.Batch, found func(T), sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[T])
		if err == nil {
			found(row)
		}
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
}

// Date turns a business date, YYYY-MM-DD, into what the driver calls a date.
func Date(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }
