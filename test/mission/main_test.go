// Package mission tells what this project was made for, as three stories that
// run: five tills sell while the line to HQ is there; the line is cut in the
// middle of a checkout and the till still gets its OK; the line is back and HQ
// has everything, in order.
//
// Nothing is played but the people: store-edge, hq-platform and their two
// PostgreSQL are processes as they are delivered, and the line is a proxy that
// can be cut. Each story ends with the oracle (edge = HQ event by event,
// invariants A to D) and with both programs' own verifiers. Faults that are
// stranger than a pulled cable are test/faults'.
package mission

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

const (
	patience = 30 * time.Second
	step     = 5 * time.Millisecond
)

// bin is where TestMain built the programs.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tiem-mission-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "tiem/cmd/...")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	bin = dir
	return m.Run()
}

// shop is a shop with five tills, HQ, and the line between them.
type shop struct {
	*sim.Installation

	t        *testing.T
	protocol string
	line     *sim.Line
	edge     *sim.EdgeClient
	hq       *sim.HQClient
}

// overBoth tells a story twice, in a shop of its own: with events that travel over HTTP, and over gRPC.
func overBoth(t *testing.T, story func(s *shop)) {
	t.Helper()
	t.Parallel()
	for _, protocol := range []string{"http", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			story(openShop(t, protocol))
		})
	}
}

// openShop opens it: everybody is signed in, the shelves are full, and the line
// is whole.
func openShop(t *testing.T, protocol string) *shop {
	t.Helper()
	s := &shop{t: t, protocol: protocol}
	var address, grpc string
	var err error
	s.line, address, grpc, err = sim.LineToHQ(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.line.Close()) })
	s.Installation, err = sim.Start(t.Context(), sim.Options{Bin: bin, DataDir: postgrestest.DataDir(t), Catalogue: demo.Catalogue, HQAddr: address, HQGRPC: grpc,
		Terminals: []string{"T1", "T2", "T3", "T4", "T5"}, EdgeEnv: append(s.line.Settings(protocol), "SYNC_TIMEOUT=1s", "SYNC_RETRY_MIN=20ms", "SYNC_RETRY_MAX=200ms", "HEALTH_INTERVAL=100ms")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	s.edge = sim.NewEdgeClient(s.Store().EdgeURL, s.Store().Tills[0].Token)
	t.Cleanup(s.edge.Close)
	s.hq = sim.NewHQClient(s.Store().HQURL, s.Store().HQToken)
	t.Cleanup(s.hq.Close)
	return s
}

// sell lets the five tills sell at once. No till may have to try anything twice:
// what happens to the line is none of their business.
func (s *shop) sell(ledger *sim.Ledger, seed uint64, sales int) {
	s.t.Helper()
	before := ledger.Stats()
	_, err := sim.Play(s.t.Context(), s.Store(), sim.PlayOptions{Seed: seed, Sales: sales, Ledger: ledger})
	require.NoError(s.t, err)
	require.Equal(s.t, before.Retries, ledger.Stats().Retries, "no till had to try twice")
}

func (s *shop) status() sim.EdgeStatus {
	s.t.Helper()
	status, err := s.edge.Status(s.t.Context())
	require.NoError(s.t, err)
	return status
}

// is waits until the edge says what the line is like.
func (s *shop) is(connectivity string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.status().Connectivity == connectivity }, patience, step, "the edge never says %s", connectivity)
}

// drained waits until HQ has everything.
func (s *shop) drained() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.status().PendingEvents == 0 }, patience, step)
}

// watermark is how far HQ has the shop's log, as HQ says.
func (s *shop) watermark() int64 {
	s.t.Helper()
	sync, err := s.hq.Sync(s.t.Context(), s.Store().StoreID)
	require.NoError(s.t, err)
	return sync.ReceivedUpto
}

// logs are the shop's log and HQ's, from the first event to the last.
func (s *shop) logs() (edge []sim.OutboxEntry, hq []sim.HQEvent) {
	s.t.Helper()
	for head := s.status().Head; int64(len(edge)) < head; {
		page, err := s.edge.Outbox(s.t.Context(), int64(len(edge)))
		require.NoError(s.t, err)
		require.NotEmpty(s.t, page)
		edge = append(edge, page...)
	}
	for {
		page, err := s.hq.Events(s.t.Context(), s.Store().StoreID, int64(len(hq)))
		require.NoError(s.t, err)
		if len(page) == 0 {
			return edge, hq
		}
		hq = append(hq, page...)
	}
}

// proven ends a story: what the cashiers saw is at the edge and at HQ, once, A to
// D hold, and hq-platform verify and store-edge outbox verify agree.
func (s *shop) proven(ledger *sim.Ledger, complete bool) sim.Figures {
	s.t.Helper()
	report, err := sim.VerifyStore(s.t.Context(), s.Store(), sim.VerifyOptions{Wait: patience, Ledger: ledger, Complete: complete})
	require.NoError(s.t, err)
	require.True(s.t, report.OK)
	require.Equal(s.t, s.protocol, s.status().Protocol)
	require.Zero(s.t, report.Pending)
	audits, err := s.Audit(s.t.Context())
	require.NoError(s.t, err)
	require.Len(s.t, audits, 2)
	f := report.Figures
	s.t.Logf("edge = HQ: %d events, %d sales of %s; A, B, C, D hold", f.Events, f.Sales, f.Total)
	for _, a := range audits {
		s.t.Logf("%s: %s", a.Command, a.Said)
	}
	return f
}

// counter is a till that one story serves by hand.
type counter struct {
	*sim.Till

	t    *testing.T
	id   uuid.UUID // of the basket
	item sim.Item
	due  *sim.Basket
}

func (s *shop) counter(i int) *counter {
	s.t.Helper()
	items, err := s.edge.Catalogue(s.t.Context())
	require.NoError(s.t, err)
	c := &counter{Till: s.Store().Till(i), t: s.t, id: uuid.Must(uuid.NewV7()), item: items[i]}
	s.t.Cleanup(c.Close)
	return c
}

func (c *counter) open() {
	c.t.Helper()
	_, err := c.Open(c.t.Context(), c.id, sim.NewKey())
	require.NoError(c.t, err)
}

func (c *counter) scan() {
	c.t.Helper()
	var err error
	c.due, err = c.Scan(c.t.Context(), c.id, sim.Pick{ItemID: c.item.ItemID, Quantity: sale.One}, sim.NewKey())
	require.NoError(c.t, err)
}

func (c *counter) pay() {
	c.t.Helper()
	_, err := c.Pay(c.t.Context(), c.id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: c.due.Totals.Total}, sim.NewKey())
	require.NoError(c.t, err)
}

// ok is what the cashier waits for: PAID, with a receipt.
func (c *counter) ok() string {
	c.t.Helper()
	b, err := c.Finalize(c.t.Context(), c.id, sim.NewKey())
	require.NoError(c.t, err, "the till gets its OK")
	require.Zero(c.t, c.Stats.Retries, "at once")
	return b.ReceiptNo
}
