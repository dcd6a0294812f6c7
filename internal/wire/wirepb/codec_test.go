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

// helloOf is the frame of a hello that names n types, with what else belongs to it
// behind them, and each of them twice if again is set.
func helloOf(n int, again bool) []byte {
	var hello []byte
	for i := range n {
		name := "T" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + string(rune('a'+i/17576%26))
		entry := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
		entry = protowire.AppendVarint(protowire.AppendTag(entry, 2, protowire.VarintType), 1)
		for range map[bool]int{false: 1, true: 2}[again] {
			hello = protowire.AppendBytes(protowire.AppendTag(hello, 6, protowire.BytesType), entry)
		}
	}
	hello = append(hello, must(proto.Marshal(&wirepb.Hello{StoreId: "S1", Epoch: 1, HeadHash: make([]byte, 32)}))...)
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), hello)
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

// requireTooManyTypes holds that HQ refuses the hello of a frame, whatever it was
// read of it.
func requireTooManyTypes(t *testing.T, m *wirepb.EventBatch) {
	t.Helper()
	types := len(m.GetHello().GetSchemaVersions()) // too many to print
	require.Equal(t, wire.MaxTypes+1, types)
	hello, err := wirepb.ReadHello(m.GetHello())
	require.NoError(t, err)
	err = hello.Validate()
	require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err))
	require.Equal(t, "hello.schema_versions", fault.As(err).Field)
}

// 4 MiB of types cost HQ no more than a hello that names a few too many, however
// they are spread over the frame.
func TestAHelloOfTooManyTypesIsRefusedBeforeItIsRead(t *testing.T) {
	one := helloOf(330_000, false)
	var spread []byte
	for i := range 250_000 { // a message that comes again is added to what came before
		entry := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), string([]byte{'A' + byte(i>>15), '@' + byte(i>>10&31), '@' + byte(i>>5&31), '@' + byte(i&31)}))
		spread = protowire.AppendBytes(protowire.AppendTag(spread, 1, protowire.BytesType), protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), entry))
	}
	spread = append(helloOf(1, false), spread...)
	for name, raw := range map[string][]byte{"one hello": one, "a hello again and again": spread} {
		require.InDelta(t, 3<<20, len(raw), 1.5*(1<<20), name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := read(raw)
		runtime.ReadMemStats(&after)
		require.NoError(t, err, name)
		requireTooManyTypes(t, m)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(10<<20), "%s: bytes", name) // the frame itself, twice
	}
	m, err := read(helloOf(wire.MaxTypes+1, false))
	require.NoError(t, err)
	requireTooManyTypes(t, m)
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
	ghosts := bytes.Repeat(protowire.AppendVarint(protowire.AppendTag(nil, 6, protowire.VarintType), 1), wire.MaxBatchEvents+1) // of no type of ours
	for name, raw := range map[string][]byte{"full": full, "a hello": hello, "nothing": nil, "a newer store's": append(unknown, full...),
		"many types": helloOf(wire.MaxTypes, false), "many types, each twice": helloOf(wire.MaxTypes, true), "other fields of the same number": append(ghosts, full...)} {
		got, err := read(raw)
		require.NoError(t, err, name)
		var want wirepb.EventBatch
		require.NoError(t, proto.Unmarshal(raw, &want))
		require.True(t, proto.Equal(&want, got), name)
	}
	for _, broken := range [][]byte{full[:len(full)-1], {0x32}, {0x32, 5}, {0xff}, {0x0a, 1, 0x32}, {0x0a, 3, 0x32, 1, 0x0a}, {0x0a, 5, 0x32, 3, 0x0a, 1, 0xff}} {
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
