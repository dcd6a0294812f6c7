//go:build unix

package faults

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// secondEdge is another store-edge on the shop's database, started by mistake.
// It sells, too, and its relay competes with the first one's.
type secondEdge struct {
	s    *shop
	url  string
	log  string
	till *sim.Till
	kill func() // by SIGKILL
}

func (s *shop) secondEdge() *secondEdge {
	s.t.Helper()
	address, err := sim.FreeAddress(s.t.Context())
	require.NoError(s.t, err)
	e := &secondEdge{s: s, url: "http://" + address, log: filepath.Join(s.data, "second-edge.log")}
	output, err := os.Create(e.log)
	require.NoError(s.t, err)
	defer func() { _ = output.Close() }() // the process has it
	store := s.Store()
	cmd := exec.Command(filepath.Join(bin, "store-edge"), "serve")
	cmd.Env = append(os.Environ(), "EDGE_ADDR="+address, "EDGE_DATABASE_URL="+s.databaseURL(sim.EdgeServer), "EDGE_STORE_ID="+store.StoreID,
		"STORE_TOKEN="+store.StoreToken, "HQ_URL="+store.HQURL, "HQ_GRPC_TARGET="+store.GRPCTarget, "EDGE_DEMO=true", "SYNC_RETRY_MIN=20ms", "SYNC_RETRY_MAX=200ms")
	cmd.Stdout, cmd.Stderr = output, output
	require.NoError(s.t, cmd.Start())
	killed := false
	e.kill = func() {
		killed = true
		require.NoError(s.t, cmd.Process.Kill())
		require.ErrorContains(s.t, cmd.Wait(), "killed")
	}
	s.t.Cleanup(func() {
		if killed {
			return
		}
		require.NoError(s.t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(s.t, cmd.Wait())
	})
	require.Eventually(s.t, e.ready, patience, waitStep, "the second edge is not ready: %s", e.said())
	store.EdgeURL = e.url
	e.till = store.Till(1)
	e.till.Patience = s.till.Patience
	s.t.Cleanup(e.till.Close)
	return e
}

func (e *secondEdge) ready() bool {
	answer, err := http.Get(e.url + "/ready")
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (e *secondEdge) said() string {
	text, err := os.ReadFile(e.log)
	require.NoError(e.s.t, err)
	return string(text)
}

func (e *secondEdge) sell() {
	e.s.t.Helper()
	_, err := e.till.Finalize(e.s.t.Context(), e.s.paidAt(e.till), sim.NewKey())
	require.NoError(e.s.t, err)
}

// The relay's lock (uplink.relayLock) in pg_locks: its upper and lower half.
const relayLock = `from pg_locks where locktype = 'advisory' and classid = (x'5449454D01'::bigint >> 32)::oid and objid = (x'5449454D01'::bigint & x'FFFFFFFF'::bigint)::oid and granted`

const (
	owner    = "select pid " + relayLock
	owners   = "select count(*) " + relayLock
	notOwner = "another relay of this store has the lock"
)

func TestFault36TwoRelaysOneOwner(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2")
	admin := s.session(sim.EdgeServer)
	admin.eventually(1, owners)
	first := admin.count(owner)
	second := s.secondEdge()
	require.Eventually(t, func() bool { return strings.Contains(second.said(), notOwner) }, patience, waitStep)
	for range 5 {
		s.sell()
		second.sell()
	}
	require.Equal(t, first, admin.count(owner), "the first has the line, and keeps it")
	require.Equal(t, 10, s.proven().Sales)
	s.did("two edges on one database sold 5 each; the first one's relay sent all of it")

	for range 3 { // the lock's connection is lost; whoever gets the lock next goes on
		last := admin.count(owner)
		admin.run("select pg_terminate_backend($1)", last)
		second.sell()
		s.sell()
		admin.eventually(1, owners+" and pid <> $1", last)
	}
	f := s.proven()
	require.Equal(t, 16, f.Sales)
	require.NotContains(t, s.log("store-edge")+second.said(), "ALARM")
	s.did("the lock was lost three times, and there was one owner each time")
}

// The first edge is stopped (SIGSTOP) with a batch in hand, and its lock is
// lost meanwhile: the second takes over and sends. When the first wakes up, its
// batch is old news to HQ, and it is not the owner any more.
func TestFault37APausedRelayWakes(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2")
	before := s.proven().Events
	s.arm(sim.EdgeServer, "relay.before_send=stop")
	admin := s.session(sim.EdgeServer)
	admin.eventually(1, owners)
	paused := admin.count(owner)
	second := s.secondEdge()
	t.Cleanup(func() { _ = syscall.Kill(s.PID(sim.EdgeServer), syscall.SIGCONT) }) // else it could not be stopped
	require.Eventually(t, func() bool { return strings.Contains(second.said(), notOwner) }, patience, waitStep)
	second.sell()
	require.Eventually(t, func() bool { return strings.Contains(s.Words(sim.EdgeServer), "failpoint relay.before_send") }, patience, waitStep)
	second.sell()
	s.did("the owner stands still with a batch in hand")
	require.Equal(t, paused, admin.count(owner), "as long as its connection lives, it is the owner")

	admin.run("select pg_terminate_backend($1)", paused)
	admin.eventually(1, owners+" and pid <> $1", paused)
	s.atHQ(before + 6)
	s.did("the second edge took over and sent both sales")

	require.NoError(t, syscall.Kill(s.PID(sim.EdgeServer), syscall.SIGCONT))
	require.Eventually(t, func() bool {
		log := s.log("store-edge")
		return strings.Contains(log, "the connection that holds the lock is gone") && strings.Contains(log, notOwner)
	}, patience, waitStep, "it knows that it is not the owner")
	s.sell() // on the first, which still sells
	second.sell()
	s.atHQ(before + 12)
	require.Equal(t, 4, s.proven().Sales, "one effect each")
	require.NotContains(t, s.log("store-edge")+second.said(), "ALARM")
	s.did("the paused relay woke up, and changed nothing")
}
