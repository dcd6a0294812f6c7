package wirepb

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that this one stands before
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tiem/internal/wire"
)

// eventsField is EventBatch.events in sync.proto.
const eventsField = 6

// Codec is gRPC's own, but for a batch with more events than one may have: 4 MiB of
// empty events would be hundreds of megabytes in memory before anybody counted
// them. It is read up to the first event too many, by which Batch refuses it. The
// result is for grpc.ForceServerCodecV2.
func Codec() encoding.CodecV2 { return codec{encoding.GetCodecV2("proto")} }

type codec struct{ encoding.CodecV2 }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, into any) error {
	m, isBatch := into.(*EventBatch)
	if !isBatch {
		return c.CodecV2.Unmarshal(data, into)
	}
	buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buffer.Free()
	return proto.Unmarshal(upTo(buffer.ReadOnlyData(), wire.MaxBatchEvents+1), m)
}

// upTo is raw as far as the end of its event number most. What is no message stays
// as it is: Unmarshal says what is wrong with it.
func upTo(raw []byte, most int) []byte {
	events := 0
	for at := 0; at < len(raw); {
		field, kind, n := protowire.ConsumeTag(raw[at:])
		if n < 0 {
			return raw
		}
		size := protowire.ConsumeFieldValue(field, kind, raw[at+n:])
		if size < 0 {
			return raw
		}
		at += n + size
		if field == eventsField {
			if events++; events == most {
				return raw[:at]
			}
		}
	}
	return raw
}
