package sim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestALineThatNobodyGoesByIsRefused(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	l := newLine(t, address)
	free, err := FreeAddress(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.LeadGRPC(t.Context(), free, address))
	said := ""
	heard := func(format string, args ...any) { said = fmt.Sprintf(format, args...) }
	unused := func(i int, field string) {
		said = ""
		l.ways[i].patience = 10 * time.Millisecond
		err := l.await(t.Context(), l.ways[i], heard)
		require.Contains(t, said, l.ways[i].listener.Addr().String()+" for up to 10ms")
		require.Equal(t, "line_unused", fault.CodeOf(err))
		require.Equal(t, 78, fault.ExitCode(err))
		require.Equal(t, field, fault.As(err).Field)
		require.Contains(t, fault.As(err).Hint, "HQ_URL="+l.URL()+" HQ_GRPC_TARGET="+free)
		require.Contains(t, fault.As(err).Hint, map[string]string{"--line": "HEALTH_INTERVAL", "--line-grpc": "SYNC_RETRY_MAX"}[field])
	}
	unused(0, "--line")
	say(t, call(t, l), "hello")
	said, l.ways[0].patience = "", time.Minute
	require.Eventually(t, func() bool { return isClosed(l.ways[0].called) }, 10*time.Second, time.Millisecond)
	require.NoError(t, l.await(t.Context(), l.ways[0], heard))
	require.Empty(t, said, "there is nothing to wait for")
	unused(1, "--line-grpc") // each way is for itself
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// A shop whose probes go by the line, and whose events do not, is no shop on it:
// gRPC finds its own way.
func TestALineByWhichOnlyTheProbesGoIsRefused(t *testing.T) {
	t.Parallel()
	address, _ := echo(t)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"protocol":"grpc"}`)) }))
	t.Cleanup(shop.Close)
	l := newLine(t, address)
	free, err := FreeAddress(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.LeadGRPC(t.Context(), free, address))
	say(t, call(t, l), "a probe")
	require.Greater(t, l.ways[1].patience, 30*time.Second, "a relay in the longest of its pauses (SYNC_RETRY_MAX) has not called yet")
	l.ways[1].patience = 10 * time.Millisecond
	err = l.used(t.Context(), Store{EdgeURL: shop.URL, Tills: []Login{{}}}, func(string, ...any) {})
	require.Equal(t, []string{"line_unused", "--line-grpc"}, []string{fault.CodeOf(err), fault.As(err).Field})
}
