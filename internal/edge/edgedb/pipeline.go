package edgedb

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

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

// SaleRows is everything stored about one transaction, and the tax rates.
type SaleRows struct {
	Transaction LockTransactionRow
	Lines       []LinesOfRow
	Payments    []PaymentsOfRow
	TaxLines    []TaxLinesOfRow // only once PAID
	Rates       []AllRatesRow
}

// LoadSale locks the transaction and reads all of it in one round trip.
// A transaction that does not exist is pgx.ErrNoRows.
func LoadSale(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (SaleRows, error) {
	var rows SaleRows
	b := saleBatch(&rows, lockTransaction, id)
	return rows, tx.Send(ctx, b)
}

// ReadSale reads all of a transaction without locking it, in one round trip. It
// is one snapshot only as far as each statement is; a reader that must not see
// a change half-way locks.
func ReadSale(ctx context.Context, db *postgres.DB, id uuid.UUID) (SaleRows, error) {
	var rows SaleRows
	b := saleBatch(&rows, getTransaction, id)
	return rows, db.Pool().SendBatch(ctx, b).Close()
}

func saleBatch(rows *SaleRows, head string, id uuid.UUID) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue(head, id).Query(func(r pgx.Rows) error {
		var err error
		rows.Transaction, err = pgx.CollectExactlyOneRow(r, pgx.RowToStructByPos[LockTransactionRow])
		return err
	})
	collect(b, &rows.Lines, linesOf, id)
	collect(b, &rows.Payments, paymentsOf, id)
	collect(b, &rows.TaxLines, taxLinesOf, id)
	collect(b, &rows.Rates, allRates)
	return b
}

// StockTake is one item's quantity to take off stock, in thousandths.
type StockTake struct {
	ItemID        uuid.UUID
	QuantityMilli int64
}

// TakeStock takes the quantities off stock, in the order given (sort by item),
// counts the terminal's receipt number up and returns the balances and the
// number, in one round trip: rows that are updated by key in a pipeline beat a
// joined update, which is planned as a scan of the whole inventory.
func TakeStock(ctx context.Context, tx *postgres.Tx, takes []StockTake, terminalID string, at time.Time) ([]int64, int64, error) {
	b := &pgx.Batch{}
	balances := make([]int64, len(takes))
	for i, take := range takes {
		b.Queue(takeStock, take.QuantityMilli, at, take.ItemID).QueryRow(func(row pgx.Row) error {
			return row.Scan(&balances[i])
		})
	}
	var seq int64
	b.Queue(nextReceipt, terminalID).QueryRow(func(row pgx.Row) error { return row.Scan(&seq) })
	return balances, seq, tx.Send(ctx, b)
}

// LockKey takes the lock of an idempotency key and looks the key up, in one
// round trip; found is false if no answer is stored.
func LockKey(ctx context.Context, tx *postgres.Tx, terminalID, key string) (row GetIdempotencyKeyRow, found bool, err error) {
	b := &pgx.Batch{}
	b.Queue(lockIdempotencyKey, terminalID, key)
	var rows []GetIdempotencyKeyRow
	collect(b, &rows, getIdempotencyKey, terminalID, key)
	if err := tx.Send(ctx, b); err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
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
