package outbox

import (
	"context"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// State selects events by whether HQ has acknowledged them.
type State string

// The states of an event. Publication is a prefix of the log, because HQ
// acknowledges by watermark: there is never a hole.
const (
	All       State = "all"
	Pending   State = "pending"
	Published State = "published"
)

// Entry is one row of the outbox: the envelope, and what became of it.
type Entry struct {
	wire.Event
	CreatedAt       time.Time  `json:"created_at"`
	PublishedAt     *time.Time `json:"published_at"`
	PublishAttempts int32      `json:"publish_attempts" doc:"how often it was sent, the time that worked counted; of the oldest event that waits also the tries that did not get so far"`
	LastError       *string    `json:"last_error" doc:"why the last attempt was in vain; of a published event, why HQ set it aside"`
}

// Position is where the log stands.
type Position struct {
	StoreID   string
	Epoch     int64
	Head      int64     // the last id
	HeadHash  wire.Hash // of the last id
	Acked     int64     // HQ's received_upto, as last heard; may fall when HQ is restored
	Published int64     // every event up to it has been acknowledged once
}

// Pending is how many events HQ has never acknowledged.
func (p Position) Pending() int64 { return p.Head - p.Published }

// Where reads the log's position.
func (l *Log) Where(ctx context.Context, db *postgres.DB) (Position, error) {
	row, err := edgedb.New().GetPosition(ctx, db)
	if err != nil {
		return Position{}, postgres.Fault(err)
	}
	p := Position{StoreID: row.StoreID, Epoch: row.Epoch, Head: row.LastID, Acked: row.Acked, Published: row.Published}
	copy(p.HeadHash[:], row.LastHash)
	return p, nil
}

// OldestPending is when the oldest event that HQ has not acknowledged was
// written; the zero time if there is none.
func (l *Log) OldestPending(ctx context.Context, db *postgres.DB, p Position) (time.Time, error) {
	if p.Pending() == 0 {
		return time.Time{}, nil
	}
	at, err := edgedb.New().OldestPending(ctx, db, p.Published)
	return at, postgres.Fault(err)
}

// List returns up to limit entries with an id above after, in id order.
func (l *Log) List(ctx context.Context, db *postgres.DB, state State, after int64, limit int32) ([]Entry, error) {
	upto := int64(0)
	if state != All {
		p, err := l.Where(ctx, db)
		if err != nil {
			return nil, err
		}
		if state == Pending {
			after = max(after, p.Published)
		} else if upto = p.Published; upto == 0 { // 0 would mean "no bound" to the query
			return []Entry{}, nil
		}
	}
	return list(ctx, db, after, upto, limit)
}

// list reads up to limit entries behind after, up to upto (0: to the end).
func list(ctx context.Context, db edgedb.DBTX, after, upto int64, limit int32) ([]Entry, error) {
	rows, err := edgedb.New().ListEvents(ctx, db, after, upto, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	entries := make([]Entry, len(rows))
	for i, r := range rows {
		if len(r.Hash) != len(wire.Hash{}) {
			return nil, fault.New(fault.Internal, "outbox_broken", "event %d has a hash of %d bytes", r.ID, len(r.Hash))
		}
		entries[i] = Entry{CreatedAt: r.CreatedAt, PublishedAt: r.PublishedAt, PublishAttempts: r.PublishAttempts, LastError: r.LastError,
			Event: wire.Event{StoreID: r.StoreID, Epoch: r.Epoch, ID: r.ID, EventID: r.EventID, AggregateID: r.AggregateID, Type: r.Type,
				Version: r.Version, OccurredAt: r.OccurredAt, TerminalID: r.TerminalID, CashierID: r.CashierID,
				BusinessDate: r.BusinessDate.Format(wire.DateLayout), Payload: r.Payload, Hash: wire.Hash(r.Hash), TraceParent: r.Traceparent}}
	}
	return entries, nil
}
