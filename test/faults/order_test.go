//go:build unix

package faults

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// twoHQs is a way to HQ that takes turns between two processes, call by call.
type twoHQs struct {
	turn   atomic.Uint64
	ways   [2]atomic.Pointer[httputil.ReverseProxy] // nil: that one is not there yet
	served [2]atomic.Int64                          // batches that went each way
}

func (h *twoHQs) add(i int, at string) {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at})
	proxy.ErrorLog = log.New(io.Discard, "", 0) // that HQ is away is what the case is about
	h.ways[i].Store(proxy)
}

func (h *twoHQs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i := h.turn.Add(1) % 2
	if h.ways[i].Load() == nil {
		i = 0
	}
	if strings.HasSuffix(r.URL.Path, "/events") {
		h.served[i].Add(1)
	}
	h.ways[i].Load().ServeHTTP(w, r)
}

// secondHQ is another hq-platform on HQ's database; its address is known before
// it is started.
func (s *shop) secondHQ(address string) (start, kill func()) {
	s.t.Helper()
	var cmd *exec.Cmd
	kill = func() {
		if cmd != nil {
			require.NoError(s.t, cmd.Process.Kill())
			require.ErrorContains(s.t, cmd.Wait(), "killed")
			cmd = nil
		}
	}
	start = func() {
		output, err := os.OpenFile(filepath.Join(s.data, "second-hq.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(s.t, err)
		defer func() { _ = output.Close() }() // the process has it
		cmd = exec.Command(filepath.Join(bin, "hq-platform"), "serve")
		cmd.Env = append(os.Environ(), "HQ_ADDR="+address, "HQ_GRPC_ADDR=127.0.0.1:0", "HQ_DATABASE_URL="+s.databaseURL(sim.HQServer), "HQ_TOKEN="+s.Store().HQToken)
		cmd.Stdout, cmd.Stderr = output, output
		require.NoError(s.t, cmd.Start())
	}
	s.t.Cleanup(func() { kill() })
	return start, kill
}

// Everything at once that may bring the order at HQ into danger: five tills sell,
// two edges were started on one database and both want to relay, HQ is two
// processes behind connections that take turns, and all of them are killed now
// and then. HQ's log is the edge's, in the order of its ids, with its hashes, and
// no event twice.
func TestHQsLogIsTheEdgesLog(t *testing.T) {
	t.Parallel()
	random, way := seeded(t), &twoHQs{}
	s := openBehind(t, func(hq string) string {
		way.add(0, hq)
		return serve(t, way.ServeHTTP)
	})
	address, err := sim.FreeAddress(t.Context())
	require.NoError(t, err)
	startHQ, killHQ := s.secondHQ(address)
	startHQ()
	way.add(1, address)
	second := s.secondEdge()
	admin := s.session(sim.EdgeServer)
	admin.eventually(1, owners)

	ledger, done := sim.NewLedger(), make(chan error, 1)
	go func() {
		_, err := sim.Play(t.Context(), s.Store(), sim.PlayOptions{Seed: random.Uint64(), Sales: 400, Ledger: ledger, Patience: time.Minute})
		done <- err
	}()
	sold := func(n int) {
		require.Eventually(t, func() bool { return len(ledger.Sales()) >= n }, 2*time.Minute, waitStep)
	}
	// The second edge becomes the owner, and is killed: the first takes over.
	sold(20)
	if !strings.Contains(second.said(), "owner of the uplink") { // the first one has it: it stands still while it loses it
		first := s.PID(sim.EdgeServer)
		t.Cleanup(func() { _ = syscall.Kill(first, syscall.SIGCONT) }) // else it could not be stopped
		require.NoError(t, syscall.Kill(first, syscall.SIGSTOP))
		admin.run("select pg_terminate_backend(pid) " + relayLock)
		require.Eventually(t, func() bool { return strings.Contains(second.said(), "owner of the uplink") }, patience, waitStep)
		require.NoError(t, syscall.Kill(first, syscall.SIGCONT))
	}
	second.kill()
	admin.eventually(1, owners)
	s.did("two relays, one owner; the second had its turn and was killed, the first took over")

	for kills := range 6 {
		sold(60 + 50*kills + random.IntN(50))
		if kills%2 == 0 {
			killHQ()
			startHQ()
			s.did("the second HQ was killed after %d sales", len(ledger.Sales()))
		} else {
			require.NoError(t, s.Kill(sim.HQServer)) // and its database with it
			require.NoError(t, s.AwaitExit(t.Context(), sim.HQServer))
			s.restart(sim.HQServer)
			s.did("the first HQ and the database of both were killed after %d sales", len(ledger.Sales()))
		}
	}
	require.NoError(t, <-done)
	require.Equal(t, 400, s.provenTo(ledger).Sales)
	require.NotContains(t, s.log("store-edge")+second.said(), "ALARM")
	require.NotZero(t, way.served[0].Load())
	require.NotZero(t, way.served[1].Load(), "both took batches")
	s.sameLogs()
	s.did("batches at the first HQ: %d, at the second: %d", way.served[0].Load(), way.served[1].Load())
}

// sameLogs compares the two databases themselves, without any program of ours:
// the same ids, event ids and hashes, row by row.
func (s *shop) sameLogs() {
	s.t.Helper()
	const columns = "select coalesce(string_agg(id || ' ' || event_id || ' ' || encode(hash, 'hex'), E'\\n' order by id), '') from "
	var edge, hq string
	require.NoError(s.t, s.session(sim.EdgeServer).QueryRow(s.t.Context(), columns+"outbox").Scan(&edge))
	require.NoError(s.t, s.session(sim.HQServer).QueryRow(s.t.Context(), columns+"hq_inbox").Scan(&hq))
	require.NotEmpty(s.t, edge)
	require.Equal(s.t, edge, hq)
}
