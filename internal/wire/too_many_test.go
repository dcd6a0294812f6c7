package wire_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// 4 MiB of empty events are read as far as the first one too many: they cost no
// more than a batch that is a little too long, and are refused as that is.
func TestABatchOfTooManyEventsIsNotMade(t *testing.T) {
	for _, event := range []string{"{}", "null"} {
		body := []byte(`{"events":[` + event)
		body = append(body, bytes.Repeat([]byte(","+event), (wire.MaxBatchBytes-200)/(len(event)+1))...)
		body = append(body, `],"store_id":"S1","epoch":1,"first_id":5,"prev_hash":"`+(wire.Hash{1}).String()+`"}`...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b, err := wire.DecodeBatch(bytes.NewReader(body))
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4<<20), "bytes")
		require.Len(t, b.Events, wire.MaxBatchEvents+1)
		require.Equal(t, "S1", b.StoreID, "what stands behind them is read")
		refusal := fault.As(b.Validate())
		require.Equal(t, fault.Invalid, refusal.Kind)
		require.Equal(t, wire.CodeBatchInvalid, refusal.Code)
		require.Equal(t, "events", refusal.Field)
		require.Equal(t, fault.As(batchOf501().Validate()).Message, refusal.Message)
	}
}

func batchOf501() *wire.Batch { return batch(5, wire.MaxBatchEvents+1) }

// Counting changes nothing for what is not too long, and nothing of how strictly
// it is read.
func TestABatchThatIsJustFull(t *testing.T) {
	full := batch(5, wire.MaxBatchEvents)
	body, err := wire.EncodeBatch(full)
	require.NoError(t, err)
	got, err := wire.DecodeBatch(bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, got.Validate())
	require.Zero(t, got.BrokenAt())
	again, err := wire.EncodeBatch(got)
	require.NoError(t, err)
	require.Equal(t, string(body), string(again))

	long, err := wire.EncodeBatch(batchOf501())
	require.NoError(t, err)
	last := strings.LastIndex(string(body), `"payload"`)
	for name, spoiled := range map[string]string{
		"an unknown name in an event":   string(body[:last]) + `"colour":"red",` + string(body[last:]),
		"a name twice in an event":      string(body[:last]) + `"type":"SaleRecorded",` + string(body[last:]),
		"another case in an event":      string(body[:last]) + `"Payload"` + string(body[last+len(`"payload"`):]),
		"events that are no list":       `{"store_id":"S1","events":{}}`,
		"an event that is no object":    `{"store_id":"S1","events":[[]]}`,
		"events that do not end":        string(body[:len(body)-2]),
		"an unknown name behind them":   string(body[:len(body)-1]) + `,"colour":"red"}`,
		"no JSON behind one too many":   strings.TrimSuffix(string(long), "]}") + `,{"id":}]}`,
		"trailing data behind too many": string(long) + "{}",
	} {
		_, err := wire.DecodeBatch(strings.NewReader(spoiled))
		require.Equal(t, wire.CodeBatchInvalid, fault.CodeOf(err), name)
		require.Equal(t, fault.Malformed, fault.KindOf(err), name)
	}
	for _, events := range []string{"null", "[]"} {
		b, err := wire.DecodeBatch(strings.NewReader(`{"store_id":"S1","events":` + events + `}`))
		require.NoError(t, err, events)
		require.Empty(t, b.Events)
	}
}
