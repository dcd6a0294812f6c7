package wire_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// FuzzDecodeBatch holds that a batch which was read is written and read again
// as the same, its verdict and its chain included, and that Validate lets
// through nothing that the protocol forbids.
func FuzzDecodeBatch(f *testing.F) {
	for _, b := range []*wire.Batch{batch(1, 1), batch(5, 3), {}} {
		body, err := wire.EncodeBatch(b)
		require.NoError(f, err)
		f.Add(body)
		f.Add(bytes.Replace(body, []byte("2026-11-22T23:59:59.123456+07:00"), []byte("1970-01-01T00:00:00.0000001+23:59"), 1))
		f.Add(bytes.Replace(body, []byte(`"epoch":1`), []byte(`"epoch":9223372036854775807`), 2))
		f.Add(bytes.Replace(body, []byte(`"payload":"`), []byte(`"payload":"\u0000\ud83d\ude00`), 1))
	}
	for _, spoil := range []func(*wire.Event){
		func(e *wire.Event) { e.Epoch = 0 }, func(e *wire.Event) { e.Version = 0 }, func(e *wire.Event) { e.StoreID = "S2" },
		func(e *wire.Event) { e.EventID = uuid.Nil }, func(e *wire.Event) { e.AggregateID = uuid.Nil }, func(e *wire.Event) { e.Type = "Sale Recorded" },
		func(e *wire.Event) { e.TerminalID = "T-1" }, func(e *wire.Event) { e.BusinessDate = "2026-02-30" }, func(e *wire.Event) { e.OccurredAt = time.Time{} },
	} {
		b := batch(1, 1)
		spoil(&b.Events[0])
		body, err := wire.EncodeBatch(b)
		require.NoError(f, err)
		f.Add(body)
	}
	f.Add([]byte(`{"store_id":"S1","epoch":1,"first_id":9223372036854775807,"prev_hash":"","events":[{}]}`))
	f.Add([]byte(`{"events":null}`))
	f.Add([]byte(`{"store_id":"S1","store_id":"S1"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := wire.DecodeBatch(bytes.NewReader(body))
		if err != nil {
			require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
			require.Equal(t, fault.Malformed, fault.KindOf(err))
			return
		}
		verdict := b.Validate()
		if verdict == nil {
			assertLegal(t, b)
		} else {
			require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(verdict))
		}
		encoded, err := wire.EncodeBatch(b)
		if err != nil { // a time that JSON cannot say; RFC 3339 has years of four digits
			require.Error(t, verdict, "what is legal can be sent")
			return
		}
		again, err := wire.DecodeBatch(bytes.NewReader(encoded))
		require.NoError(t, err, "%s", encoded)
		require.Equal(t, verdict == nil, again.Validate() == nil)
		require.Equal(t, b.BrokenAt(), again.BrokenAt())
		require.Len(t, again.Events, len(b.Events))
		require.Equal(t, b.PrevHash, again.PrevHash)
		for i := range b.Events {
			require.Equal(t, preimage(&b.Events[i], b.PrevHash), preimage(&again.Events[i], again.PrevHash))
			require.Equal(t, b.Events[i].Payload, again.Events[i].Payload)
			require.Equal(t, b.Events[i].Hash, again.Events[i].Hash)
			require.Equal(t, b.Events[i].TraceParent, again.Events[i].TraceParent)
		}
	})
}

// assertLegal is the envelope's table of docs/sync-protocol.md, said again.
func assertLegal(t *testing.T, b *wire.Batch) {
	t.Helper()
	name, kind := regexp.MustCompile(`\A[A-Za-z0-9]{1,16}\z`), regexp.MustCompile(`\A[A-Za-z]{1,64}\z`)
	require.Regexp(t, name, b.StoreID)
	require.Positive(t, b.Epoch)
	require.Positive(t, b.FirstID)
	require.GreaterOrEqual(t, b.LastID(), b.FirstID)
	require.NotEmpty(t, b.Events)
	require.LessOrEqual(t, len(b.Events), wire.MaxBatchEvents)
	for i, e := range b.Events {
		require.Equal(t, b.FirstID+int64(i), e.ID)
		require.Equal(t, b.StoreID, e.StoreID)
		require.True(t, 1 <= e.Epoch && e.Epoch <= b.Epoch)
		require.False(t, e.EventID.IsNil() || e.AggregateID.IsNil())
		require.Regexp(t, kind, e.Type)
		require.Positive(t, e.Version)
		require.Regexp(t, `\A(19[7-9]\d|[2-9]\d{3})\z`, e.OccurredAt.UTC().Format("2006"))
		for _, person := range []string{e.TerminalID, e.CashierID} {
			require.True(t, person == "" || name.MatchString(person))
		}
		require.Regexp(t, `\A\d{4}-\d\d-\d\d\z`, e.BusinessDate)
		require.LessOrEqual(t, len(e.Payload), wire.MaxPayload)
		for _, text := range []string{e.Payload, e.TraceParent} {
			require.True(t, utf8.ValidString(text) && !strings.ContainsRune(text, 0))
		}
	}
}

// FuzzFlippedByte changes one byte of an honest batch on its way. Whatever the
// batch and the byte, it is not read, a rule refuses it, the chain does not
// verify, or nothing was changed that means anything.
func FuzzFlippedByte(f *testing.F) {
	f.Add(int64(1), byte(1), "S1", "T1", "C1", `{"name":"Nước \"ngọt\""}`, int64(1_763_830_799_123_456), uint16(0), byte(1))
	f.Add(int64(48_211), byte(3), "A", "", "", "", int64(0), uint16(300), byte(0x20))
	f.Add(int64(1)<<62, byte(200), "0123456789abcdef", "9", "z", "\u2028\U0001F600", int64(253_000_000_000_000_000), uint16(65535), byte(0x80))
	f.Fuzz(func(t *testing.T, first int64, epoch byte, store, terminal, cashier, payload string, micros int64, at uint16, mask byte) {
		if mask == 0 {
			return
		}
		b := honest(1+first&(1<<62-1), 1+int64(epoch), "S"+legal(store), legal(terminal), legal(cashier), payload, micros)
		require.NoError(t, b.Validate())
		body, err := wire.EncodeBatch(b)
		require.NoError(t, err)
		untouched, err := wire.DecodeBatch(bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, untouched.Validate())
		require.Zero(t, untouched.BrokenAt())

		flipped := bytes.Clone(body)
		flipped[int(at)%len(body)] ^= mask
		got, err := wire.DecodeBatch(bytes.NewReader(flipped))
		if err != nil || got.Validate() != nil || got.BrokenAt() != 0 {
			return
		}
		got.Epoch = b.Epoch // the sender's is no event's: HQ compares it with the one that it issued
		again, err := wire.EncodeBatch(got)
		require.NoError(t, err)
		require.Equal(t, facts(t, body), facts(t, again), "%q verifies", flipped)
	})
}

// facts is a batch without what does not matter: how a time is written.
func facts(t *testing.T, body []byte) *wire.Batch {
	t.Helper()
	b, err := wire.DecodeBatch(bytes.NewReader(body))
	require.NoError(t, err)
	for i := range b.Events {
		b.Events[i].OccurredAt = b.Events[i].OccurredAt.UTC().Truncate(time.Microsecond)
	}
	return b
}

// legal makes at most 15 characters of a name of whatever text, so that no run
// of the fuzzer is in vain.
func legal(text string) string {
	name := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, text)
	return name[:min(len(name), 15)]
}

// honest is a batch of two events as an edge would have written them, between
// the years 1970 and 9996.
func honest(first, epoch int64, store, terminal, cashier, payload string, micros int64) *wire.Batch {
	payload = strings.ToValidUTF8(strings.ReplaceAll(payload, "\x00", ""), "")
	at := time.UnixMicro(micros & (1<<63 - 1) % 253_300_000_000_000_000).UTC()
	b := &wire.Batch{StoreID: store, Epoch: epoch, FirstID: first}
	if first > 1 {
		b.PrevHash = wire.Hash{byte(first), 2, 3}
	}
	prev := b.PrevHash
	for i := range int64(2) {
		e := wire.Event{StoreID: store, Epoch: epoch, ID: first + i, EventID: uuid.UUID{1, 15: byte(i)}, AggregateID: uuid.UUID{2},
			Type: wire.TypeSaleRecorded, Version: 1, OccurredAt: at, TerminalID: terminal, CashierID: cashier,
			BusinessDate: "2026-11-22", Payload: payload}
		e.Hash = e.Chain(prev)
		prev = e.Hash
		b.Events = append(b.Events, e)
	}
	return b
}
