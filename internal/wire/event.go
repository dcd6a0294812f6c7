package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
)

// DateLayout is how a business date is written: a calendar day of the shop.
const DateLayout = "2006-01-02"

// Event is one row of a store's outbox as it travels. Its JSON names are the
// contract's.
type Event struct {
	StoreID      string    `json:"store_id"`
	Epoch        int64     `json:"epoch"` // of the store box that wrote it, from 1
	ID           int64     `json:"id"`    // position in the store's log, from 1, gapless
	EventID      uuid.UUID `json:"event_id"`
	AggregateID  uuid.UUID `json:"aggregate_id"` // what it is about; a bad event holds up only its own aggregate
	Type         string    `json:"type"`
	Version      int32     `json:"version"`     // of the payload's schema, from 1
	OccurredAt   time.Time `json:"occurred_at"` // the edge's clock, to the microsecond; it never orders anything
	TerminalID   string    `json:"terminal_id,omitempty"`
	CashierID    string    `json:"cashier_id,omitempty"`
	BusinessDate string    `json:"business_date"` // DateLayout, in shop time
	Payload      string    `json:"payload"`       // the exact UTF-8 bytes that were hashed
	Hash         Hash      `json:"hash"`
	TraceParent  string    `json:"traceparent,omitempty"` // W3C trace context; a courtesy, not hashed
}

// Hash is a SHA-256 of the chain; as text it is 64 lower-case hex digits. The
// zero Hash precedes event 1.
type Hash [sha256.Size]byte

// String is the hash in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads exactly 64 lower-case hex digits.
func (h *Hash) UnmarshalText(text []byte) error {
	bad := fault.New(fault.Invalid, "hash_invalid", "a hash is 64 lower-case hex digits")
	if len(text) != hex.EncodedLen(len(h)) {
		return bad
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return bad
		}
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Chain is the event's hash when prev is the hash of the event before it:
//
//	SHA-256(prev ‖ store_id ‖ epoch ‖ id ‖ event_id ‖ aggregate_id ‖ type ‖
//	        version ‖ occurred_at ‖ terminal_id ‖ cashier_id ‖ business_date ‖
//	        SHA-256(payload))
//
// Integers are 8 bytes big-endian, occurred_at among them as microseconds since
// 1970 UTC (truncated); UUIDs are 16 bytes; text is a 4-byte big-endian length
// and its UTF-8, absent text a length of 0. Hash and TraceParent are not read.
func (e *Event) Chain(prev Hash) Hash {
	buf := make([]byte, 0, chainBytes)
	buf = append(buf, prev[:]...)
	buf = appendText(buf, e.StoreID)
	buf = appendInteger(buf, e.Epoch)
	buf = appendInteger(buf, e.ID)
	return sha256.Sum256(e.appendTail(buf))
}

// Tail is the part of Chain's bytes behind the id. It is all that is known of
// an event before it has its place in the log; the place completes it.
func (e *Event) Tail() []byte { return e.appendTail(make([]byte, 0, chainBytes)) }

// chainBytes is enough for the bytes of most events, so that they are gathered
// without growing; names and type may be longer.
const chainBytes = 320

func (e *Event) appendTail(buf []byte) []byte {
	buf = append(buf, e.EventID[:]...)
	buf = append(buf, e.AggregateID[:]...)
	buf = appendText(buf, e.Type)
	buf = appendInteger(buf, int64(e.Version))
	buf = appendInteger(buf, e.OccurredAt.UnixMicro())
	buf = appendText(buf, e.TerminalID)
	buf = appendText(buf, e.CashierID)
	buf = appendText(buf, e.BusinessDate)
	payload := sha256.Sum256([]byte(e.Payload))
	return append(buf, payload[:]...)
}

func appendInteger(buf []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(buf, uint64(v)) // two's complement, as the protocol has it
}

func appendText(buf []byte, s string) []byte {
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(s)))
	return append(buf, s...)
}
