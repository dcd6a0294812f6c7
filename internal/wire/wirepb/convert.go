package wirepb

import (
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// FromBatch is the message that carries b.
func FromBatch(b *wire.Batch) *EventBatch {
	events := make([]Event, len(b.Events)) // one allocation for all of them
	m := &EventBatch{StoreId: b.StoreID, Epoch: b.Epoch, FirstId: b.FirstID, PrevHash: b.PrevHash[:], Events: make([]*Event, len(b.Events))}
	for i := range b.Events {
		fill(&events[i], &b.Events[i])
		m.Events[i] = &events[i]
	}
	return m
}

// fill shares the event's bytes: neither side changes them.
func fill(to *Event, e *wire.Event) {
	to.StoreId, to.Epoch, to.Id = e.StoreID, e.Epoch, e.ID
	to.EventId, to.AggregateId = e.EventID[:], e.AggregateID[:]
	to.Type, to.Version, to.OccurredAt = e.Type, e.Version, e.OccurredAt.UnixMicro()
	to.TerminalId, to.CashierId, to.BusinessDate = e.TerminalID, e.CashierID, e.BusinessDate
	to.Payload, to.Hash, to.Traceparent = []byte(e.Payload), e.Hash[:], e.TraceParent
}

// Batch reads a message that carries events. What cannot be read is a fault of
// kind Malformed with code batch_invalid; Validate is the caller's next step.
func Batch(m *EventBatch) (*wire.Batch, error) {
	if n := len(m.GetEvents()); n > wire.MaxBatchEvents { // before anything is made of them
		return nil, malformed("events", "are more than 500")
	}
	b := &wire.Batch{StoreID: m.GetStoreId(), Epoch: m.GetEpoch(), FirstID: m.GetFirstId(), Events: make([]wire.Event, len(m.GetEvents()))}
	if err := hash(&b.PrevHash, m.GetPrevHash(), "prev_hash"); err != nil {
		return nil, err
	}
	for i, e := range m.GetEvents() {
		if err := event(&b.Events[i], e); err != nil {
			return nil, err.With("at_id", e.GetId())
		}
	}
	return b, nil
}

func event(to *wire.Event, e *Event) *fault.Error {
	to.StoreID, to.Epoch, to.ID = e.GetStoreId(), e.GetEpoch(), e.GetId()
	to.Type, to.Version, to.OccurredAt = e.GetType(), e.GetVersion(), time.UnixMicro(e.GetOccurredAt()).UTC()
	to.TerminalID, to.CashierID, to.BusinessDate = e.GetTerminalId(), e.GetCashierId(), e.GetBusinessDate()
	to.Payload, to.TraceParent = string(e.GetPayload()), e.GetTraceparent()
	if err := id(&to.EventID, e.GetEventId(), "events.event_id"); err != nil {
		return err
	}
	if err := id(&to.AggregateID, e.GetAggregateId(), "events.aggregate_id"); err != nil {
		return err
	}
	return hash(&to.Hash, e.GetHash(), "events.hash")
}

func id(to *uuid.UUID, b []byte, field string) *fault.Error {
	if len(b) != len(to) {
		return malformed(field, "is not a UUID of 16 bytes")
	}
	copy(to[:], b)
	return nil
}

func hash(to *wire.Hash, b []byte, field string) *fault.Error {
	if len(b) != len(to) {
		return malformed(field, "is not a hash of 32 bytes")
	}
	copy(to[:], b)
	return nil
}

func malformed(field, what string) *fault.Error {
	return fault.New(fault.Malformed, wire.CodeBatchInvalid, "%s %s", field, what).At(field).
		Advise("see docs/sync-protocol.md; nothing of it was stored")
}

// FromHello is the first message of a stream.
func FromHello(h *wire.Hello) *EventBatch {
	return &EventBatch{Hello: &Hello{StoreId: h.StoreID, Epoch: h.Epoch, Head: h.Head, HeadHash: h.HeadHash[:], OldestRetained: h.OldestRetained,
		SchemaVersions: h.SchemaVersions}}
}

// ReadHello reads a hello; Validate is the caller's next step.
func ReadHello(m *Hello) (*wire.Hello, error) {
	h := &wire.Hello{StoreID: m.GetStoreId(), Epoch: m.GetEpoch(), Head: m.GetHead(), OldestRetained: m.GetOldestRetained(), SchemaVersions: m.GetSchemaVersions()}
	if err := hash(&h.HeadHash, m.GetHeadHash(), "hello.head_hash"); err != nil {
		return nil, err
	}
	return h, nil
}

// FromAnswer is the message that carries a.
func FromAnswer(a *wire.Answer) *Acknowledgment {
	m := &Acknowledgment{ReceivedUpto: a.ReceivedUpto, ChainHash: a.ChainHash[:], FirstId: a.FirstID, Accepted: fromIDs(a.AcceptedIDs), Duplicates: fromIDs(a.DuplicateIDs),
		Credit: uint32(max(0, a.Credit)), RetryAfterMs: uint32(max(0, a.RetryAfterMS)), Drain: a.Drain}
	for i := range a.Errors {
		e := &a.Errors[i]
		m.Errors = append(m.Errors, &EventError{Id: e.ID, EventId: e.EventID[:], Code: e.Code, Message: e.Message})
	}
	if a.Welcome != nil {
		m.Welcome = &Welcome{Epoch: a.Welcome.Epoch, UnreadableTypes: a.Welcome.UnreadableTypes}
	}
	return m
}

// Answer reads what HQ said. Something that no HQ of this protocol says is a
// fault of kind Unavailable with code hq_answer_unreadable.
func Answer(m *Acknowledgment) (*wire.Answer, error) {
	a := &wire.Answer{FirstID: m.GetFirstId(), Credit: int(m.GetCredit()), Drain: m.GetDrain(),
		Ack: wire.Ack{Accepted: len(m.GetAccepted()), Duplicates: len(m.GetDuplicates()), Errors: []wire.EventError{}, ReceivedUpto: m.GetReceivedUpto(), RetryAfterMS: int64(m.GetRetryAfterMs())}}
	if err := hash(&a.ChainHash, m.GetChainHash(), "chain_hash"); err != nil {
		return nil, unreadable(err)
	}
	var err error
	if a.AcceptedIDs, err = ids(m.GetAccepted()); err != nil {
		return nil, err
	}
	if a.DuplicateIDs, err = ids(m.GetDuplicates()); err != nil {
		return nil, err
	}
	for _, e := range m.GetErrors() {
		read := wire.EventError{ID: e.GetId(), Code: e.GetCode(), Message: e.GetMessage()}
		if err := id(&read.EventID, e.GetEventId(), "errors.event_id"); err != nil {
			return nil, unreadable(err)
		}
		a.Errors = append(a.Errors, read)
	}
	if w := m.GetWelcome(); w != nil {
		a.Welcome = &wire.Welcome{Epoch: w.GetEpoch(), UnreadableTypes: w.GetUnreadableTypes()}
	}
	return a, nil
}

func unreadable(cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "hq_answer_unreadable", "HQ's answer cannot be read").
		Advise("is HQ_GRPC_TARGET the address of an hq-platform?")
}

func fromIDs(from []uuid.UUID) [][]byte {
	out := make([][]byte, len(from))
	for i := range from {
		out[i] = from[i][:]
	}
	return out
}

func ids(from [][]byte) ([]uuid.UUID, error) {
	out := make([]uuid.UUID, len(from))
	for i := range from {
		if err := id(&out[i], from[i], "event ids"); err != nil {
			return nil, unreadable(err)
		}
	}
	return out, nil
}
