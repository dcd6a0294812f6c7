package hqdb

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
)

// Stream is a store's log as HQ has it, locked for the transaction that read it.
type Stream struct {
	LockStreamRow
	Known bool                // the store exists
	Run   []InboxHashesRow    // what HQ holds of the ids asked for, ascending
	Held  map[uuid.UUID]int64 // aggregates (of those asked for) with events set aside, and the first of each
}

// Sender is a transaction that runs a batch in one round trip.
type Sender interface {
	Send(ctx context.Context, batch *pgx.Batch) error
}

// OpenStream locks the store's stream and reads, in the same round trip, what
// HQ holds of the ids firstID to lastID and which of the aggregates are held up.
// The reads see all that was committed before the lock was had.
func OpenStream(ctx context.Context, tx Sender, storeID string, firstID, lastID int64, aggregates []uuid.UUID) (Stream, error) {
	s := Stream{Held: map[uuid.UUID]int64{}}
	batch := &pgx.Batch{}
	batch.Queue(lockStream, storeID).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&s.Epoch, &s.ReceivedUpto, &s.ChainHash)
		s.Known = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	batch.Queue(inboxHashes, storeID, firstID, lastID).Query(func(rows pgx.Rows) (err error) {
		s.Run, err = pgx.CollectRows(rows, pgx.RowToStructByPos[InboxHashesRow])
		return err
	})
	batch.Queue(heldAggregates, storeID, aggregates).Query(func(rows pgx.Rows) error {
		held, err := pgx.CollectRows(rows, pgx.RowToStructByPos[HeldAggregatesRow])
		for _, h := range held {
			s.Held[h.AggregateID] = h.FirstID
		}
		return err
	})
	return s, tx.Send(ctx, batch)
}

// Glance is tx, which only looks, with a limit on how long its statements wait
// for a lock each; what waits longer fails with lock_not_available. A lock on a row
// is a write to PostgreSQL, but nobody needs it on the disk: its COMMIT does not
// wait for that.
func Glance(tx Sender, limit time.Duration) Sender { return glance{tx, limit} }

type glance struct {
	tx    Sender
	limit time.Duration
}

// Send implements Sender. The setting lasts until the transaction ends.
func (g glance) Send(ctx context.Context, batch *pgx.Batch) error {
	all := &pgx.Batch{}
	all.Queue("select set_config('lock_timeout', $1, true), set_config('synchronous_commit', 'off', true)", strconv.FormatInt(g.limit.Milliseconds(), 10))
	all.QueuedQueries = append(all.QueuedQueries, batch.QueuedQueries...)
	return g.tx.Send(ctx, all)
}
