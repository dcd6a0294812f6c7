package faults

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
	"tiem/internal/wire"
)

// attempts is how often the edge has tried to send an event, as far as it knows.
func (s *shop) attempts(id int64) int32 {
	s.t.Helper()
	client := s.edge()
	defer client.Close()
	entries, err := client.Outbox(s.t.Context(), id-1)
	require.NoError(s.t, err)
	require.NotEmpty(s.t, entries)
	return entries[0].PublishAttempts
}

// The relay's requests break off at a seed's byte, again and again: HQ applies
// nothing of them, and all of it when the line is whole.
func TestFault29TruncatedOnTheWire(t *testing.T) {
	t.Parallel()
	s, proxy := openOverToxiproxy(t)
	before := s.proven().Events
	limit := 100 + seeded(t).IntN(1400)
	poison(t, proxy, "limit_data", map[string]any{"bytes": limit})
	for range 3 {
		s.sell()
	}
	require.Eventually(t, func() bool { return s.attempts(before+1) >= 3 }, patience, waitStep)
	s.atHQ(before)
	s.did("%d requests were cut after %d bytes: nothing was applied", s.attempts(before+1), limit)
	require.NoError(t, proxy.Toxics.RemoveToxic(t.Context(), "limit_data"))
	require.Equal(t, 3, s.proven().Sales)
}

// One bit of a payload changes on the way: HQ refuses the batch, and the same
// batch is taken when it comes as it was written.
func TestFault29BitFlippedOnTheWire(t *testing.T) {
	t.Parallel()
	marks := []string{`\"total\":`, `\"unit_price\":`, `\"rate_bp\":`, `\"tendered\":`, `"occurred_at":"20`, `"receipt_no\":\"S1-T1-000000`}
	s, proxy := openOverToxiproxy(t)
	before := s.proven().Events
	mark := marks[seeded(t).IntN(len(marks))]
	poison(t, proxy, "bit_flip", map[string]any{"mark": mark})
	s.sell()
	s.atHQ(before + 3)
	require.Equal(t, 1, s.proven().Sales)
	require.Greater(t, s.attempts(before+1), int32(1), "refused, then taken")
	require.Contains(t, s.log("store-edge"), "is not that of its bytes")
	s.did("a bit behind %s was flipped: hash_mismatch, then the same batch was taken", mark)
}

// Hundreds of damaged copies of a batch that HQ has yet to get: none changes
// anything. (A flip may leave the meaning as it was, such as a letter of a UUID
// in upper case; such a copy is the batch, and is not sent.)
func TestFault29DamagedBatchesChangeNothing(t *testing.T) {
	t.Parallel()
	s, line := openOverLine(t)
	before := s.proven().Events
	line.Cut(sim.Cut{Kind: sim.Refused})
	for range 3 {
		s.sell()
	}
	log, random := s.events(), seeded(t)
	whole := batchOf(log, before+1, int64(len(log)))
	encoded, err := wire.EncodeBatch(whole)
	require.NoError(t, err)
	same, answers := 0, map[int]int{}
	for i := range 300 {
		damaged := bytes.Clone(encoded)
		if i%3 == 0 {
			damaged = damaged[:random.IntN(len(damaged))]
		} else {
			damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
		}
		if b, err := wire.DecodeBatch(bytes.NewReader(damaged)); err == nil && reflect.DeepEqual(b, whole) {
			same++
			continue
		}
		status := s.post(damaged)
		require.True(t, status >= 400 && status < 500, "%d to %q", status, damaged)
		answers[status]++
	}
	s.atHQ(before)
	require.Equal(t, before, s.session(sim.HQServer).count("select count(*) from hq_inbox"), "nothing was applied")
	s.did("300 damaged copies of a batch of %d bytes: %v by status, %d meant the same", len(encoded), answers, same)
	require.Less(t, same, 30)
	line.Mend()
	require.Equal(t, 3, s.proven().Sales)
}

// post sends bytes to HQ as the store's relay does.
func (s *shop) post(body []byte) (status int) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.Store().HQURL+"/v1/ingestion/events", bytes.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+s.Store().StoreToken)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(s.t, err)
	return answer.StatusCode
}

// Something between the shop and HQ takes no large requests (a proxy's own
// limit): the relay halves its batches until they fit, and loses nothing.
func TestFault31OversizedIsSplit(t *testing.T) {
	t.Parallel()
	const narrow = 16 << 10
	var limit, refused, passed, largest atomic.Int64
	limit.Store(wire.MaxBatchBytes)
	s := openBehind(t, func(hq string) string {
		to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: hq})
		to.ErrorLog = log.New(io.Discard, "", 0) // HQ is down for a while
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > limit.Load() {
				refused.Add(1)
				http.Error(w, "too large", http.StatusRequestEntityTooLarge)
				return
			}
			if r.Method == http.MethodPost {
				passed.Add(1)
				largest.Store(max(largest.Load(), r.ContentLength))
			}
			to.ServeHTTP(w, r)
		})
	})
	s.proven() // the catalogue's event is larger than a sale's
	require.NoError(t, s.Halt(t.Context(), sim.HQServer))
	limit.Store(narrow)
	passed.Store(0)
	largest.Store(0)
	for range 20 {
		s.sell()
	}
	s.restart(sim.HQServer)
	require.Equal(t, 20, s.proven().Sales)
	s.did("%d batches were too large, %d passed, the largest of %d bytes", refused.Load(), passed.Load(), largest.Load())
	require.Positive(t, refused.Load())
	require.Greater(t, passed.Load(), int64(2))
	require.LessOrEqual(t, largest.Load(), int64(narrow))
}
