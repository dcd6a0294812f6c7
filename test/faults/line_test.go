package faults

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// openBehind is open with something between the edge and HQ: way opens it
// towards HQ's address and returns the URL that the edge uses. env is NAME=value
// for the edge.
func openBehind(t *testing.T, way func(hq string) (url string), env ...string) *shop {
	t.Helper()
	hq, err := sim.FreeAddress(t.Context())
	require.NoError(t, err)
	return openWith(t, sim.Options{HQAddr: hq, Terminals: []string{"T1", "T2", "T3", "T4", "T5"}, EdgeEnv: append([]string{"HQ_URL=" + way(hq)}, env...)})
}

// openOverLine is open with the simulator's line, which fails as it is told.
func openOverLine(t *testing.T, env ...string) (s *shop, line *sim.Line) {
	t.Helper()
	s = openBehind(t, func(hq string) string {
		var err error
		line, err = sim.NewLine(t.Context(), hq)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, line.Close()) })
		return line.URL()
	}, env...)
	return s, line
}

// serve is an HTTP server of the test's own; it returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
