package faults

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
	"tiem/internal/wire"
	"tiem/internal/wire/wiretest"
)

// The conformance suite against real processes, which die by kill -9 and by
// failpoints at their COMMIT, and whose data directories are put back to older
// copies. CI plays one case of each kind, and leaves backups over HTTP to
// test/told; TIEM_FAULTS=all plays all.
func TestWireOfProcessesOverHTTP(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, processFeatures(wire.HTTP), processes(wire.HTTP))
}

func TestWireOfProcessesOverGRPC(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, processFeatures(wire.GRPC), processes(wire.GRPC))
}

func processFeatures(protocol string) wiretest.Features {
	all, streams := os.Getenv("TIEM_FAULTS") == "all", protocol == wire.GRPC
	return wiretest.Features{Few: !all, Streams: streams, Relay: true, KillsHQ: true, DiesAt: true, KillsStore: true, RestoresHQ: all || streams, RestoresBox: all || streams}
}

// mortals are a shop's processes as a world of the suite.
type mortals struct {
	*shop
	protocol string
	down     bool // the edge: nobody can sell meanwhile
	owed     int  // sales that are made when it is there again
	back     sync.WaitGroup
}

func processes(protocol string) func(*testing.T) *wiretest.World {
	return func(t *testing.T) *wiretest.World {
		t.Helper()
		m := &mortals{shop: openWith(t, sim.Options{EdgeEnv: []string{"SYNC_PROTOCOL=" + protocol}}), protocol: protocol}
		t.Cleanup(m.back.Wait)
		m.sells(1)
		m.proven()
		require.Equal(t, protocol, m.status().Protocol)
		return m.world()
	}
}

func (m *mortals) world() *wiretest.World {
	w := &wiretest.World{T: m.t, Patience: 60 * time.Second, Timeout: 5 * time.Second, Silence: 15 * time.Second}
	w.Sell, w.Log, w.Held, w.Published = m.sells, m.events, m.held, m.published
	w.Alarm = func() string { return m.status().Alarm.Code }
	w.Proven = func() { m.proven() }
	w.Wait = func(d time.Duration) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		<-timer.C
	}
	w.StopRelay = func() { m.edgeWith("HQ_URL=http://127.0.0.1:1", "HQ_GRPC_TARGET=127.0.0.1:1") }
	w.StartRelay = func() { m.edgeWith() }
	w.KillBox = func() { m.killed(sim.EdgeServer); m.down = true }
	w.KillHQ = func() { m.killed(sim.HQServer) }
	w.StartHQ = func() { m.restart(sim.HQServer) }
	w.DieAt = m.dieAt
	w.BackupHQ = func() { m.rested(sim.HQServer, "hq", m.backUp) }
	w.RestoreHQ = func() { m.rested(sim.HQServer, "hq", m.putBack) }
	w.BackupBox = func() { m.rested(sim.EdgeServer, "edge", m.backUp) }
	w.RestoreBox = func() { // it was killed: its PostgreSQL must be down in order, too
		m.restart(sim.EdgeServer)
		require.NoError(m.t, m.Halt(m.t.Context(), sim.EdgeServer))
		m.putBack("edge")
	}
	return w
}

// sells makes n sales, or owes it while the edge is down.
func (m *mortals) sells(n int) {
	m.t.Helper()
	if m.down {
		m.owed += n
		return
	}
	for range n {
		m.sell()
	}
}

// edgeWith starts the edge again with settings, and makes the sales that are owed.
func (m *mortals) edgeWith(env ...string) {
	m.t.Helper()
	if !m.down {
		require.NoError(m.t, m.Halt(m.t.Context(), sim.EdgeServer))
	}
	require.NoError(m.t, m.Restart(m.t.Context(), sim.EdgeServer, env...))
	owed := m.owed
	m.down, m.owed = false, 0
	m.sells(owed)
}

// killed ends a server with kill -9.
func (m *mortals) killed(part sim.Part) {
	m.t.Helper()
	require.NoError(m.t, m.Kill(part))
	ctx, cancel := context.WithTimeout(m.t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(m.t, m.AwaitExit(ctx, part))
}

// dieAt has HQ die at its next commit and come back.
func (m *mortals) dieAt(point wiretest.Point) {
	m.t.Helper()
	m.back.Wait()
	name := map[wiretest.Point]string{wiretest.BeforeCommit: "intake.before_commit", wiretest.AfterCommit: "intake.after_commit"}[point]
	m.arm(sim.HQServer, name+"=kill")
	m.back.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := m.AwaitExit(ctx, sim.HQServer); err != nil {
			m.t.Error(err)
			return
		}
		if err := m.Restart(ctx, sim.HQServer); err != nil {
			m.t.Error(err)
		}
	})
}

// rested does something to a server's data directory while it is halted.
func (m *mortals) rested(part sim.Part, dir string, do func(dir string)) {
	m.t.Helper()
	require.NoError(m.t, m.Halt(m.t.Context(), part))
	do(dir)
	m.restart(part)
}

func (m *mortals) backUp(dir string) {
	m.t.Helper()
	m.copied(dir, dir+"-backup")
}

func (m *mortals) putBack(dir string) {
	m.t.Helper()
	m.copied(dir+"-backup", dir)
}

func (m *mortals) copied(from, to string) {
	m.t.Helper()
	require.NoError(m.t, os.RemoveAll(filepath.Join(m.data, to)))
	out, err := exec.Command("cp", "-a", filepath.Join(m.data, from), filepath.Join(m.data, to)).CombinedOutput()
	require.NoError(m.t, err, "%s", out)
}

// held is HQ's log without the payloads, which its verifier compares; nil while HQ
// is away.
func (m *mortals) held() []wire.Event {
	m.t.Helper()
	client := sim.NewHQClient(m.Store().HQURL, m.Store().HQToken)
	defer client.Close()
	var held []wire.Event
	for {
		events, err := client.Events(m.t.Context(), m.Store().StoreID, int64(len(held)))
		if err != nil {
			return nil
		}
		if len(events) == 0 {
			return held
		}
		for _, e := range events {
			held = append(held, wire.Event{StoreID: m.Store().StoreID, ID: e.ID, EventID: e.EventID, Type: e.Type, Hash: e.Hash})
		}
	}
}

// edgeStatus is the part of the edge's status that the suite asks for.
type edgeStatus struct {
	Head          int64  `json:"head"`
	PendingEvents int64  `json:"pending_events"`
	Protocol      string `json:"protocol"`
	Alarm         struct {
		Code string `json:"code"`
	} `json:"alarm"`
}

func (m *mortals) status() (status edgeStatus) {
	m.t.Helper()
	request, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.Store().EdgeURL+"/v1/status", nil)
	require.NoError(m.t, err)
	request.Header.Set("Authorization", "Bearer "+m.Store().Tills[0].Token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(m.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(m.t, http.StatusOK, response.StatusCode)
	require.NoError(m.t, json.UnmarshalRead(response.Body, &status))
	return status
}

func (m *mortals) published() int64 {
	m.t.Helper()
	status := m.status()
	return status.Head - status.PendingEvents
}
