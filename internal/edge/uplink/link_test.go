package uplink

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

func TestPauseIsWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 1_000_000).Draw(t, "attempt")
		floor := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "floor"))
		ceiling := floor + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "above"))
		p := pause(attempt, floor, ceiling)
		require.GreaterOrEqual(t, p, time.Duration(0))
		require.LessOrEqual(t, p, ceiling)
		if attempt == 1 {
			require.LessOrEqual(t, p, floor)
		}
	})
}

func TestPauseGrowsAndIsJittered(t *testing.T) {
	largest := func(attempt int) (most time.Duration) {
		for range 300 {
			most = max(most, pause(attempt, 100*time.Millisecond, 30*time.Second))
		}
		return most
	}
	require.Greater(t, largest(5), 4*largest(1))
	require.Less(t, largest(1), 101*time.Millisecond)
	require.Greater(t, largest(40), 20*time.Second)
	seen := map[time.Duration]bool{}
	for range 50 {
		seen[pause(8, 100*time.Millisecond, 30*time.Second)] = true
	}
	require.Greater(t, len(seen), 40, "stores must not come back in step")
}

func TestHTTPLinkReadsHQsAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		kind   fault.Kind
		code   string
	}{
		"gap":               {409, `{"code":"gap","detail":"a gap","expected_id":7,"chain_hash":"` + wire.Hash{}.String() + `"}`, fault.Conflict, "gap"},
		"fenced":            {409, `{"code":"fenced","detail":"old"}`, fault.Conflict, "fenced"},
		"hash":              {422, `{"code":"hash_mismatch"}`, fault.Invalid, "hash_mismatch"},
		"token":             {401, `{"code":"token_invalid"}`, fault.Unauthorized, "token_invalid"},
		"forbidden":         {403, `{"code":"store_forbidden"}`, fault.Forbidden, "store_forbidden"},
		"too large":         {413, `{"code":"body_too_large"}`, fault.TooLarge, "body_too_large"},
		"a proxy's page":    {502, `<html>Bad Gateway</html>`, fault.Unavailable, "hq_refused"},
		"a proxy's 413":     {413, `<html></html>`, fault.TooLarge, "hq_refused"},
		"busy":              {503, `{"code":"database_busy"}`, fault.Unavailable, "database_busy"},
		"rate":              {429, ``, fault.Unavailable, "hq_refused"},
		"not HQ at all":     {200, `hello`, fault.Unavailable, "hq_answer_unreadable"},
		"no such store":     {404, `{"code":"store_unknown"}`, fault.NotFound, "store_unknown"},
		"another server":    {404, `not found`, fault.NotFound, "hq_refused"},
		"a read-only proxy": {405, ``, fault.NotFound, "hq_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer secret" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			t.Cleanup(server.Close)
			link, err := NewHTTPLink(server.URL, "S1", "secret", time.Second)
			require.NoError(t, err)
			t.Cleanup(link.Close)
			_, err = link.Send(t.Context(), &wire.Batch{StoreID: "S1"})
			require.Equal(t, c.code, fault.CodeOf(err))
			require.Equal(t, c.kind, fault.KindOf(err))
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestHTTPLinkTakesASlashAtTheEnd(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hq/v1/stores/S1/sync" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"store_id":"S1","epoch":1,"received_upto":0,"chain_hash":"` + wire.Hash{}.String() + `","quarantined":0}`))
	}))
	t.Cleanup(server.Close)
	for _, end := range []string{"", "/", "//"} {
		link, err := NewHTTPLink(server.URL+"/hq"+end, "S1", "secret", time.Second)
		require.NoError(t, err)
		_, err = link.Sync(t.Context())
		link.Close()
		require.NoError(t, err, end)
	}
}

func TestHTTPLinkTimesOut(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	link, err := NewHTTPLink(server.URL, "S1", "secret", 50*time.Millisecond)
	require.NoError(t, err)
	t.Cleanup(link.Close)
	_, err = link.Sync(t.Context())
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestHTTPLinkRefusesABadAddress(t *testing.T) {
	for _, base := range []string{"", "hq.example", "ftp://hq", "http://", "://"} {
		_, err := NewHTTPLink(base, "S1", "secret", time.Second)
		require.Equal(t, fault.Config, fault.KindOf(err), base)
		require.Equal(t, "is not an http(s) URL", fault.As(err).Message, "it may hold a secret")
	}
}
