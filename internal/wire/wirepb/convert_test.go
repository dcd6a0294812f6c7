package wirepb_test

import (
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// Whatever Validate accepts travels unchanged, and its chain is whole behind it.
func TestABatchTravelsUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawBatch(t)
		require.NoError(t, sent.Validate())
		encoded, err := proto.Marshal(wirepb.FromBatch(sent))
		require.NoError(t, err)
		var m wirepb.EventBatch
		require.NoError(t, proto.Unmarshal(encoded, &m))
		got, err := wirepb.Batch(&m)
		require.NoError(t, err)
		require.Equal(t, sent, got)
		require.NoError(t, got.Validate())
		require.Zero(t, got.BrokenAt())
	})
}

func drawBatch(t *rapid.T) *wire.Batch {
	name := rapid.StringMatching(`[A-Za-z0-9]{1,16}`)
	b := &wire.Batch{StoreID: name.Draw(t, "store"), Epoch: rapid.Int64Range(1, 1<<40).Draw(t, "epoch"), FirstID: rapid.Int64Range(1, 1<<50).Draw(t, "first")}
	if b.FirstID > 1 {
		b.PrevHash = wire.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "prev"))
	}
	id := rapid.Custom(func(t *rapid.T) uuid.UUID {
		u := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
		u[0] |= 1 // a nil id is none
		return u
	})
	maybe := rapid.OneOf(rapid.Just(""), name)
	prev := b.PrevHash
	for i := range rapid.IntRange(1, 5).Draw(t, "events") {
		e := wire.Event{StoreID: b.StoreID, Epoch: rapid.Int64Range(1, b.Epoch).Draw(t, "epoch of the event"), ID: b.FirstID + int64(i), EventID: id.Draw(t, "id"), AggregateID: id.Draw(t, "aggregate"),
			Type: rapid.StringMatching(`[A-Z][A-Za-z]{0,30}`).Draw(t, "type"), Version: rapid.Int32Range(1, 1<<20).Draw(t, "version"),
			OccurredAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")).UTC(), TerminalID: maybe.Draw(t, "terminal"), CashierID: maybe.Draw(t, "cashier"),
			BusinessDate: "2026-11-22", Payload: rapid.StringMatching(`\{"a":"[^"\\\x00-\x1f\x{d800}-\x{dfff}]{0,40}"\}`).Draw(t, "payload"),
			TraceParent: rapid.StringMatching(`[a-f0-9-]{0,55}`).Draw(t, "trace")}
		e.Hash = e.Chain(prev)
		prev = e.Hash
		b.Events = append(b.Events, e)
	}
	return b
}

func TestAHelloTravelsUnchanged(t *testing.T) {
	sent := &wire.Hello{StoreID: "S1", Epoch: 3, Head: 9, HeadHash: wire.Hash{9}, OldestRetained: 2, SchemaVersions: map[string]int32{"SaleRecorded": 1, "X": 4}}
	got, err := wirepb.ReadHello(over(t, wirepb.FromHello(sent)).GetHello())
	require.NoError(t, err)
	require.Equal(t, sent, got)
}

func TestAnAnswerTravelsUnchanged(t *testing.T) {
	one, two, three := uuid.UUID{1}, uuid.UUID{2}, uuid.UUID{3}
	for name, sent := range map[string]*wire.Answer{
		"an acknowledgement": {FirstID: 7, Credit: 3, Ack: wire.Ack{Accepted: 2, Duplicates: 1, ReceivedUpto: 10, ChainHash: wire.Hash{1}, AcceptedIDs: []uuid.UUID{one, two}, DuplicateIDs: []uuid.UUID{three},
			Errors: []wire.EventError{{ID: 10, EventID: uuid.UUID{4}, Code: "waiting", Message: "chờ"}}}},
		"a welcome": {Credit: 2, Welcome: &wire.Welcome{Epoch: 4, UnreadableTypes: []string{"X"}}, Ack: empty()},
		"a pause":   {Ack: empty()},
		"a drain":   {Credit: 1, Drain: true, Ack: empty()},
		"a rest":    {Credit: 1, Ack: wire.Ack{Errors: []wire.EventError{}, RetryAfterMS: 60_000, AcceptedIDs: []uuid.UUID{}, DuplicateIDs: []uuid.UUID{}}},
	} {
		got, err := wirepb.Answer(over(t, wirepb.FromAnswer(sent)))
		require.NoError(t, err, name)
		require.Equal(t, sent, got, name)
	}
}

func empty() wire.Ack {
	return wire.Ack{Errors: []wire.EventError{}, AcceptedIDs: []uuid.UUID{}, DuplicateIDs: []uuid.UUID{}}
}

// over is m as it arrives.
func over[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	encoded, err := proto.Marshal(m)
	require.NoError(t, err)
	read := m.ProtoReflect().New().Interface()
	require.NoError(t, proto.Unmarshal(encoded, read))
	return read.(M)
}

// What could not be hashed as it was sent is refused, by its name.
func TestWhatIsNotAHashOrAnIDIsRefused(t *testing.T) {
	for field, spoil := range map[string]func(*wirepb.EventBatch){
		"prev_hash":       func(m *wirepb.EventBatch) { m.PrevHash = m.GetPrevHash()[:31] },
		"events.hash":     func(m *wirepb.EventBatch) { m.GetEvents()[1].Hash = nil },
		"events.event_id": func(m *wirepb.EventBatch) { m.GetEvents()[1].EventId = make([]byte, 17) },
		"events.aggregate_id": func(m *wirepb.EventBatch) {
			m.GetEvents()[1].AggregateId = []byte("01a2047b-4188-767d-9a8d-000000000001")
		},
	} {
		first := event(7, wire.Hash{7})
		m := wirepb.FromBatch(&wire.Batch{StoreID: "S1", Epoch: 2, FirstID: 7, PrevHash: wire.Hash{7}, Events: []wire.Event{first, event(8, first.Hash)}})
		spoil(m)
		_, err := wirepb.Batch(m)
		require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err), field)
		require.Equal(t, fault.Malformed, fault.KindOf(err))
		require.Equal(t, field, fault.As(err).Field)
		if field != "prev_hash" {
			require.EqualValues(t, 8, fault.As(err).Details["at_id"])
		}
	}
	_, err := wirepb.ReadHello(&wirepb.Hello{StoreId: "S1", HeadHash: make([]byte, 33)})
	require.Equal(t, "hello.head_hash", fault.As(err).Field)
	for _, m := range []*wirepb.Acknowledgment{
		{}, {ChainHash: make([]byte, 31)}, {ChainHash: make([]byte, 32), Accepted: [][]byte{{1}}}, {ChainHash: make([]byte, 32), Duplicates: [][]byte{{}}},
		{ChainHash: make([]byte, 32), Errors: []*wirepb.EventError{{EventId: make([]byte, 15)}}},
	} {
		_, err := wirepb.Answer(m)
		require.Equal(t, "hq_answer_unreadable", fault.CodeOf(err), "%v", m)
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
	}
}
