// Package faults breaks a shop in every way that docs/faults.md lists, and
// checks what is left of it.
//
// The programs are real processes, built with the tag failpoint, so that a case
// can say "die before COMMIT, at the next passage" (see internal/failpoint). A
// case is named TestFaultNN after its row, logs what it did, and ends with the
// oracle (proven): invariants A to D hold, HQ has exactly the edge's events, and
// both programs' own verifiers agree. What chance decides comes from a seed that
// is logged; TIEM_SEED=n tries another.
//
// go test ./test/faults runs what CI runs, in some two minutes on two
// cores. TIEM_FAULTS=all adds what takes minutes (make faults):
// TestTwentyThousandSalesWithKillsAndCuts, and every case of TestWireOfProcesses…
// where else there is one of each kind.
package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/demo"
	_ "tiem/internal/edge" // the programs are built by a child that go test does not see:
	_ "tiem/internal/hq"   // without these it would take last week's result for today's
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// bin is where TestMain built the programs.
var bin string

// model is a shop that was opened once and has sold nothing. Each case gets a
// copy of it: two databases are copied in a tenth of the time that they are made in.
var model struct {
	sync.Once
	dir   string
	store sim.Store
	err   error
}

func TestMain(m *testing.M) {
	if settings := os.Getenv(tillVariable); settings != "" {
		os.Exit(liveAsTill(settings)) // a till that a case kills
	}
	os.Exit(run(m))
}

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
	bin, model.dir = dir, filepath.Join(dir, "model")
	if err := os.Chmod(dir, 0o711); err != nil { // as root, the databases run as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func makeModel() {
	in, err := sim.Start(context.Background(), sim.Options{Bin: bin, DataDir: model.dir, Catalogue: demo.Catalogue,
		Terminals: []string{"T1", "T2", "T3", "T4", "T5"}})
	if err == nil {
		model.store, err = in.Store(), in.Stop()
	}
	model.err = err
}

// shop is a running installation of its own with one till.
type shop struct {
	*sim.Installation
	t    *testing.T
	till *sim.Till
	item sim.Item
	data string // its data directory
}

func open(t *testing.T, terminals ...string) *shop {
	t.Helper()
	return openWith(t, sim.Options{Terminals: terminals})
}

// openWith is open with an address for HQ or settings of the edge's own.
func openWith(t *testing.T, o sim.Options) *shop {
	t.Helper()
	model.Do(makeModel)
	require.NoError(t, model.err)
	o.Bin, o.DataDir, o.Catalogue, o.Known = bin, postgrestest.DataDir(t), demo.Catalogue, model.store
	out, err := exec.Command("cp", "-a", model.dir, o.DataDir).CombinedOutput() // with its owners
	require.NoError(t, err, "%s", out)
	o.Env = []string{"SYNC_RETRY_MIN=20ms", "SYNC_RETRY_MAX=200ms"}
	in, err := sim.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, in.Stop()) })
	s := &shop{Installation: in, t: t, data: o.DataDir}
	s.till = s.newTill(0)
	client := s.edge()
	defer client.Close()
	items, err := client.Catalogue(t.Context())
	require.NoError(t, err)
	s.item = items[0]
	return s
}

// newTill is another till at the terminal of that index, with its cashier; it
// gives up soon.
func (s *shop) newTill(terminal int) *sim.Till {
	till := s.Store().Till(terminal)
	till.Patience = 500 * time.Millisecond
	s.t.Cleanup(till.Close)
	return till
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
	return s.provenTo(nil)
}

// provenTo is proven with what the cashiers saw, all of it; nil: nobody asks them.
func (s *shop) provenTo(ledger *sim.Ledger) sim.Figures {
	s.t.Helper()
	edge, hq := s.edge(), sim.NewHQClient(s.Store().HQURL, s.Store().HQToken)
	defer edge.Close()
	defer hq.Close()
	report, err := sim.Verify(s.t.Context(), edge, hq, sim.VerifyOptions{Wait: 30 * time.Second, Ledger: ledger, Complete: ledger != nil})
	require.NoError(s.t, err)
	require.True(s.t, report.OK)
	require.Zero(s.t, report.Pending)
	audits, err := s.Audit(s.t.Context())
	require.NoError(s.t, err)
	f := report.Figures
	s.did("edge = HQ: %d events, %d sales of %s; A, B, C, D hold; %d cashiers' receipts found", f.Events, f.Sales, f.Total, f.Acked)
	for _, a := range audits {
		s.did("%s: %s", a.Command, a.Said)
	}
	return f
}

// did tells the reader of the log what the case does.
func (s *shop) did(format string, args ...any) {
	s.t.Helper()
	s.t.Logf(format, args...)
}

// log is everything that a program's servers have written.
func (s *shop) log(program string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, program+".log"))
	require.NoError(s.t, err)
	return string(text)
}

// seeded is a case's chance: the same each time, unless TIEM_SEED says otherwise.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(2026)
	if text := os.Getenv("TIEM_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "TIEM_SEED")
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// paidBasket is a basket that only has to be finalized.
func (s *shop) paidBasket() uuid.UUID {
	s.t.Helper()
	return s.paidAt(s.till)
}

func (s *shop) paidAt(till *sim.Till) uuid.UUID {
	s.t.Helper()
	ctx, id := s.t.Context(), uuid.Must(uuid.NewV7())
	_, err := till.Open(ctx, id, sim.NewKey())
	require.NoError(s.t, err)
	b, err := till.Scan(ctx, id, sim.Pick{ItemID: s.item.ItemID, Quantity: sale.One}, sim.NewKey())
	require.NoError(s.t, err)
	_, err = till.Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total}, sim.NewKey())
	require.NoError(s.t, err)
	return id
}

func (s *shop) sell() *sim.Basket {
	s.t.Helper()
	b, err := s.till.Finalize(s.t.Context(), s.paidBasket(), sim.NewKey())
	require.NoError(s.t, err)
	return b
}
