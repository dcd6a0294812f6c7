package wire_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

func event(id int64) wire.Event {
	return wire.Event{StoreID: "S1", Epoch: 1, ID: id, EventID: uuid.Must(uuid.FromString(fmt.Sprintf("01a2047b-4188-767d-9a8d-%012d", id%1_000_000))),
		AggregateID: uuid.Must(uuid.FromString("01a2047b-41eb-75a3-81e3-9a4965422973")), Type: wire.TypeSaleRecorded, Version: 1,
		OccurredAt: time.Date(2026, 11, 22, 23, 59, 59, 123456789, time.FixedZone("ICT", 7*3600)), TerminalID: "T1", CashierID: "C1",
		BusinessDate: "2026-11-22", Payload: `{"name":"Nước \"ngọt\""}`}
}

// batch is n chained events from id first on, as an edge would send them.
func batch(first int64, n int) *wire.Batch {
	b := &wire.Batch{StoreID: "S1", Epoch: 1, FirstID: first, Events: []wire.Event{}}
	if first > 1 {
		b.PrevHash = wire.Hash{1, 2, 3}
	}
	prev := b.PrevHash
	for i := range int64(n) {
		e := event(first + i)
		e.OccurredAt = e.OccurredAt.Truncate(time.Microsecond)
		e.Hash = e.Chain(prev)
		prev = e.Hash
		b.Events = append(b.Events, e)
	}
	return b
}

// The hash, written down a second time in the plainest way, straight from the
// contract: if the two ever differ, somebody changed the protocol.
func TestChainIsTheContractsBytes(t *testing.T) {
	e, prev := event(7), wire.Hash{0xAA, 0xBB}
	var bytes []byte
	number := func(n int64) { bytes = binary.BigEndian.AppendUint64(bytes, uint64(n)) }
	text := func(s string) {
		bytes = binary.BigEndian.AppendUint32(bytes, uint32(len(s)))
		bytes = append(bytes, s...)
	}
	bytes = append(bytes, prev[:]...)
	text("S1")
	number(1)
	number(7)
	bytes = append(bytes, e.EventID.Bytes()...)
	bytes = append(bytes, e.AggregateID.Bytes()...)
	text("SaleRecorded")
	number(1)
	number(time.Date(2026, 11, 22, 16, 59, 59, 0, time.UTC).Unix()*1_000_000 + 123456)
	text("T1")
	text("C1")
	text("2026-11-22")
	payload := sha256.Sum256([]byte(e.Payload))
	bytes = append(bytes, payload[:]...)
	want := sha256.Sum256(bytes)
	require.Equal(t, hex.EncodeToString(want[:]), e.Chain(prev).String())

	// And one known value, so that a change of both at once is seen, too.
	first := event(1)
	require.Equal(t, "79eee72786b8fc1d218378028149078ce39e88d86fdf52d1e322b3fb6d81fdb1", first.Chain(wire.Hash{}).String())
}

// Every field is in the hash, traceparent and the hash itself are not.
func TestEveryFieldIsHashed(t *testing.T) {
	changes := map[string]func(*wire.Event){
		"store_id":      func(e *wire.Event) { e.StoreID = "S2" },
		"epoch":         func(e *wire.Event) { e.Epoch++ },
		"id":            func(e *wire.Event) { e.ID++ },
		"event_id":      func(e *wire.Event) { e.EventID[15] ^= 1 },
		"aggregate_id":  func(e *wire.Event) { e.AggregateID[0] ^= 1 },
		"type":          func(e *wire.Event) { e.Type += "x" },
		"version":       func(e *wire.Event) { e.Version++ },
		"occurred_at":   func(e *wire.Event) { e.OccurredAt = e.OccurredAt.Add(time.Microsecond) },
		"terminal_id":   func(e *wire.Event) { e.TerminalID = "" },
		"cashier_id":    func(e *wire.Event) { e.CashierID = "C2" },
		"business_date": func(e *wire.Event) { e.BusinessDate = "2026-11-23" },
		"payload":       func(e *wire.Event) { e.Payload += " " },
		"neighbours":    func(e *wire.Event) { e.TerminalID, e.CashierID = "T1C", "1" }, // lengths keep fields apart
	}
	plain := event(1)
	for name, change := range changes {
		e := event(1)
		change(&e)
		require.NotEqual(t, plain.Chain(wire.Hash{}), e.Chain(wire.Hash{}), name)
	}
	require.NotEqual(t, plain.Chain(wire.Hash{}), plain.Chain(wire.Hash{1}), "the hash before")
	same := event(1)
	same.TraceParent, same.Hash = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", wire.Hash{9}
	same.OccurredAt = same.OccurredAt.Add(100 * time.Nanosecond).UTC() // below a microsecond, in another zone
	require.Equal(t, plain.Chain(wire.Hash{}), same.Chain(wire.Hash{}))
}

func TestBatchSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := batch(rapid.Int64Range(1, 1<<53).Draw(t, "first"), rapid.IntRange(1, 5).Draw(t, "events"))
		prev := b.PrevHash
		for i := range b.Events {
			e := &b.Events[i]
			e.Payload = strings.ReplaceAll(rapid.String().Draw(t, "payload"), "\x00", "")
			e.OccurredAt = time.UnixMicro(rapid.Int64Range(946684800_000000, 4102444800_000000).Draw(t, "occurred"))
			e.Hash = e.Chain(prev)
			prev = e.Hash
		}
		body, err := wire.EncodeBatch(b)
		require.NoError(t, err)
		back, err := wire.DecodeBatch(strings.NewReader(string(body)))
		require.NoError(t, err)
		require.NoError(t, back.Validate())
		require.Zero(t, back.BrokenAt(), "what arrives hashes to what was sent: the payload is the exact bytes")
		require.Equal(t, b.LastID(), back.LastID())
		require.Equal(t, b.Events[0].Payload, back.Events[0].Payload)
	})
}

// One flipped bit anywhere in a batch's values is refused: it cannot be read, a
// rule refuses it, or the chain does.
func TestOneFlippedBitIsFound(t *testing.T) {
	b := batch(5, 3)
	body, err := wire.EncodeBatch(b)
	require.NoError(t, err)
	for i := range body {
		for bit := range 8 {
			flipped := []byte(string(body))
			flipped[i] ^= 1 << bit
			got, err := wire.DecodeBatch(strings.NewReader(string(flipped)))
			if err != nil || got.Validate() != nil || got.BrokenAt() != 0 || got.Epoch != b.Epoch {
				continue // the sender's epoch is no event's: HQ compares it with the one that it issued
			}
			again, err := wire.EncodeBatch(got)
			require.NoError(t, err)
			require.JSONEq(t, string(body), string(again), "byte %d, bit %d: %q", i, bit, flipped)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*wire.Batch)
		field  string
	}{
		"no store":            {func(b *wire.Batch) { b.StoreID = "" }, "store_id"},
		"a store with a dash": {func(b *wire.Batch) { b.StoreID = "S-1" }, "store_id"},
		"epoch 0":             {func(b *wire.Batch) { b.Epoch = 0 }, "epoch"},
		"first_id 0":          {func(b *wire.Batch) { b.FirstID = 0 }, "first_id"},
		"ids that wrap around": {func(b *wire.Batch) {
			b.FirstID = math.MaxInt64
			for i := range b.Events {
				b.Events[i].ID = b.FirstID + int64(i)
			}
		}, "first_id"},
		"no events":               {func(b *wire.Batch) { b.Events = nil }, "events"},
		"501 events":              {func(b *wire.Batch) { *b = *batch(5, 501) }, "events"},
		"id 1 after something":    {func(b *wire.Batch) { *b = *batch(1, 1); b.PrevHash[0] = 1 }, "prev_hash"},
		"a hole":                  {func(b *wire.Batch) { b.Events[1].ID++ }, "events"},
		"swapped":                 {func(b *wire.Batch) { b.Events[0], b.Events[1] = b.Events[1], b.Events[0] }, "events"},
		"begins elsewhere":        {func(b *wire.Batch) { b.FirstID++ }, "events"},
		"another store's event":   {func(b *wire.Batch) { b.Events[2].StoreID = "S2" }, "events.store_id"},
		"an epoch to come":        {func(b *wire.Batch) { b.Events[0].Epoch = 2 }, "events.epoch"},
		"event epoch 0":           {func(b *wire.Batch) { b.Events[0].Epoch = 0 }, "events.epoch"},
		"no event id":             {func(b *wire.Batch) { b.Events[0].EventID = uuid.Nil }, "events.event_id"},
		"no aggregate":            {func(b *wire.Batch) { b.Events[0].AggregateID = uuid.Nil }, "events.aggregate_id"},
		"no type":                 {func(b *wire.Batch) { b.Events[0].Type = "" }, "events.type"},
		"a type with a blank":     {func(b *wire.Batch) { b.Events[0].Type = "Sale Recorded" }, "events.type"},
		"version 0":               {func(b *wire.Batch) { b.Events[0].Version = 0 }, "events.version"},
		"no time":                 {func(b *wire.Batch) { b.Events[0].OccurredAt = time.Time{} }, "events.occurred_at"},
		"a bad terminal":          {func(b *wire.Batch) { b.Events[0].TerminalID = "T 1" }, "events.terminal_id"},
		"a bad cashier":           {func(b *wire.Batch) { b.Events[0].CashierID = strings.Repeat("C", 17) }, "events.cashier_id"},
		"a payload of a mebibyte": {func(b *wire.Batch) { b.Events[0].Payload = strings.Repeat("x", 1<<20+1) }, "events.payload"},
		"bad UTF-8":               {func(b *wire.Batch) { b.Events[0].Payload = "\xff" }, "events.payload"},
		"NUL":                     {func(b *wire.Batch) { b.Events[0].Payload = "a\x00b" }, "events.payload"},
		"a long traceparent":      {func(b *wire.Batch) { b.Events[0].TraceParent = strings.Repeat("0", 129) }, "events.traceparent"},
		"30 February":             {func(b *wire.Batch) { b.Events[0].BusinessDate = "2026-02-30" }, "events.business_date"},
		"a date in words":         {func(b *wire.Batch) { b.Events[0].BusinessDate = "today" }, "events.business_date"},
	} {
		t.Run(name, func(t *testing.T) {
			b := batch(5, 3)
			require.NoError(t, b.Validate())
			c.change(b)
			err := b.Validate()
			require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			require.Equal(t, c.field, fault.As(err).Field)
		})
	}
	without := batch(5, 3)
	without.Events[0].TerminalID, without.Events[0].CashierID = "", "" // a load has neither
	require.NoError(t, without.Validate())
}

