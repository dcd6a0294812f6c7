package edgedb

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// This file and its neighbours pipeline_*.go send several generated statements
// in one round trip. The SQL is sqlc's; only the trip is ours.

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

// QueueKey stores an idempotency key's answer together with COMMIT.
func QueueKey(tx *postgres.Tx, p InsertIdempotencyKeyParams) {
	tx.Queue(insertIdempotencyKey, p.TerminalID, p.Key, p.RequestHash, p.Status, p.Body, p.CreatedAt)
}

// QueueFinalize makes the transaction PAID together with COMMIT. The tax lines
// go first: once the transaction is PAID the database refuses them.
func QueueFinalize(tx *postgres.Tx, p FinalizeTransactionParams, taxLines []InsertTaxLineParams) {
	for _, t := range taxLines {
		tx.Queue(insertTaxLine, t.TransactionID, t.TaxCode, t.RateBp, t.Base, t.Tax)
	}
	tx.Queue(finalizeTransaction, p.ID, p.UpdatedAt, p.BusinessDate, p.ReceiptSeq, p.ReceiptNo, p.Gross, p.Discount, p.Tax, p.Total)
}

// QueueTouch writes the transaction's own row together with COMMIT.
func QueueTouch(tx *postgres.Tx, p TouchTransactionParams) {
	tx.Queue(touchTransaction, p.ID, p.Status, p.TerminalID, p.LastLineNo, p.Version, p.UpdatedAt)
}

// QueueLine inserts a line together with COMMIT.
func QueueLine(tx *postgres.Tx, p InsertLineParams) {
	tx.Queue(insertLine, p.TransactionID, p.LineNo, p.StoreID, p.TerminalID, p.CashierID, p.ItemID, p.SKU, p.Name, p.Unit, p.Category,
		p.Barcode, p.AgeRestricted, p.QuantityMilli, p.UnitPrice, p.Gross, p.TaxCode, p.AddedAt)
}

// QueueLineChange writes a line's quantity, gross and removal together with COMMIT.
func QueueLineChange(tx *postgres.Tx, p UpdateLineParams) {
	tx.Queue(updateLine, p.TransactionID, p.LineNo, p.QuantityMilli, p.Gross, p.RemovedAt)
}

// QueuePayment inserts a payment together with COMMIT.
func QueuePayment(tx *postgres.Tx, p InsertPaymentParams) {
	tx.Queue(insertPayment, p.ID, p.TransactionID, p.StoreID, p.TerminalID, p.CashierID, p.ShiftID, p.Method, p.Provider, p.Reference,
		p.Status, p.Amount, p.Tendered, p.QRPayload, p.ExpiresAt, p.CreatedAt, p.CapturedAt)
}

// QueuePaymentChange writes a payment's state together with COMMIT.
func QueuePaymentChange(tx *postgres.Tx, p UpdatePaymentParams) {
	tx.Queue(updatePayment, p.ID, p.Status, p.Reference, p.QRPayload, p.ExpiresAt, p.UpdatedAt, p.CapturedAt)
}

// QueuePaymentException records money that came in for nothing, together with COMMIT.
func QueuePaymentException(tx *postgres.Tx, p InsertPaymentExceptionParams) {
	tx.Queue(insertPaymentException, p.ID, p.PaymentID, p.TransactionID, p.StoreID, p.TerminalID, p.CashierID, p.Reported, p.FoundStatus,
		p.ReportedAt)
}

// QueueEvents inserts events and moves the head to the last of them, together
// with COMMIT.
func QueueEvents(tx *postgres.Tx, events []InsertEventParams) {
	for _, e := range events {
		tx.Queue(insertEvent, e.ID, e.StoreID, e.Epoch, e.EventID, e.AggregateID, e.Type, e.Version, e.OccurredAt, e.TerminalID, e.CashierID,
			e.BusinessDate, e.Payload, e.Hash, e.Traceparent)
	}
	last := events[len(events)-1]
	tx.Queue(advanceHead, last.ID, last.Hash)
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

// Claim locks and reads up to limit events above after, with the store's epoch,
// in one round trip.
func Claim(ctx context.Context, tx *postgres.Tx, after int64, limit int32) (rows []ClaimEventsRow, epoch int64, err error) {
	b := &pgx.Batch{}
	var heads []GetHeadRow
	collect(b, &heads, getHead)
	collect(b, &rows, claimEvents, after, limit)
	if err := tx.Send(ctx, b); err != nil {
		return nil, 0, err
	}
	if len(heads) != 1 {
		return nil, 0, pgx.ErrNoRows
	}
	return rows, heads[0].Epoch, nil
}

// QueuePublished marks every event up to upto published, notes why HQ set some
// aside, and moves the cursors, together with COMMIT.
func QueuePublished(tx *postgres.Tx, upto int64, setAside []wire.EventError) {
	tx.Queue(markPublished, upto)
	for _, e := range setAside {
		tx.Queue(markEventError, e.Code+": "+e.Message, e.ID)
	}
	tx.Queue(setCursor, "uplink.acked", upto)
	tx.Queue(raiseCursor, "uplink.published", upto)
}
