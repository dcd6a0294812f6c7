package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tiem/internal/fault"
)

const (
	maxAttempts  = 4 // of a transaction that was certainly rolled back
	retryPause   = 10 * time.Millisecond
	flushTimeout = 10 * time.Second // for the queue and COMMIT, once they are on their way
)

// Tx is a transaction in progress, handed to the callback of DB.InTx and valid
// only there. It is not safe for concurrent use.
type Tx struct {
	conn  *pgx.Conn
	begun bool
	queue pgx.Batch // sent with COMMIT
	last  pgx.Batch // behind the queue, right before COMMIT
	after []func()
}

// InTx runs fn in one transaction: commit if it returns nil, else roll back and
// return its error. See the package comment for what is retried and what never
// is. Errors of PostgreSQL come back as faults.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := db.inTxOnce(ctx, fn)
		if err == nil || attempt == maxAttempts || !rolledBackForSure(err) {
			return Fault(err)
		}
		pause := time.Duration(rand.Int64N(int64(retryPause) * int64(attempt)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return Fault(ctx.Err())
		}
	}
}

func (db *DB) inTxOnce(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx := &Tx{conn: conn.Conn()}
	committed := false
	// Also on a panic: an open transaction must never go back to the pool.
	defer func() {
		if !committed {
			tx.rollback(ctx)
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	committed = true
	for _, f := range tx.after {
		f()
	}
	return nil
}

// rolledBackForSure tells whether the transaction left no trace and may be run
// again: PostgreSQL said so, or the connection died before anything was sent.
func rolledBackForSure(err error) bool {
	if fault.CodeOf(err) == codeCommitUnknown {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" // serialization_failure, deadlock_detected
	}
	return pgconn.SafeToRetry(err)
}

// Exec runs a statement now, in a round trip of its own.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := tx.begin(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	return tx.conn.Exec(ctx, sql, args...)
}

// Query runs a query now, in a round trip of its own.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := tx.begin(ctx); err != nil {
		return nil, err
	}
	return tx.conn.Query(ctx, sql, args...) //nolint:rowserrcheck // the caller reads the rows
}

// QueryRow runs a query for one row now, in a round trip of its own.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := tx.begin(ctx); err != nil {
		return failedRow{err}
	}
	return tx.conn.QueryRow(ctx, sql, args...)
}

// Send runs all statements of batch in one round trip, BEGIN among them if it
// has not been sent. Results go to the callbacks registered on the batch's
// queries (QueryRow, Query, Exec); the first error ends it.
func (tx *Tx) Send(ctx context.Context, batch *pgx.Batch) error {
	if !tx.begun {
		tx.begun = true // even if it fails half-way: then there is something to roll back
		begin := &pgx.Batch{}
		begin.Queue("begin")
		batch.QueuedQueries = append(begin.QueuedQueries, batch.QueuedQueries...)
	}
	return tx.conn.SendBatch(ctx, batch).Close()
}

// Queue adds a statement that is sent together with COMMIT, in the order of the
// calls. COMMIT follows whatever the statement finds, so a queued write must be
// certain to find its row: lock it first, or let the database raise.
func (tx *Tx) Queue(sql string, args ...any) { tx.queue.Queue(sql, args...) }

// Last adds a statement that is sent behind everything that is queued, however
// late, and right before COMMIT; several keep their order. It is for the lock
// that all transactions share: taken by the last statement, it is held for as
// long as PostgreSQL needs to commit, and nothing of ours can come in between.
// What the statement finds goes to read, which may be nil. If read fails, with
// whatever error, the transaction may have been committed nevertheless, and
// commit_unknown is what the caller gets.
func (tx *Tx) Last(sql string, read func(pgx.Row) error, args ...any) {
	q := tx.last.Queue(sql, args...)
	if read != nil {
		q.QueryRow(read)
	}
}

// AfterCommit registers f to be called once, in order, after COMMIT succeeded.
// f must not block.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

func (tx *Tx) begin(ctx context.Context) error {
	if tx.begun {
		return nil
	}
	_, err := tx.conn.Exec(ctx, "begin")
	tx.begun = err == nil
	return err
}

// flush sends the queue, the last statements and COMMIT in one round trip.
func (tx *Tx) flush(ctx context.Context) error {
	if !tx.begun && tx.queue.Len() == 0 && tx.last.Len() == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil { // nobody waits for it any more, and nothing is lost yet
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	tx.queue.QueuedQueries = append(tx.queue.QueuedQueries, tx.last.QueuedQueries...)
	var outcome pgconn.CommandTag
	tx.queue.Queue("commit").Exec(func(tag pgconn.CommandTag) error { outcome = tag; return nil })
	err := tx.Send(ctx, &tx.queue)
	if err != nil {
		return commitError(err)
	}
	if outcome.String() != "COMMIT" { // PostgreSQL answers ROLLBACK if the transaction had failed before
		return fault.New(fault.Internal, "commit_refused", "the transaction had failed before it was committed")
	}
	return nil
}

// commitError tells "certainly not committed" from "in doubt". PostgreSQL's
// word that a statement failed is certain; a connection that died, or a server
// that says it is going down (severity FATAL or PANIC), is not.
func commitError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR" {
		return err
	}
	if pgconn.SafeToRetry(err) { // nothing was sent
		return err
	}
	return fault.Wrap(err, fault.Unknown, codeCommitUnknown,
		"the database's answer to COMMIT was lost: it may or may not have happened").
		Advise("look the id up before repeating")
}

// rollback ends a failed transaction; a connection that cannot even do that is
// closed, so that the pool drops it.
func (tx *Tx) rollback(ctx context.Context) {
	if !tx.begun || tx.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if _, err := tx.conn.Exec(ctx, "rollback"); err != nil {
		_ = tx.conn.Close(ctx) // closing is all that is left to do
	}
}

// failedRow is a row of a query that could not be sent.
type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }
