package wire

import (
	"time"

	"github.com/gofrs/uuid/v5"
)

// Ack is HQ's answer to a batch that it has committed.
// Accepted + Duplicates + len(Errors) is the number of events sent.
type Ack struct {
	Accepted     int          `json:"accepted"`   // stored and applied now
	Duplicates   int          `json:"duplicates"` // stored and applied before
	Errors       []EventError `json:"errors"`     // stored, but set aside
	ReceivedUpto int64        `json:"received_upto"`
	ChainHash    Hash         `json:"chain_hash"`              // of event ReceivedUpto
	RetryAfterMS int64        `json:"retry_after_ms,omitzero"` // HQ asks for a pause of so many milliseconds

	// Which events they are; over HTTP the counts suffice.
	AcceptedIDs  []uuid.UUID `json:"-"`
	DuplicateIDs []uuid.UUID `json:"-"`
}

// EventError names an event that HQ keeps but could not apply. The store has
// done its part; a person at HQ repairs and replays it.
type EventError struct {
	ID      int64     `json:"id"`
	EventID uuid.UUID `json:"event_id"`
	Code    string    `json:"code"` // "waiting": an earlier event of its aggregate is set aside
	Message string    `json:"message"`
}

// CodeWaiting is the code of an event that waits behind a quarantined one of
// the same aggregate.
const CodeWaiting = "waiting"

// StoreSync is how far HQ has a store's log: GET /v1/stores/{id}/sync.
type StoreSync struct {
	StoreID       string     `json:"store_id"`
	Epoch         int64      `json:"epoch"`         // that HQ issued to the store last
	ReceivedUpto  int64      `json:"received_upto"` // HQ holds every event up to this id
	ChainHash     Hash       `json:"chain_hash"`
	LastSeen      *time.Time `json:"last_seen,omitempty"`
	LagEvents     *int64     `json:"lag_events,omitempty"` // the store's head, as it last said, minus received_upto
	Quarantined   int64      `json:"quarantined"`          // events set aside or waiting
	ClockOffsetMS *int64     `json:"clock_offset_ms,omitempty"`
}
