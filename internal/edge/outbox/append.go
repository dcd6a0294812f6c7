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
	"tiem/internal/trace"
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

// Versions are the types of event that this program writes, with the version of
// their payloads.
func Versions() map[string]int32 {
	return map[string]int32{wire.TypeSaleRecorded: payloadVersion, wire.TypeInventoryAdjusted: payloadVersion, wire.TypePaymentCaptured: payloadVersion,
		wire.TypeBasketVoided: payloadVersion}
}

// Log appends to the outbox and tells listeners what was committed.
type Log struct {
	mu        sync.Mutex
	listeners []func(events []wire.Event, committed time.Time)
}

// OnCommit registers f to be told, right after COMMIT, which events are new, as
// they stand in the log: consecutive, with their hashes. Commits that return at
// the same time may be told in any order. It is called on the path of a sale: f
// must not block, nor change the events.
func (l *Log) OnCommit(f func(events []wire.Event, committed time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listeners = append(l.listeners, f)
}

// Append queues the drafts as the transaction's last statement: there they get
// their places at the end of the log, in order. Whatever is queued later still
// goes before them, so that the log's head, for which every sale of the shop
// stands in line, is locked only while PostgreSQL writes and commits.
func (l *Log) Append(ctx context.Context, tx *postgres.Tx, drafts ...Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	events, err := prepare(trace.Parent(ctx), drafts)
	if err != nil {
		return err
	}
	params, err := written(events)
	if err != nil {
		return err
	}
	var broken error
	edgedb.Append(tx, params, func(row edgedb.AppendEventsRow) { broken = place(events, row) })
	tx.AfterCommit(func() {
		if broken == nil { // else the relay's poll finds them
			l.committed(events, time.Now())
		}
	})
	return nil
}

// place completes events with what only the lock could tell.
func place(events []wire.Event, row edgedb.AppendEventsRow) error {
	if len(row.Hashes) != len(events) {
		return fault.New(fault.Internal, "outbox_broken", "%d events were written, and %d hashes came back", len(events), len(row.Hashes))
	}
	for i := range events {
		e := &events[i]
		e.StoreID, e.Epoch, e.ID = row.Store, row.Epoch, row.LastID-int64(len(events)-1-i)
		copy(e.Hash[:], row.Hashes[i])
	}
	return nil
}

func (l *Log) committed(events []wire.Event, at time.Time) {
	l.mu.Lock()
	listeners := slices.Clone(l.listeners)
	l.mu.Unlock()
	for _, f := range listeners {
		f(events, at)
	}
}

// prepare does everything that needs no place in the log. What HQ would refuse
// is refused here: once in the log, it could not be changed, and nothing behind
// it could be sent. The hash is completed by outbox_append_events, in the database, from
// the hash before it, the store, epoch and id of the head, and the Tail made here.
func prepare(traceParent string, drafts []Draft) ([]wire.Event, error) {
	events := make([]wire.Event, len(drafts))
	for i, d := range drafts {
		eventID, err := uuid.NewV7()
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "no_randomness", "no event id could be made")
		}
		// The epoch is the head's; any that is valid lets Validate look at the rest.
		events[i] = wire.Event{Epoch: 1, EventID: eventID, AggregateID: d.AggregateID, Type: d.Type, Version: payloadVersion,
			OccurredAt: d.OccurredAt.UTC().Truncate(time.Microsecond), TerminalID: d.TerminalID, CashierID: d.CashierID,
			BusinessDate: d.BusinessDate, Payload: d.payload, TraceParent: traceParent}
		if err := events[i].Validate(); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "event_invalid", "this cannot be recorded: no HQ would accept it")
		}
	}
	return events, nil
}

// written is events as the database's function takes them, by columns.
func written(events []wire.Event) (p edgedb.AppendEventsParams, err error) {
	for i := range events {
		e := &events[i]
		date, err := edgedb.Date(e.BusinessDate)
		if err != nil {
			return p, fault.Wrap(err, fault.Internal, "business_date_invalid", "business date %q", e.BusinessDate)
		}
		p.EventIds = append(p.EventIds, e.EventID)
		p.AggregateIds = append(p.AggregateIds, e.AggregateID)
		p.Types = append(p.Types, e.Type)
		p.Versions = append(p.Versions, e.Version)
		p.OccurredAts = append(p.OccurredAts, e.OccurredAt)
		p.TerminalIds = append(p.TerminalIds, e.TerminalID)
		p.CashierIds = append(p.CashierIds, e.CashierID)
		p.BusinessDates = append(p.BusinessDates, date)
		p.Payloads = append(p.Payloads, e.Payload)
		p.Traceparents = append(p.Traceparents, e.TraceParent)
		p.Tails = append(p.Tails, e.Tail())
	}
	return p, nil
}
