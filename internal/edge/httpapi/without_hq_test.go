package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/board"
)

// HQ takes connections and says nothing, for ever, while the relay, the probes
// and the heartbeat run: no call of a till waits for it, and a sale is a sale.
func TestEveryTillCallAnswersWithoutHQ(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = hole.Close() })
	s := openShop(t, func(c *edge.Config) {
		c.HQURL, c.StoreToken, c.SyncTimeout, c.HealthInterval = "http://"+hole.Addr().String(), "geheim", time.Minute, 10*time.Millisecond
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.app.Serve(ctx, ln) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-served) })
	t1 := s.till("T1")
	require.Equal(t, "PAID", t1.sell(water, salt).Status)

	var status board.State
	require.Eventually(t, func() bool {
		status = ok[board.State](t, 200, t1.get("/v1/status"))
		return status.Health.Failures > 0
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, "OFFLINE", status.Connectivity)
	require.Equal(t, "hq_silent", status.Health.LastErrorCode)
	require.NotZero(t, status.PendingEvents)

	router, isDoor := s.app.Handler().(interface{ Router() chi.Router })
	require.True(t, isDoor)
	b := t1.scan(t1.open(), water)
	asked := 0
	require.NoError(t, chi.Walk(router.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if !strings.HasPrefix(route, "/v1/") {
			return nil
		}
		if strings.HasSuffix(route, "/stream") {
			method = http.MethodHead // else it would last
		}
		path := regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllStringFunc(route, func(name string) string {
			return map[bool]string{true: b.ID, false: "1"}[name == "{id}"]
		})
		a := t1.call(method, path, nil)
		require.Less(t, a.status, 500, "%s %s: %s", method, route, a.raw)
		asked++
		return nil
	}))
	require.Greater(t, asked, 15)
}
