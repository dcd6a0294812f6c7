package projection

import (
	"context"
	"maps"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// The states of an event in hq_inbox; the last two also in hq_quarantine.
const (
	Applied     = "APPLIED"
	Quarantined = "QUARANTINED"
	Waiting     = "WAITING"
)

// Run is consecutive events of one store on their way into the projections.
// Make it with NewRun, write it with Queue or Apply, read the Verdicts.
type Run struct {
	storeID string
	entries []Entry
	held    map[uuid.UUID]int64 // aggregate → the first of its events that is set aside
	refused map[int64]*fault.Error
}

// Verdict is what became of an event.
type Verdict struct {
	Entry   *Entry
	State   string // Applied, Quarantined or Waiting
	Code    string // why, if it is not applied
	Message string
}

// NewRun plans a run; entries are in id order. held names the aggregates that
// have events set aside already, and the first of each; it is not changed.
func NewRun(storeID string, entries []Entry, held map[uuid.UUID]int64) *Run {
	r := &Run{storeID: storeID, entries: entries, held: map[uuid.UUID]int64{}, refused: map[int64]*fault.Error{}}
	maps.Copy(r.held, held)
	for i := range entries {
		if entries[i].Refusal != nil {
			r.setAside(&entries[i], entries[i].Refusal)
		}
	}
	return r
}

// Queue hands the writes of every event that can be applied to pipe. When the
// queue is sent, PostgreSQL may still refuse it (Refused): then the transaction
// is to be run again with Apply.
func (r *Run) Queue(ctx context.Context, pipe postgres.Pipeline) error {
	return write(ctx, pipe, r.storeID, r.applicable(r.entries))
}

// Verdicts says of each entry, in order, what became of it.
func (r *Run) Verdicts() []Verdict {
	verdicts := make([]Verdict, len(r.entries))
	for i := range r.entries {
		e := &r.entries[i]
		v := Verdict{Entry: e, State: Applied}
		switch refusal := r.refused[e.Event.ID]; {
		case r.waits(e):
			v.State, v.Code = Waiting, wire.CodeWaiting
			v.Message = "an earlier event about the same thing is set aside"
		case refusal != nil:
			v.State, v.Code, v.Message = Quarantined, refusal.Code, refusal.Message
		}
		verdicts[i] = v
	}
	return verdicts
}

// applicable is the entries that are neither refused nor waiting.
func (r *Run) applicable(entries []Entry) []*Entry {
	out := make([]*Entry, 0, len(entries))
	for i := range entries {
		if e := &entries[i]; r.refused[e.Event.ID] == nil && !r.waits(e) {
			out = append(out, e)
		}
	}
	return out
}

func (r *Run) setAside(e *Entry, refusal *fault.Error) {
	r.refused[e.Event.ID] = refusal
	if first, ok := r.held[e.Event.AggregateID]; !ok || e.Event.ID < first {
		r.held[e.Event.AggregateID] = e.Event.ID
	}
}

// waits tells whether an earlier event of the entry's aggregate is set aside.
func (r *Run) waits(e *Entry) bool {
	first, ok := r.held[e.Event.AggregateID]
	return ok && first < e.Event.ID
}
