package wire

import (
	"strings"
	"time"
	"unicode/utf8"

	"tiem/internal/fault"
)

// Limits of one batch; HQ refuses what is larger, the edge never sends it.
const (
	MaxBatchEvents = 500
	MaxBatchBytes  = 4 << 20 // of the encoded request
	MaxPayload     = 1 << 20 // of one event, in bytes
)

// The stable codes of a refused batch, in the order in which HQ checks.
const (
	CodeBatchInvalid   = "batch_invalid"   // 422: ids not consecutive, a field that cannot be
	CodeFenced         = "fenced"          // 409: an epoch that HQ did not issue, or an older one
	CodeGap            = "gap"             // 409: first_id is beyond HQ's watermark + 1; expected_id says where to go on
	CodeHashMismatch   = "hash_mismatch"   // 422: the chain does not verify: bytes changed on the way or in the database
	CodeFork           = "fork"            // 409: HQ holds another event under this id
	CodeEventIDReused  = "event_id_reused" // 409: this event_id stands under another id
	CodeStoreForbidden = "store_forbidden" // 403: the token is another store's
	CodeStoreUnknown   = "store_unknown"   // 404: HQ has no such store
	CodeRewind         = "rewind"          // 409, to a hello: the store's log ends before HQ's watermark
)

// Batch is a run of consecutive events of one store.
type Batch struct {
	StoreID  string  `json:"store_id"`
	Epoch    int64   `json:"epoch"` // the sender's; an event keeps that of its writing
	FirstID  int64   `json:"first_id"`
	PrevHash Hash    `json:"prev_hash"` // of event first_id − 1; the zero Hash for id 1
	Events   []Event `json:"events"`
}

// LastID is the id of the batch's last event.
func (b *Batch) LastID() int64 { return b.FirstID + int64(len(b.Events)) - 1 }

// Validate checks everything of a batch that needs no database and no hashing:
// sizes, consecutive ids, one store, fields within their range. The error's code
// is batch_invalid and its field names the culprit.
func (b *Batch) Validate() error {
	switch {
	case !ValidName(b.StoreID):
		return invalid("store_id", "is not 1 to 16 letters and digits")
	case b.Epoch < 1:
		return invalid("epoch", "counts from 1")
	case b.FirstID < 1:
		return invalid("first_id", "counts from 1")
	case len(b.Events) == 0:
		return invalid("events", "is empty")
	case len(b.Events) > MaxBatchEvents:
		return invalid("events", "has more than 500 events")
	case b.LastID() < b.FirstID:
		return invalid("first_id", "is too large")
	case b.FirstID == 1 && b.PrevHash != Hash{}:
		return invalid("prev_hash", "is 64 zeros before id 1")
	}
	for i := range b.Events {
		e := &b.Events[i]
		if e.ID != b.FirstID+int64(i) {
			return invalid("events", "ids are not consecutive from first_id").With("at_id", e.ID)
		}
		if e.StoreID != b.StoreID {
			return invalid("events.store_id", "is not the batch's store").With("at_id", e.ID)
		}
		if e.Epoch > b.Epoch {
			return invalid("events.epoch", "is beyond the sender's").With("at_id", e.ID)
		}
		if err := e.Validate(); err != nil {
			return fault.As(err).With("at_id", e.ID)
		}
	}
	return nil
}

// BrokenAt recomputes the chain from PrevHash and returns the id of the first
// event whose hash is not what it should be; 0 if all verify.
func (b *Batch) BrokenAt() int64 {
	prev := b.PrevHash
	for i := range b.Events {
		e := &b.Events[i]
		if e.Chain(prev) != e.Hash {
			return e.ID
		}
		prev = e.Hash
	}
	return 0
}

// Validate checks everything of an event that needs no other event. The edge
// asks before it writes one, because what HQ would refuse must never get into
// the log: an event cannot be changed, and nothing behind it could be sent.
func (e *Event) Validate() error {
	switch {
	case e.Epoch < 1:
		return invalid("events.epoch", "counts from 1")
	case e.EventID.IsNil():
		return invalid("events.event_id", "is missing")
	case e.AggregateID.IsNil():
		return invalid("events.aggregate_id", "is missing")
	case !validType(e.Type):
		return invalid("events.type", "is not a name of 1 to 64 letters")
	case e.Version < 1:
		return invalid("events.version", "counts from 1")
	case e.OccurredAt.UTC().Year() < 1970 || e.OccurredAt.UTC().Year() > 9998: // a box whose clock has died wakes up in 1970
		return invalid("events.occurred_at", "is not a time between 1970 and 9998")
	case e.TerminalID != "" && !ValidName(e.TerminalID):
		return invalid("events.terminal_id", "is not 1 to 16 letters and digits")
	case e.CashierID != "" && !ValidName(e.CashierID):
		return invalid("events.cashier_id", "is not 1 to 16 letters and digits")
	case len(e.Payload) > MaxPayload:
		return invalid("events.payload", "is over 1 MiB")
	case !utf8.ValidString(e.Payload) || strings.ContainsRune(e.Payload, 0):
		return invalid("events.payload", "is not UTF-8 without NUL")
	case len(e.TraceParent) > 128 || !utf8.ValidString(e.TraceParent) || strings.ContainsRune(e.TraceParent, 0):
		return invalid("events.traceparent", "is not a trace context")
	}
	if _, err := time.Parse(DateLayout, e.BusinessDate); err != nil {
		return invalid("events.business_date", "is not a date like 2026-11-22")
	}
	return nil
}

func invalid(field, what string) *fault.Error {
	return fault.New(fault.Invalid, CodeBatchInvalid, "%s %s", field, what).At(field)
}

// ValidName tells whether s may be a store_id, terminal_id or cashier_id:
// 1 to 16 ASCII letters and digits, so that it can stand in a receipt number.
func ValidName(s string) bool { return len(s) >= 1 && len(s) <= 16 && onlyASCII(s, true) }

// validType tells whether s may be the type of an event: 1 to 64 ASCII letters.
func validType(s string) bool { return len(s) >= 1 && len(s) <= 64 && onlyASCII(s, false) }

// onlyASCII tells whether s is ASCII letters, and digits if they may be. (A
// regular expression for it was a tenth of HQ's work on a batch.)
func onlyASCII(s string, digits bool) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (!digits || c < '0' || c > '9') {
			return false
		}
	}
	return true
}
