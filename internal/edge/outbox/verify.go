package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Report is what a verification found.
type Report struct {
	Events  int64     `json:"events"`             // that were read and verify
	FirstID int64     `json:"first_id,omitempty"` // of them
	LastID  int64     `json:"last_id,omitempty"`
	Hash    wire.Hash `json:"hash"`              // of LastID
	BadID   int64     `json:"bad_id,omitempty"`  // the first row that does not verify; 0: all is well
	Problem string    `json:"problem,omitempty"` // what is wrong with it
	Trusted bool      `json:"trusted_start"`     // the chain was checked from where the log begins, not from somewhere in it
}

// Verify recomputes the chain from the oldest event that is kept to the head
// and names the first row that was changed, removed or put in. Where the log
// begins, and behind which hash, stands in outbox_start: retention moves it, and
// a low end that was cut off or changed otherwise is found like everything else.
func (l *Log) Verify(ctx context.Context, db *postgres.DB) (Report, error) { return verify(ctx, db, 0) }

// VerifyLast is Verify of the newest events only, n or as many as there are, and
// of the log's oldest event. The hash of the event before them is believed.
func (l *Log) VerifyLast(ctx context.Context, db *postgres.DB, n int64) (Report, error) {
	return verify(ctx, db, max(n, 1))
}

// verify reads in one snapshot: retention and sales go on meanwhile.
func verify(ctx context.Context, db *postgres.DB, newest int64) (Report, error) {
	var v verification
	err := db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		v = verification{tx: tx}
		if _, err := tx.Exec(ctx, "set transaction isolation level repeatable read, read only; set local statement_timeout = 0"); err != nil {
			return err
		}
		return v.run(ctx, newest)
	})
	return v.Report, err
}

// verification is one walk over the log.
type verification struct {
	Report

	tx   *postgres.Tx
	head edgedb.GetPositionRow
}

func (v *verification) run(ctx context.Context, newest int64) error {
	q := edgedb.New()
	var err error
	if v.head, err = q.GetPosition(ctx, v.tx); err != nil {
		return err
	}
	start, err := q.GetStart(ctx, v.tx)
	if err != nil {
		return err
	}
	v.LastID, v.Hash, v.Trusted = start.FirstID-1, wire.Hash(start.PrevHash), true
	if v.LastID > v.head.Published { // retention retires only what HQ has
		v.bad(v.head.Published+1, "events up to %d are said to be retired, and HQ has only %d of them", v.LastID, v.head.Published)
		return nil
	}
	if middle := v.head.LastID - newest; newest > 0 && middle > v.LastID {
		if err := v.skip(ctx, middle); err != nil || v.BadID != 0 {
			return err
		}
	}
	return v.walk(ctx)
}

// skip goes on behind event id, whose hash it believes; the oldest event is
// still looked at.
func (v *verification) skip(ctx context.Context, id int64) error {
	if err := v.page(ctx, 0, 1); err != nil || v.BadID != 0 {
		return err
	}
	hash, err := edgedb.New().HashOf(ctx, v.tx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && len(hash) != len(wire.Hash{}) {
		v.bad(id, "event %d is missing", id)
		return nil
	}
	if err != nil {
		return err
	}
	v.Report = Report{LastID: id, Hash: wire.Hash(hash)}
	return nil
}

// walk checks everything behind LastID, and the head.
func (v *verification) walk(ctx context.Context) error {
	const size = 1000
	after := int64(0) // below the start nothing may be
	if !v.Trusted {
		after = v.LastID
	}
	for {
		seen := v.Events
		if err := v.page(ctx, after, size); err != nil || v.BadID != 0 {
			return err
		}
		if v.Events < seen+size {
			break
		}
		after = v.LastID
	}
	v.checkHead()
	return nil
}

func (v *verification) page(ctx context.Context, after int64, size int32) error {
	entries, err := list(ctx, v.tx, after, 0, size)
	if err != nil {
		return err
	}
	for i := range entries {
		if v.check(&entries[i].Event); v.BadID != 0 {
			return nil
		}
	}
	return nil
}

func (v *verification) check(e *wire.Event) {
	switch next := v.LastID + 1; {
	case e.ID < next:
		v.bad(e.ID, "event %d is there, and the log begins with event %d", e.ID, next)
	case e.ID > next:
		v.bad(next, "event %d is missing: the next one is %d", next, e.ID)
	case e.Chain(v.Hash) != e.Hash:
		v.bad(e.ID, "event %d is not what was written: its hash does not follow from its content", e.ID)
	default:
		if v.Events == 0 {
			v.FirstID = e.ID
		}
		v.Events++
		v.LastID, v.Hash = e.ID, e.Hash
	}
}

// checkHead finds a tail that was deleted or put in: the head remembers it.
func (v *verification) checkHead() {
	switch {
	case v.LastID < v.head.LastID:
		v.bad(v.LastID+1, "event %d is missing: the head says that there are %d", v.LastID+1, v.head.LastID)
	case v.LastID > v.head.LastID: // all of this was read in one snapshot
		v.bad(v.head.LastID+1, "event %d is there, and the head says that there are %d", v.head.LastID+1, v.head.LastID)
	case v.Hash != wire.Hash(v.head.LastHash):
		v.bad(v.LastID, "the head's hash is not the last event's")
	}
}

func (v *verification) bad(id int64, format string, args ...any) {
	v.BadID, v.Problem = id, fmt.Sprintf(format, args...)
}
