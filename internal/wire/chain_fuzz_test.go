package wire_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// hashed is what the chain covers of an event, as plain values.
type hashed struct {
	prev, payload                     [32]byte
	event, aggregate                  [16]byte
	store, kind, terminal, cashier    string
	date                              string
	epoch, id, version, occurredMicro int64
}

// FuzzChain holds that two different events never have the same hashed bytes.
// The bytes are written down a second time, straight from the contract; they
// can be taken apart again into exactly the fields that they were made of, so
// no two vectors of fields share them; and Event.Chain is their SHA-256.
func FuzzChain(f *testing.F) {
	f.Add([]byte{1, 2, 3}, "S1", "SaleRecorded", "T1", "C1", "2026-11-22", `{"a":1}`, int64(1), int64(7), int32(1), int64(1_763_830_799_123_456))
	f.Add([]byte{}, "", "", "", "", "", "", int64(0), int64(0), int32(0), int64(0))
	f.Add([]byte("\x00\x00\x00\x02"), "S\x00\x00\x00\x01", "\x00\x00\x00\x00", "T1C", "1", "\xff", "\x00", int64(-1), int64(1)<<62, int32(-1), int64(-1)<<60)
	f.Fuzz(func(t *testing.T, raw []byte, store, kind, terminal, cashier, date, payload string, epoch, id int64, version int32, micros int64) {
		prev, other := sha256.Sum256(raw), sha256.Sum256(append(raw, 1))
		e := wire.Event{StoreID: store, Epoch: epoch, ID: id, EventID: uuid.UUID(other[:16]), AggregateID: uuid.UUID(prev[16:]),
			Type: kind, Version: version, OccurredAt: time.UnixMicro(micros), TerminalID: terminal, CashierID: cashier, BusinessDate: date, Payload: payload,
			Hash: wire.Hash{9}, TraceParent: "of no matter"}
		bytes := preimage(&e, prev)
		require.Equal(t, wire.Hash(sha256.Sum256(bytes)), e.Chain(prev))
		want := hashed{prev: prev, payload: sha256.Sum256([]byte(payload)), event: e.EventID, aggregate: e.AggregateID, store: store, kind: kind,
			terminal: terminal, cashier: cashier, date: date, epoch: epoch, id: id, version: int64(version), occurredMicro: micros}
		require.Equal(t, want, takeApart(t, bytes))

		// A neighbour that differs in where one text ends and the next begins.
		if neighbour := e; len(terminal) > 0 {
			neighbour.TerminalID, neighbour.CashierID = terminal[:len(terminal)-1], terminal[len(terminal)-1:]+cashier
			require.NotEqual(t, e.Chain(prev), neighbour.Chain(prev))
		}
	})
}

// preimage is what the contract, §6, says that is hashed.
func preimage(e *wire.Event, prev wire.Hash) []byte {
	var bytes []byte
	number := func(n int64) { bytes = binary.BigEndian.AppendUint64(bytes, uint64(n)) }
	text := func(s string) {
		bytes = binary.BigEndian.AppendUint32(bytes, uint32(len(s)))
		bytes = append(bytes, s...)
	}
	bytes = append(bytes, prev[:]...)
	text(e.StoreID)
	number(e.Epoch)
	number(e.ID)
	bytes = append(bytes, e.EventID[:]...)
	bytes = append(bytes, e.AggregateID[:]...)
	text(e.Type)
	number(int64(e.Version))
	at := e.OccurredAt.UTC()
	number(at.Unix()*1_000_000 + int64(at.Nanosecond()/1_000))
	text(e.TerminalID)
	text(e.CashierID)
	text(e.BusinessDate)
	payload := sha256.Sum256([]byte(e.Payload))
	return append(bytes, payload[:]...)
}

// takeApart is the inverse of preimage.
func takeApart(t *testing.T, bytes []byte) hashed {
	t.Helper()
	raw := func(n int) []byte {
		require.GreaterOrEqual(t, len(bytes), n)
		part := bytes[:n]
		bytes = bytes[n:]
		return part
	}
	number := func() int64 { return int64(binary.BigEndian.Uint64(raw(8))) }
	text := func() string { return string(raw(int(binary.BigEndian.Uint32(raw(4))))) }
	var h hashed
	h.prev = [32]byte(raw(32))
	h.store = text()
	h.epoch, h.id = number(), number()
	h.event, h.aggregate = [16]byte(raw(16)), [16]byte(raw(16))
	h.kind = text()
	h.version, h.occurredMicro = number(), number()
	h.terminal, h.cashier, h.date = text(), text(), text()
	h.payload = [32]byte(raw(32))
	require.Empty(t, bytes, "nothing is left over")
	return h
}
