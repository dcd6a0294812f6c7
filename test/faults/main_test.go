// Package faults kills real processes at named places and checks what is left.
//
// The programs are built with the tag failpoint, so that a test can say "die
// before COMMIT, at the next passage" (see internal/failpoint). Each case ends
// with the oracle: invariants A to D hold, and HQ has exactly the edge's events.
package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sim"
)

// bin is where TestMain built the programs.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tiem-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := exec.Command("go", "build", "-tags", "failpoint", "-o", dir+string(filepath.Separator), "tiem/cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	bin = dir
	return m.Run()
}

// shop is a running installation of its own with one till.
type shop struct {
	*sim.Installation
	t    *testing.T
	till *sim.Till
	item sim.Item
}

func open(t *testing.T, terminals ...string) *shop {
	t.Helper()
	in, err := sim.Start(t.Context(), sim.Options{Bin: bin, DataDir: postgrestest.DataDir(t), Catalogue: demo.Catalogue, Terminals: terminals,
		Env: []string{"SYNC_RETRY_MIN=20ms", "SYNC_RETRY_MAX=200ms"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, in.Stop()) })
	s := &shop{Installation: in, t: t}
	s.till = sim.NewTill(in.Store().EdgeURL, in.Store().Tills[0], in.Store().CashierID)
	s.till.Patience = 500 * time.Millisecond
	t.Cleanup(s.till.Close)
	client := s.edge()
	defer client.Close()
	items, err := client.Catalogue(t.Context())
	require.NoError(t, err)
	s.item = items[0]
	return s
}

func (s *shop) edge() *sim.EdgeClient {
	return sim.NewEdgeClient(s.Store().EdgeURL, s.Store().Tills[0].Token)
}

// arm starts a server again with a failpoint set.
func (s *shop) arm(part sim.Part, failpoint string) {
	s.t.Helper()
	require.NoError(s.t, s.Halt(s.t.Context(), part))
	require.NoError(s.t, s.Restart(s.t.Context(), part, "TIEM_FAILPOINTS="+failpoint))
}

// died waits for a server to kill itself.
func (s *shop) died(part sim.Part) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(s.t, s.AwaitExit(ctx, part))
	require.Contains(s.t, s.Words(part), "failpoint")
}

func (s *shop) restart(part sim.Part) {
	s.t.Helper()
	require.NoError(s.t, s.Restart(s.t.Context(), part))
}

// proven ends every case: edge = HQ and A to D hold, as the public APIs and as
// both programs' own verifiers see it. It returns what the oracle counted.
func (s *shop) proven() sim.Figures {
	s.t.Helper()
	edge, hq := s.edge(), sim.NewHQClient(s.Store().HQURL, s.Store().HQToken)
	defer edge.Close()
	defer hq.Close()
	report, err := sim.Verify(s.t.Context(), edge, hq, sim.VerifyOptions{Wait: 30 * time.Second})
	require.NoError(s.t, err)
	require.True(s.t, report.OK)
	require.Zero(s.t, report.Pending)
	_, err = s.Audit(s.t.Context())
	require.NoError(s.t, err)
	return report.Figures
}
