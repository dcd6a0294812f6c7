package outbox

import (
	"context"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Keep is how long an event stays after HQ has acknowledged it. An HQ that is
// restored from a backup no older than that is sent again what it lost.
const Keep = 35 * 24 * time.Hour

const (
	retireBatch = 500 // events of one statement
	retireMost  = 100 // batches of one round: 50,000 events, weeks of a busy shop
)

// Retire deletes what HQ acknowledged longer than Keep before now, oldest first,
// in small transactions with pauses, and returns how many events those were.
// What is left over for want of time goes with the next round.
//
// Only the log's low end goes, without a gap, and only below HQ's watermark as
// last heard: the watermark's own event stays, so that the relay can go on
// comparing its hash with HQ's, and with it the newest event. An HQ that fell
// back is still owed everything behind its watermark, however old.
//
// What does not verify is evidence and is not deleted: a fault of kind Internal,
// outbox_broken.
func (l *Log) Retire(ctx context.Context, db *postgres.DB, now time.Time) (int64, error) {
	return postgres.Gently(ctx, retireMost, func(ctx context.Context) (done int64, more bool, err error) {
		err = db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
			done, err = retire(ctx, tx, now.Add(-Keep))
			return err
		})
		if err != nil {
			return 0, false, err
		}
		return done, done == retireBatch, nil
	})
}

// retire deletes one batch. The lock on outbox_start makes retirements one after
// another; nothing that a sale does waits for it. The DELETE itself moves the
// log's start (a trigger, migration 00005).
func retire(ctx context.Context, tx *postgres.Tx, before time.Time) (int64, error) {
	q := edgedb.New()
	start, err := q.LockStart(ctx, tx)
	if err != nil {
		return 0, err
	}
	if err := q.HoldCursors(ctx, tx); err != nil {
		return 0, err
	}
	at, err := q.GetPosition(ctx, tx)
	if err != nil {
		return 0, err
	}
	upto := min(at.Acked, at.Published, at.LastID) - 1
	if upto < 1 { // 0 would mean "no bound" to the query
		return 0, nil
	}
	entries, err := list(ctx, tx, start.FirstID-1, upto, retireBatch)
	if err != nil {
		return 0, err
	}
	last, err := retirable(entries, start.FirstID, wire.Hash(start.PrevHash), before)
	if err != nil || last < start.FirstID {
		return 0, err
	}
	return q.RetireEvents(ctx, tx, start.FirstID, last)
}

// retirable is the id up to which the oldest entries may go: those that were
// published before the given time, up to the first that was not. The first entry
// must be event first, and follow prev.
func retirable(entries []Entry, first int64, prev wire.Hash, before time.Time) (int64, error) {
	last := first - 1
	for i := range entries {
		e := &entries[i]
		if e.PublishedAt == nil || !e.PublishedAt.Before(before) {
			break
		}
		if e.Chain(prev) != e.Hash { // the id is part of what is hashed
			return 0, fault.New(fault.Internal, "outbox_broken", "event %d is missing or not what was written, so nothing is retired", last+1).
				Advise("run store-edge outbox verify; see docs/sync-protocol.md, «Recovery»")
		}
		last, prev = e.ID, e.Hash
	}
	return last, nil
}
