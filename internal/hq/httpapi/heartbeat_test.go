package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqtest"
)

// What a store says of itself is shown where its log is; what HQ has is not
// changed by it.
func TestAHeartbeatTellsLagAndClock(t *testing.T) {
	s := setup(t)
	now := time.Date(2027, 11, 22, 9, 0, 0, 250_000_000, time.UTC)
	s.app.Fleet.Now = func() time.Time { return now }
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()).status)
	fresh := s.call(t, "GET", "/v1/stores/S2/sync", hqToken, nil)
	require.NotContains(t, fresh.body, "lag_events", "it has not said")
	require.NotContains(t, fresh.body, "clock_offset_ms")

	a := s.call(t, "POST", "/v1/stores/S1/heartbeat", s.tokens["S1"], `{"head":10,"sent_at":"2027-11-22T16:00:00.750+07:00"}`)
	require.Equal(t, http.StatusOK, a.status, "%v", a.body)
	require.Equal(t, map[string]any{"now": "2027-11-22T09:00:00.25Z", "received_upto": float64(3)}, a.body)
	for _, path := range []string{"/v1/stores/S1/sync", "/v1/stores"} {
		a := s.call(t, "GET", path, hqToken, nil)
		at := a.body
		if items, ok := a.body["items"].([]any); ok {
			at, _ = items[0].(map[string]any)
		}
		require.InDelta(t, 7, at["lag_events"], 0, path)
		require.InDelta(t, 500, at["clock_offset_ms"], 0, path)
		require.InDelta(t, 3, at["received_upto"], 0, path)
		require.Contains(t, at, "last_seen")
	}

	// What the store has measured is better than a time that was on its way.
	a = s.call(t, "POST", "/v1/stores/S1/heartbeat", s.tokens["S1"], `{"head":2,"sent_at":"1970-01-01T00:00:00Z","clock_offset_ms":-12}`)
	require.Equal(t, http.StatusOK, a.status, "%v", a.body)
	at := s.call(t, "GET", "/v1/stores/S1/sync", hqToken, nil).body
	require.InDelta(t, -12, at["clock_offset_ms"], 0)
	require.InDelta(t, 0, at["lag_events"], 0, "a head that fell back is no negative lag")
	require.NotContains(t, s.call(t, "GET", "/v1/stores/S2/sync", hqToken, nil).body, "lag_events", "another store's word is its own")
}

func TestHeartbeatsThatAreRefused(t *testing.T) {
	s := setup(t)
	const beat = `{"head":1,"sent_at":"2026-11-22T09:00:00Z"}`
	for _, c := range []struct {
		id, token, body string
		status          int
		code            string
	}{
		{"S1", "", beat, 401, "token_missing"},
		{"S1", "x", beat, 401, "token_invalid"},
		{"S1", hqToken, beat, 401, "token_invalid"}, // a script is no store
		{"S1", s.tokens["S2"], beat, 403, "store_forbidden"},
		{"S1", s.tokens["S1"], `{"head":-1,"sent_at":"2026-11-22T09:00:00Z"}`, 422, "validation_failed"},
		{"S1", s.tokens["S1"], `{"head":1}`, 422, "validation_failed"},
		{"S1", s.tokens["S1"], `{"head":1,"sent_at":"yesterday"}`, 422, "validation_failed"},
		{"S1", s.tokens["S1"], `{"head":1.5,"sent_at":"2026-11-22T09:00:00Z"}`, 422, "validation_failed"},
		{"S1", s.tokens["S1"], "{", 400, "json_malformed"},
	} {
		s.requireProblem(t, s.call(t, "POST", "/v1/stores/"+c.id+"/heartbeat", c.token, c.body), c.status, c.code)
	}
	// The farthest times that JSON can say.
	for _, year := range []string{"0001", "9999"} {
		a := s.call(t, "POST", "/v1/stores/S1/heartbeat", s.tokens["S1"], fmt.Sprintf(`{"head":9223372036854775807,"sent_at":"%s-01-01T00:00:00Z"}`, year))
		require.Equal(t, http.StatusOK, a.status, "%v", a.body)
	}
}
