package wirepb_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// BenchmarkBatch writes and reads a batch of 500 events of 600 bytes of payload,
// as JSON (HTTP) and as protobuf (gRPC): what each protocol costs before anything
// is checked.
func BenchmarkBatch(b *testing.B) {
	batch := &wire.Batch{StoreID: "S1", Epoch: 2, FirstID: 1}
	var prev wire.Hash
	for i := range int64(500) {
		e := event(i+1, prev)
		e.Payload = fmt.Sprintf(`{"transaction_id":"%s","lines":[%s]}`, e.AggregateID, strings.TrimSuffix(strings.Repeat(`{"name":"Nước suối","quantity":"1","amount":5000},`, 11), ","))
		e.Hash = e.Chain(prev)
		prev = e.Hash
		batch.Events = append(batch.Events, e)
	}
	asJSON, err := wire.EncodeBatch(batch)
	require.NoError(b, err)
	asProto, err := proto.Marshal(wirepb.FromBatch(batch))
	require.NoError(b, err)
	for name, do := range map[string]func() (int, error){
		"json/encode":     func() (int, error) { body, err := wire.EncodeBatch(batch); return len(body), err },
		"json/decode":     func() (int, error) { _, err := wire.DecodeBatch(bytes.NewReader(asJSON)); return len(asJSON), err },
		"protobuf/encode": func() (int, error) { body, err := proto.Marshal(wirepb.FromBatch(batch)); return len(body), err },
		"protobuf/decode": func() (int, error) {
			var m wirepb.EventBatch
			if err := proto.Unmarshal(asProto, &m); err != nil {
				return 0, err
			}
			_, err := wirepb.Batch(&m)
			return len(asProto), err
		},
		"protobuf/decode as HQ does": func() (int, error) {
			var m wirepb.EventBatch
			if err := wirepb.Codec().Unmarshal(mem.BufferSlice{mem.SliceBuffer(asProto)}, &m); err != nil {
				return 0, err
			}
			_, err := wirepb.Batch(&m)
			return len(asProto), err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n, err := do()
				require.NoError(b, err)
				b.SetBytes(int64(n))
			}
		})
	}
}
