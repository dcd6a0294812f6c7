package edgedb

import (
	"context"
	"errors"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tiem/internal/postgres"
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

// SaleRows is everything stored about one transaction.
type SaleRows struct {
	Found       bool // else there is no such transaction, and nothing below is set
	Transaction GetTransactionRow
	Lines       []LinesOfRow
	Payments    []PaymentsOfRow
}

// LockSale queues statements that lock the transaction and read all of it into rows.
func LockSale(b *pgx.Batch, id uuid.UUID, rows *SaleRows) { saleBatch(b, rows, lockTransaction, id) }

// Rates queues the reading of all tax rates.
func Rates(b *pgx.Batch, rates *[]AllRatesRow) { collect(b, rates, allRates) }

// OpenSale queues the insert of a transaction, of which inserted becomes 1 unless
// the id is taken, and then LockSale.
func OpenSale(b *pgx.Batch, t InsertTransactionParams, inserted *int64, rows *SaleRows) {
	b.Queue(insertTransaction, t.ID, t.StoreID, t.TerminalID, t.CashierID, t.Currency, t.CreatedAt).Exec(func(tag pgconn.CommandTag) error {
		*inserted = tag.RowsAffected()
		return nil
	})
	LockSale(b, t.ID, rows)
}

// ReadSale queues statements that read all of a transaction without locking it.
// It is one snapshot only as far as each statement is; a reader that must not
// see a change half-way locks.
func ReadSale(b *pgx.Batch, id uuid.UUID, rows *SaleRows) { saleBatch(b, rows, getTransaction, id) }

func saleBatch(b *pgx.Batch, rows *SaleRows, head string, id uuid.UUID) {
	*rows = SaleRows{}
	one(b, func(row GetTransactionRow) { rows.Found, rows.Transaction = true, row }, head, id)
	collect(b, &rows.Lines, linesOf, id)
	collect(b, &rows.Payments, paymentsOf, id)
}

// TakeStock queues the taking of stock and of a receipt number for a basket; see
// the function take_stock. taken stays zero if the basket is not the till's open one.
func TakeStock(b *pgx.Batch, sale uuid.UUID, till string, at time.Time, taken *TakeStockRow) {
	*taken = TakeStockRow{}
	one(b, func(row TakeStockRow) { *taken = row }, takeStock, sale, till, at)
}

// Holder queues the look-up of the terminal that a token belongs to; *terminalID
// stays empty if it is nobody's.
func Holder(b *pgx.Batch, tokenHash []byte, terminalID *string) {
	*terminalID = ""
	b.Queue(terminalByToken, tokenHash).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(terminalID); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// LockKey queues the lock of an idempotency key and its look-up; found is
// called if an answer is stored.
func LockKey(b *pgx.Batch, terminalID, key string, found func(GetIdempotencyKeyRow)) {
	b.Queue(lockIdempotencyKey, terminalID, key)
	one(b, found, getIdempotencyKey, terminalID, key)
}

// Append queues events to be written as the transaction's last statement;
// appended is told the id of the last of them, at COMMIT.
func Append(tx *postgres.Tx, events AppendEventsParams, appended func(lastID int64)) {
	tx.Last(appendEvents, func(row pgx.Row) error {
		var last int64
		if err := row.Scan(&last); err != nil {
			return err
		}
		appended(last)
		return nil
	}, events.EventIds, events.AggregateIds, events.Types, events.Versions, events.OccurredAts, events.TerminalIds, events.CashierIds,
		events.BusinessDates, events.Payloads, events.Traceparents, events.Tails)
}

// Date turns a business date, YYYY-MM-DD, into what the driver calls a date.
func Date(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }

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
