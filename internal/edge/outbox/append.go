package outbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Draft is an event before it has a place in the log.
type Draft struct {
	Type         string
	AggregateID  uuid.UUID
	OccurredAt   time.Time // truncated to microseconds
	TerminalID   string    // empty if no terminal did it
	CashierID    string    // empty if no person did it
	BusinessDate string    // YYYY-MM-DD in shop time
	TraceParent  string
	payload      string
}

// NewDraft encodes the payload now, before any lock is taken.
func NewDraft(d Draft, payload any) (Draft, error) {
	var err error
	if d.payload, err = wire.EncodePayload(payload); err != nil {
		return Draft{}, fault.Wrap(err, fault.Internal, "payload_unwritable", "the %s payload cannot be encoded", d.Type)
	}
	return d, nil
}

// Channel is the NOTIFY channel on which other processes (a seed beside a
// running server) hint that they have appended.
const Channel = "tiem_outbox"

// Announce sends such a hint. It is sent after COMMIT and never inside it: a
// NOTIFY in a transaction takes a lock that all commits share.
func Announce(ctx context.Context, db *postgres.DB) error {
	_, err := db.Exec(ctx, "notify "+Channel)
	return postgres.Fault(err)
}

// payloadVersion is the version of every payload schema so far.
const payloadVersion = 1

// Log appends to the outbox and tells listeners what was committed.
type Log struct {
	mu        sync.Mutex
	listeners []func(firstID, lastID int64, committed time.Time)
}

// OnCommit registers f to be told, right after COMMIT, which ids are new. It is
// called on the path of a sale: it must not block.
func (l *Log) OnCommit(f func(firstID, lastID int64, committed time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listeners = append(l.listeners, f)
}

// Append gives the drafts their places at the end of the log, in order, and
// queues them to be written together with COMMIT. It locks the head and must
// therefore be the transaction's last call; the transaction is sealed to make
// sure of it.
func (l *Log) Append(ctx context.Context, tx *postgres.Tx, drafts ...Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	rows, err := prepare(drafts)
	if err != nil {
		return err
	}
	head, err := edgedb.New().LockHead(ctx, tx)
	if err != nil {
		return err
	}
	if err := chain(rows, head); err != nil {
		return err
	}
	if err := write(ctx, tx, rows); err != nil {
		return err
	}
	tx.Seal("outbox.Append")
	first, last := rows[0].ID, rows[len(rows)-1].ID
	tx.AfterCommit(func() { l.committed(first, last, time.Now()) })
	return nil
}

// write queues the events and the head's new place.
func write(ctx context.Context, tx *postgres.Tx, rows []edgedb.InsertEventParams) error {
	q := edgedb.New()
	for _, row := range rows {
		if err := q.InsertEvent(ctx, tx.Queued(), row); err != nil {
			return err
		}
	}
	last := rows[len(rows)-1]
	return q.AdvanceHead(ctx, tx.Queued(), last.ID, last.Hash)
}

func (l *Log) committed(first, last int64, at time.Time) {
	l.mu.Lock()
	listeners := slices.Clone(l.listeners)
	l.mu.Unlock()
	for _, f := range listeners {
		f(first, last, at)
	}
}

// prepare does everything that needs no place in the log yet.
func prepare(drafts []Draft) ([]edgedb.InsertEventParams, error) {
	rows := make([]edgedb.InsertEventParams, len(drafts))
	for i, d := range drafts {
		date, err := edgedb.Date(d.BusinessDate)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "business_date_invalid", "business date %q", d.BusinessDate)
		}
		eventID, err := uuid.NewV7()
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "no_randomness", "no event id could be made")
		}
		rows[i] = edgedb.InsertEventParams{EventID: eventID, AggregateID: d.AggregateID, Type: d.Type, Version: payloadVersion,
			OccurredAt: d.OccurredAt.UTC().Truncate(time.Microsecond), TerminalID: d.TerminalID, CashierID: d.CashierID,
			BusinessDate: date, Payload: d.payload, Traceparent: d.TraceParent}
	}
	return rows, nil
}

// chain numbers and hashes the rows behind head.
func chain(rows []edgedb.InsertEventParams, head edgedb.LockHeadRow) error {
	if len(head.LastHash) != len(wire.Hash{}) {
		return fault.New(fault.Internal, "outbox_head_broken", "the outbox head's hash is not 32 bytes")
	}
	prev := wire.Hash(head.LastHash)
	for i := range rows {
		row := &rows[i]
		row.StoreID, row.Epoch, row.ID = head.StoreID, head.Epoch, head.LastID+1+int64(i)
		event := wire.Event{StoreID: row.StoreID, Epoch: row.Epoch, ID: row.ID, EventID: row.EventID, AggregateID: row.AggregateID,
			Type: row.Type, Version: row.Version, OccurredAt: row.OccurredAt, TerminalID: row.TerminalID, CashierID: row.CashierID,
			BusinessDate: row.BusinessDate.Format(wire.DateLayout), Payload: row.Payload}
		if err := event.Validate(); err != nil {
			return fault.Wrap(err, fault.Internal, "event_invalid", "this cannot be recorded: no HQ would accept it")
		}
		prev = event.Chain(prev)
		row.Hash = slices.Clone(prev[:])
	}
	return nil
}
