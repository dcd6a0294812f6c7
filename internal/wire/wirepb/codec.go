package wirepb

import (
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that this one stands before
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"tiem/internal/wire"
)

// The fields of sync.proto that may come again and again.
const (
	helloField  = 1 // EventBatch.hello: one that comes again is added to what came before
	eventsField = 6 // EventBatch.events
	typesField  = 6 // Hello.schema_versions
	keyField    = 1 // of an entry of it
)

// Codec is gRPC's own, but for a batch with more events than one may have, and a
// hello with more types: 4 MiB of empty events, or of short names, would be many
// times that in memory before anybody counted them. A batch is read up to the first
// event too many, and of a hello's types only the first one too many: by these
// Batch and Hello.Validate refuse them. The result is for grpc.ForceServerCodecV2.
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
	var t tally
	return proto.Unmarshal(sift(buffer.ReadOnlyData(), t.field), m)
}

// tally counts over all of a frame.
type tally struct {
	events int
	types  map[string]struct{} // names of a hello, one more than there may be at most
}

// field is the sieve of an EventBatch.
func (t *tally) field(number protowire.Number, value []byte) ([]byte, fate) {
	switch {
	case number == helloField:
		return sift(value, t.helloField), kept
	case number != eventsField:
		return value, kept
	}
	if t.events++; t.events > wire.MaxBatchEvents {
		return value, last
	}
	return value, kept
}

// helloField is the sieve of a Hello. A name that comes again is no other type.
func (t *tally) helloField(number protowire.Number, entry []byte) ([]byte, fate) {
	if number != typesField {
		return entry, kept
	}
	if len(t.types) > wire.MaxTypes {
		return nil, dropped
	}
	var name []byte
	_ = sift(entry, func(number protowire.Number, value []byte) ([]byte, fate) {
		if number == keyField {
			name = value
		}
		return value, kept
	})
	if t.types == nil {
		t.types = map[string]struct{}{}
	}
	t.types[string(name)] = struct{}{}
	return entry, kept
}

// fate is what becomes of a field.
type fate int

const (
	kept    fate = iota // with the value that the sieve returns
	dropped             // with its tag
	last                // kept, and nothing behind it is
)

// sift is raw with what the sieve makes of each of its length-delimited fields.
// From where it is no message on it stays as it is: Unmarshal says what is wrong
// with it. As long as all is kept it is raw itself.
func sift(raw []byte, sieve func(number protowire.Number, value []byte) ([]byte, fate)) []byte {
	var out []byte
	from := 0 // of raw, what is to be added to out
	for at := 0; at < len(raw); {
		number, kind, n := protowire.ConsumeTag(raw[at:])
		if n < 0 {
			break
		}
		size := protowire.ConsumeFieldValue(number, kind, raw[at+n:])
		if size < 0 {
			break
		}
		end := at + n + size
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(raw[at+n:])
			now, is := sieve(number, value)
			switch {
			case is == last:
				raw = raw[:end]
			case is == dropped:
				out, from = append(out, raw[from:at]...), end
			case len(now) != len(value):
				out, from = protowire.AppendBytes(append(out, raw[from:at+n]...), now), end
			}
		}
		at = end
	}
	if from == 0 {
		return raw
	}
	return append(out, raw[from:]...)
}
