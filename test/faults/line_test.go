package faults

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// openBehind is open with something between the edge and HQ that speaks HTTP, and
// so does the edge: way opens it towards HQ's address and returns the URL that the
// edge uses. env is NAME=value for the edge.
func openBehind(t *testing.T, way func(hq string) (url string), env ...string) *shop {
	t.Helper()
	hq, err := sim.FreeAddress(t.Context())
	require.NoError(t, err)
	return openWith(t, sim.Options{HQAddr: hq, Terminals: []string{"T1", "T2", "T3", "T4", "T5"}, EdgeEnv: append([]string{"HQ_URL=" + way(hq), "SYNC_PROTOCOL=http"}, env...)})
}

// openOverLine is open with the simulator's line, which fails as it is told, for
// HTTP and gRPC alike; the edge speaks what it prefers, unless env says otherwise.
func openOverLine(t *testing.T, env ...string) (s *shop, line *sim.Line) {
	t.Helper()
	line, hq, grpc, err := sim.LineToHQ(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, line.Close()) })
	s = openWith(t, sim.Options{HQAddr: hq, HQGRPC: grpc, Terminals: []string{"T1", "T2", "T3", "T4", "T5"}, EdgeEnv: append(line.Settings(""), env...)})
	return s, line
}

// serve is an HTTP server of the test's own; it returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// protocols are the ways in which events travel.
var protocols = []string{"http", "grpc"}

// HQ has committed a batch and its answer is cut off: the edge sends the batch once
// more, to hear what became of its events. HQ counts them as duplicates, and nothing
// happens twice.
func TestAnAnswerThatIsCutIsAskedForOnce(t *testing.T) {
	t.Parallel()
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s, line := openOverLine(t, "SYNC_PROTOCOL="+protocol, "SYNC_FALLBACK=false")
			before := s.proven().Events
			hq := sim.NewHQClient(s.Store().HQURL, s.Store().HQToken)
			defer hq.Close()
			had, err := hq.Duplicates(t.Context())
			require.NoError(t, err)
			line.Cut(sim.Cut{Kind: sim.AnswerCut, Bytes: 1})
			s.sell()
			s.atHQ(before + 3)
			line.Mend()
			require.Equal(t, 1, s.proven().Sales)
			require.Eventually(t, func() bool {
				now, err := hq.Duplicates(t.Context())
				return err == nil && now == had+3
			}, patience, waitStep)
		})
	}
}
