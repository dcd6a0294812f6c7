package uplink

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

func linkTo(t *testing.T, handler http.HandlerFunc) *HTTPLink {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	link, err := NewHTTPLink(server.URL, "S1", "secret", time.Second)
	require.NoError(t, err)
	t.Cleanup(link.Close)
	return link
}

func TestReadyIsWhatHQItselfSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   string
	}{
		"ready":                 {200, `{"status":"ready"}`, ""},
		"its disk is full":      {503, `{"code":"disk_almost_full","detail":"full"}`, "disk_almost_full"},
		"a proxy without an HQ": {502, `<html></html>`, "hq_refused"},
		"no such page":          {404, `not found`, "hq_refused"},
		"a Wi-Fi's own page":    {200, `<html>log in</html>`, "hq_answer_unreadable"},
		"somebody else's JSON":  {200, `{"status":"ok"}`, "hq_answer_unreadable"},
		"the way to that page":  {302, ``, "hq_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := linkTo(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/ready" || r.Header.Get("Authorization") != "" {
					w.WriteHeader(http.StatusTeapot) // a token has no business here
					return
				}
				w.Header().Set("Location", "/ready?again")
				if r.URL.RawQuery != "" {
					c.status = http.StatusOK
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			require.Equal(t, c.code, fault.CodeOf(link.Ready(t.Context())))
		})
	}
	link, err := NewHTTPLink("http://127.0.0.1:1", "S1", "secret", time.Second)
	require.NoError(t, err)
	require.Equal(t, "hq_unreachable", fault.CodeOf(link.Ready(t.Context())))
}

func TestHeartbeatOverHTTP(t *testing.T) {
	t.Parallel()
	now, answer, status := time.Date(2026, 11, 22, 9, 0, 0, 123_000_000, time.UTC), "", http.StatusOK
	var got wire.Heartbeat
	link := linkTo(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/stores/S1/heartbeat" || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer secret" ||
			json.UnmarshalRead(r.Body, &got) != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	})
	ms := int64(-7)
	sent := wire.Heartbeat{Head: 17, SentAt: now, ClockOffsetMS: &ms}
	answer = `{"now":"2026-11-22T09:00:00.123Z","received_upto":12}`
	said, err := link.Heartbeat(t.Context(), sent)
	require.NoError(t, err)
	require.Equal(t, sent, got)
	require.Equal(t, wire.HeartbeatAnswer{Now: now, ReceivedUpto: 12}, said)
	answer = `{}`
	_, err = link.Heartbeat(t.Context(), sent)
	require.Equal(t, "hq_answer_unreadable", fault.CodeOf(err))
	status = http.StatusNotFound
	_, err = link.Heartbeat(t.Context(), sent)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}
