package projection

import (
	"tiem/internal/hq/hqdb"
	"tiem/internal/wire"
)

// Stored is an event as hq_inbox holds it.
type Stored hqdb.ReadInboxRow

// Event is the envelope that the row was made of, its traceparent apart.
func (s *Stored) Event(storeID string) wire.Event {
	return wire.Event{
		StoreID: storeID, Epoch: s.Epoch, ID: s.ID, EventID: s.EventID, AggregateID: s.AggregateID,
		Type: s.Type, Version: s.Version, OccurredAt: s.OccurredAt, TerminalID: s.TerminalID, CashierID: s.CashierID,
		BusinessDate: s.BusinessDate.Format(wire.DateLayout), Payload: s.Payload, Hash: wire.Hash(s.Hash),
	}
}

// ReadStored interprets events of hq_inbox.
func ReadStored(storeID string, rows []Stored) []Entry {
	events := make([]wire.Event, len(rows))
	for i := range rows {
		events[i] = rows[i].Event(storeID)
	}
	return ReadAll(events)
}
