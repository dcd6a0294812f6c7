package wirepb_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// read reads a message as HQ's server does; it comes in two buffers.
func read(raw []byte) (*wirepb.EventBatch, error) {
	var m wirepb.EventBatch
	half := len(raw) / 2
	return &m, wirepb.Codec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(raw[:half]), mem.SliceBuffer(raw[half:])}, &m)
}

// 4 MiB of empty events cost HQ no more than a batch that is a little too long.
func TestABatchOfTooManyEventsIsRefusedBeforeItIsRead(t *testing.T) {
	raw := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), nil), 2<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := read(raw)
	require.NoError(t, err)
	_, err = wirepb.Batch(m)
	runtime.ReadMemStats(&after)
	require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
	require.Equal(t, "events", fault.As(err).Field)
	require.Len(t, m.GetEvents(), wire.MaxBatchEvents+1)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), "bytes")
}

// Batch counts before it makes anything of them, whoever decoded.
func TestBatchCountsFirst(t *testing.T) {
	m := &wirepb.EventBatch{PrevHash: make([]byte, 32), Events: make([]*wirepb.Event, 1<<20)}
	allocated := testing.AllocsPerRun(1, func() {
		_, err := wirepb.Batch(m)
		require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
	})
	require.Less(t, allocated, 100.0)
	_, err := wirepb.Batch(&wirepb.EventBatch{PrevHash: make([]byte, 32), Events: make([]*wirepb.Event, wire.MaxBatchEvents+1)})
	require.Equal(t, "events", fault.As(err).Field)
}

// What is no longer than it may be is read as gRPC's own codec does, and so is
// what is no message of ours, or none at all.
func TestTheCodecIsGRPCsOwn(t *testing.T) {
	batch := &wire.Batch{StoreID: "S1", Epoch: 2, FirstID: 1}
	var prev wire.Hash
	for i := range int64(wire.MaxBatchEvents) {
		e := event(i+1, prev)
		prev = e.Hash
		batch.Events = append(batch.Events, e)
	}
	full, err := proto.Marshal(wirepb.FromBatch(batch))
	require.NoError(t, err)
	hello, err := proto.Marshal(wirepb.FromHello(&wire.Hello{StoreID: "S1", SchemaVersions: map[string]int32{"X": 1}}))
	require.NoError(t, err)
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1<<60)
	for name, raw := range map[string][]byte{"full": full, "a hello": hello, "nothing": nil, "a newer store's": append(unknown, full...)} {
		got, err := read(raw)
		require.NoError(t, err, name)
		var want wirepb.EventBatch
		require.NoError(t, proto.Unmarshal(raw, &want))
		require.True(t, proto.Equal(&want, got), name)
	}
	for _, broken := range [][]byte{full[:len(full)-1], {0x32}, {0x32, 5}, {0xff}} {
		_, err := read(broken)
		require.Error(t, err)
	}
	var a wirepb.Acknowledgment
	said, err := wirepb.Codec().Marshal(wirepb.FromAnswer(&wire.Answer{Credit: 3}))
	require.NoError(t, err)
	require.NoError(t, wirepb.Codec().Unmarshal(said, &a))
	require.EqualValues(t, 3, a.GetCredit())
	require.Equal(t, "proto", wirepb.Codec().Name())
}
