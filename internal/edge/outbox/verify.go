package outbox

import (
	"context"
	"fmt"

	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Report is what Verify found.
type Report struct {
	Events  int64     `json:"events"`             // that were read and verify
	FirstID int64     `json:"first_id,omitempty"` // the oldest event still kept
	LastID  int64     `json:"last_id,omitempty"`
	Hash    wire.Hash `json:"hash"`              // of LastID
	BadID   int64     `json:"bad_id,omitempty"`  // the first row that does not verify; 0: all is well
	Problem string    `json:"problem,omitempty"` // what is wrong with it
	Trusted bool      `json:"trusted_start"`     // the chain was checked from event 1, not from an oldest kept one
}

// Verify recomputes the chain from the oldest event that is kept to the head
// and names the first row that was changed, removed or put in. Events before it
// may have been cut off by retention; then its own hash is the starting point.
func (l *Log) Verify(ctx context.Context, db *postgres.DB) (Report, error) {
	var r Report
	head, err := l.Where(ctx, db) // before the rows: what is committed while we read is not missing
	if err != nil {
		return r, err
	}
	const page = 1000
	for {
		entries, err := l.List(ctx, db, All, r.LastID, page)
		if err != nil {
			return r, err
		}
		for i := range entries {
			if r.check(&entries[i].Event, head); r.BadID != 0 {
				return r, nil
			}
		}
		if len(entries) < page {
			break
		}
	}
	r.checkHead(head)
	return r, nil
}

func (r *Report) check(e *wire.Event, head Position) {
	if r.Events == 0 && e.ID > 1 {
		if e.ID-1 > head.Published { // retention retires only what HQ has
			r.bad(1, fmt.Sprintf("events 1 to %d are missing, and HQ has only %d of them", e.ID-1, head.Published))
			return
		}
		r.FirstID, r.LastID, r.Hash, r.Events = e.ID, e.ID, e.Hash, 1 // its own hash is where trust begins
		return
	}
	if r.Events == 0 {
		r.FirstID, r.Trusted = 1, true
	}
	switch {
	case e.ID != r.LastID+1:
		r.bad(r.LastID+1, fmt.Sprintf("event %d is missing: the next one is %d", r.LastID+1, e.ID))
	case e.Chain(r.Hash) != e.Hash:
		r.bad(e.ID, fmt.Sprintf("event %d is not what was written: its hash does not follow from its content", e.ID))
	default:
		r.Events++
		r.LastID, r.Hash = e.ID, e.Hash
	}
}

// checkHead finds a tail that was deleted: the head remembers it.
func (r *Report) checkHead(head Position) {
	if r.Events == 0 && head.Published >= head.Head {
		return // all of it was published and retired
	}
	if r.LastID < head.Head {
		r.bad(r.LastID+1, fmt.Sprintf("event %d is missing: the head says that there are %d", r.LastID+1, head.Head))
	}
	if r.LastID == head.Head && r.Hash != head.HeadHash {
		r.bad(r.LastID, "the head's hash is not the last event's")
	}
}

func (r *Report) bad(id int64, problem string) { r.BadID, r.Problem = id, problem }
