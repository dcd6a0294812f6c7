package wirepb_test

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

var update = flag.Bool("update", false, "write the golden files")

// event is an event with every field that an event can have.
func event(id int64, prev wire.Hash) wire.Event {
	e := wire.Event{StoreID: "S1", Epoch: 2, ID: id, EventID: uuid.UUID{0x01, 0xa2, 15: byte(id)}, AggregateID: uuid.UUID{0x01, 0xa3, 15: 0xff},
		Type: wire.TypeSaleRecorded, Version: 1, OccurredAt: time.Date(2026, 11, 22, 16, 59, 59, 123456000, time.UTC), TerminalID: "T1", CashierID: "C1",
		BusinessDate: "2026-11-22", Payload: `{"name":"Nước"}`, TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	e.Hash = e.Chain(prev)
	return e
}

// frames are messages with every field that they can have: the bytes that a
// client in another language must write and read.
func frames() map[string]proto.Message {
	first := event(7, wire.Hash{7})
	second := event(8, first.Hash)
	batch := &wire.Batch{StoreID: "S1", Epoch: 2, FirstID: 7, PrevHash: wire.Hash{7}, Events: []wire.Event{first, second}}
	answer := &wire.Answer{FirstID: 7, Credit: 8, Drain: true, Ack: wire.Ack{Accepted: 1, Duplicates: 1, ReceivedUpto: 9, ChainHash: second.Hash,
		RetryAfterMS: 1500, AcceptedIDs: []uuid.UUID{second.EventID}, DuplicateIDs: []uuid.UUID{first.EventID},
		Errors: []wire.EventError{{ID: 9, EventID: uuid.UUID{0x01, 0xa2, 15: 9}, Code: wire.CodeWaiting, Message: "an earlier event is set aside"}}}}
	welcome := &wire.Answer{Credit: wire.FirstCredit, Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: 8, ChainHash: second.Hash},
		Welcome: &wire.Welcome{Epoch: 2, UnreadableTypes: []string{"GiftCardSold"}}}
	hello := &wire.Hello{StoreID: "S1", Epoch: 2, Head: 8, HeadHash: second.Hash, OldestRetained: 3,
		SchemaVersions: map[string]int32{wire.TypeSaleRecorded: 1, "GiftCardSold": 3}}
	return map[string]proto.Message{
		"hello":   wirepb.FromHello(hello),
		"batch":   wirepb.FromBatch(batch),
		"ask":     &wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: true, Head: 8}},
		"ack":     wirepb.FromAnswer(answer),
		"welcome": wirepb.FromAnswer(welcome),
	}
}

// The bytes of version 1 of the protocol. If this fails, stores that are out
// there are no longer understood: add fields, and never change what is here.
func TestFramesGolden(t *testing.T) {
	for name, message := range frames() {
		encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
		require.NoError(t, err)
		path := filepath.Join("testdata", "v1", name+".txt")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(inHex(encoded)+"\n"+inWords(message)), 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err, "go test ./internal/wire/wirepb -run Golden -update writes it")
		bytes, words, found := strings.Cut(string(golden), "\n\n")
		require.True(t, found, path)
		require.Equal(t, bytes+"\n", inHex(encoded), "the bytes of %s", name)
		require.Equal(t, words, inWords(message), "the fields of %s", name)

		// And what was written then is read today.
		old, err := hex.DecodeString(strings.ReplaceAll(bytes, "\n", ""))
		require.NoError(t, err)
		read := message.ProtoReflect().New().Interface()
		require.NoError(t, proto.Unmarshal(old, read))
		require.True(t, proto.Equal(message, read), name)
	}
}

// Every field of the protocol stands in one of the frames, so that none can
// change its number or type unnoticed.
func TestTheFramesHaveEveryField(t *testing.T) {
	var words strings.Builder
	for _, message := range frames() {
		words.WriteString(inWords(message))
	}
	messages := wirepb.File_tiem_sync_v1_sync_proto.Messages()
	for i := range messages.Len() {
		fields := messages.Get(i).Fields()
		for j := range fields.Len() {
			require.Regexp(t, `(?m)^ *`+string(fields.Get(j).Name())+`\b`, words.String(), messages.Get(i).Name())
		}
	}
}

// inHex is 32 bytes a line.
func inHex(b []byte) string {
	var lines strings.Builder
	for text := hex.EncodeToString(b); text != ""; {
		n := min(len(text), 64)
		lines.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return lines.String()
}

var afterColon = regexp.MustCompile(`(?m)^( *\w+:) +`)

// inWords is protobuf's text form; its authors vary the blanks on purpose.
func inWords(m proto.Message) string {
	return afterColon.ReplaceAllString(prototext.MarshalOptions{Multiline: true, EmitASCII: true}.Format(m), "$1 ")
}