func TestBrokenAtNamesTheFirst(t *testing.T) {
	b := batch(5, 4)
	require.Zero(t, b.BrokenAt())
	b.Events[2].Payload += " "
	require.Equal(t, int64(7), b.BrokenAt())
	b.PrevHash[0] ^= 1
	require.Equal(t, int64(5), b.BrokenAt())
}

func TestDecodeBatchIsStrict(t *testing.T) {
	good, err := wire.EncodeBatch(batch(1, 1))
	require.NoError(t, err)
	for name, body := range map[string]string{
		"nothing":         "",
		"half":            string(good[:len(good)/2]),
		"trailing data":   string(good) + "{}",
		"duplicate name":  strings.Replace(string(good), `"epoch":1`, `"epoch":1,"epoch":1`, 1),
		"unknown name":    strings.Replace(string(good), `"epoch":1`, `"epoch":1,"colour":"red"`, 1),
		"wrong case":      strings.Replace(string(good), `"epoch"`, `"Epoch"`, 1),
		"fraction":        strings.Replace(string(good), `"first_id":1`, `"first_id":1.5`, 1),
		"overflow":        strings.Replace(string(good), `"first_id":1`, `"first_id":9223372036854775808`, 1),
		"a quoted number": strings.Replace(string(good), `"first_id":1`, `"first_id":"1"`, 1),
		"bad UTF-8":       strings.Replace(string(good), `"store_id":"S1"`, "\"store_id\":\"S\xff\"", 1),
		"upper-case hash": strings.Replace(string(good), `"prev_hash":"00`, `"prev_hash":"AA`, 1),
		"a short hash":    strings.Replace(string(good), `"prev_hash":"00`, `"prev_hash":"`, 1),
		"payload object":  strings.Replace(string(good), `"payload":"`, `"payload":{},"x":"`, 1),
		"an array":        "[]",
	} {
		_, err := wire.DecodeBatch(strings.NewReader(body))
		require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err), name)
		require.Equal(t, fault.Malformed, fault.KindOf(err), name)
	}
}

func TestUnknownPayloadFieldsAreIgnored(t *testing.T) {
	var p wire.PaymentCaptured
	require.NoError(t, wire.DecodePayload(`{"method":"CASH","amount":6000,"loyalty":{"points":5}}`, &p))
	require.EqualValues(t, 6000, p.Amount)
	require.Error(t, wire.DecodePayload(`{"amount":"6000"}`, &p))
	require.Error(t, wire.DecodePayload(`{"amount":6000.5}`, &p))
	require.Error(t, wire.DecodePayload(``, &p))
}
