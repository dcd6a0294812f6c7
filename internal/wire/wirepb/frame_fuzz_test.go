package wirepb_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// FuzzBatchFrame holds that bytes from a stranger are refused as batch_invalid,
// or are a batch that is written and read again as the same, its verdict and its
// chain included. What a later version has added is passed over.
func FuzzBatchFrame(f *testing.F) {
	for _, message := range frames() {
		encoded, err := proto.Marshal(message)
		require.NoError(f, err)
		f.Add(encoded)
		f.Add(encoded[:len(encoded)/2])
		f.Add(append(encoded, 0xfa, 0x7f, 3, 'n', 'e', 'w')) // a field of number 2047
	}
	first := event(7, wire.Hash{7})
	for _, spoil := range []func(*wirepb.Event){
		func(e *wirepb.Event) { e.Payload = []byte("{\"a\":\"\xff\"}") }, func(e *wirepb.Event) { e.Payload = []byte{'{', 0, '}'} },
		func(e *wirepb.Event) { e.EventId = nil }, func(e *wirepb.Event) { e.OccurredAt = 1<<63 - 1 }, func(e *wirepb.Event) { e.OccurredAt = -1 << 63 },
		func(e *wirepb.Event) { e.Version = -1 }, func(e *wirepb.Event) { e.Id = 1<<63 - 1 },
	} {
		m := wirepb.FromBatch(&wire.Batch{StoreID: "S1", Epoch: 2, FirstID: 7, PrevHash: wire.Hash{7}, Events: []wire.Event{first}})
		spoil(m.GetEvents()[0])
		encoded, err := proto.Marshal(m)
		require.NoError(f, err)
		f.Add(encoded)
	}
	f.Add([]byte{})
	f.Add(helloOf(wire.MaxTypes+2, true))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var m wirepb.EventBatch
		if proto.Unmarshal(frame, &m) != nil {
			return // grpc refuses it before we see it
		}
		requireSameOrTooMany(t, &m, frame)
		if m.GetHello() != nil {
			if hello, err := wirepb.ReadHello(m.GetHello()); err == nil {
				again, err := wirepb.ReadHello(wirepb.FromHello(hello).GetHello())
				require.NoError(t, err)
				require.Equal(t, hello, again)
			}
		}
		b, err := wirepb.Batch(&m)
		if err != nil {
			require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
			require.Equal(t, fault.Malformed, fault.KindOf(err))
			return
		}
		again, err := wirepb.Batch(over(t, wirepb.FromBatch(b)))
		require.NoError(t, err)
		require.Equal(t, b, again)
		verdict := b.Validate()
		require.Equal(t, fault.CodeOf(verdict), fault.CodeOf(again.Validate()))
		if verdict == nil {
			require.Equal(t, b.BrokenAt(), again.BrokenAt())
		}
	})
}

// requireSameOrTooMany holds that HQ's codec reads a frame as gRPC's own does, or
// sees that there is too much in it.
func requireSameOrTooMany(t *testing.T, own *wirepb.EventBatch, frame []byte) {
	t.Helper()
	m, err := read(frame)
	require.NoError(t, err)
	events, types := len(m.GetEvents()), len(m.GetHello().GetSchemaVersions())
	switch {
	case len(own.GetEvents()) > wire.MaxBatchEvents:
		require.Equal(t, wire.MaxBatchEvents+1, events)
	case len(own.GetHello().GetSchemaVersions()) > wire.MaxTypes:
		require.Equal(t, wire.MaxTypes+1, types)
	default:
		require.True(t, proto.Equal(own, m))
	}
}

// FuzzAnswerFrame is the same for what HQ says, which a store need not trust
// either.
func FuzzAnswerFrame(f *testing.F) {
	for _, message := range frames() {
		encoded, err := proto.Marshal(message)
		require.NoError(f, err)
		f.Add(encoded)
		f.Add(encoded[:len(encoded)/2])
	}
	f.Add([]byte{0x38, 0xff, 0xff, 0xff, 0xff, 0x0f}) // the highest credit
	f.Fuzz(func(t *testing.T, frame []byte) {
		var m wirepb.Acknowledgment
		if proto.Unmarshal(frame, &m) != nil {
			return
		}
		a, err := wirepb.Answer(&m)
		if err != nil {
			require.Equal(t, "hq_answer_unreadable", fault.CodeOf(err))
			return
		}
		again, err := wirepb.Answer(over(t, wirepb.FromAnswer(a)))
		require.NoError(t, err)
		require.Equal(t, a, again)
	})
}
