//go:build linux

package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// host is a shop on a machine that is the test's: its disks, the processes of
// its databases, and an administrator's session beside the programs.
//
// The first till is the test's own, and tries each call once; the others sell by
// themselves (sellOn), and what their cashiers saw stands in the ledger.
type host struct {
	*shop

	ledger *sim.Ledger
	own    int         // sales of the first till that its cashier saw PAID
	hands  []*sim.Till // that finalizeAll uses
}

// side is a program with its database.
type side struct {
	server   sim.Part
	postgres sim.Part
	program  string
	name     string // of its data directory and of its database
}

var (
	edgeSide = side{sim.EdgeServer, sim.EdgePostgres, "store-edge", "edge"}
	hqSide   = side{sim.HQServer, sim.HQPostgres, "hq-platform", "hq"}
)

// onBothSides runs a case for the edge and for HQ, each in a shop of its own.
func onBothSides(t *testing.T, run func(h *host, at side)) {
	t.Helper()
	for _, at := range []side{edgeSide, hqSide} {
		t.Run(at.name, func(t *testing.T) {
			t.Parallel()
			run(openHost(t), at)
		})
	}
}

func openHost(t *testing.T) *host {
	t.Helper()
	h := &host{shop: open(t, "T1", "T2", "T3"), ledger: sim.NewLedger()}
	h.till.Patience = time.Nanosecond // the test wants to see each refusal
	return h
}

// sellOn lets the other tills make so many sales, patiently; wait returns when
// they have. A sale that they were promised stands in the ledger.
func (h *host) sellOn(seed uint64, sales int) (wait func()) {
	h.t.Helper()
	store := h.Store()
	store.Tills = store.Tills[1:]
	done := make(chan error, 1)
	go func() {
		_, err := sim.Play(h.t.Context(), store, sim.PlayOptions{Seed: seed, Sales: sales, Patience: time.Minute, Ledger: h.ledger})
		done <- err
	}()
	return func() {
		h.t.Helper()
		require.NoError(h.t, <-done)
	}
}

// afterSales waits until the ledger holds so many sales.
func (h *host) afterSales(n int) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return len(h.ledger.Sales()) >= n }, time.Minute, time.Millisecond)
}

// purchase is one basket of the test's own till, with all ids and keys of its
// calls: buying it again sends the very same requests.
type purchase struct {
	id, payment uuid.UUID
	keys        [4]string
}

func newPurchase() purchase {
	return purchase{uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), [4]string{sim.NewKey(), sim.NewKey(), sim.NewKey(), sim.NewKey()}}
}

// fillBasket takes the purchase as far as its payment.
func (h *host) fillBasket(p purchase) error {
	ctx := h.t.Context()
	if _, err := h.till.Open(ctx, p.id, p.keys[0]); err != nil {
		return err
	}
	b, err := h.till.Scan(ctx, p.id, sim.Pick{ItemID: h.item.ItemID, Quantity: sale.One}, p.keys[1])
	if err != nil {
		return err
	}
	_, err = h.till.Pay(ctx, p.id, sale.Tender{ID: p.payment, Method: sale.Cash, Amount: b.Totals.Total}, p.keys[2])
	return err
}

// buy takes the purchase to PAID, each call once.
func (h *host) buy(p purchase) error {
	if err := h.fillBasket(p); err != nil {
		return err
	}
	_, err := h.till.Finalize(h.t.Context(), p.id, p.keys[3])
	if err == nil {
		h.own++
	}
	return err
}

// refusalOf is what the edge answered to a call that was tried once; it must
// have been a 503 with a code and a hint. Anything else is "": nobody answered.
func refusalOf(t *testing.T, err error) *fault.Error {
	t.Helper()
	require.Error(t, err)
	gaveUp := fault.As(err)
	require.Equal(t, "gave_up", gaveUp.Code, "only a 503 may be tried again: %v", err)
	answer := fault.As(errors.Unwrap(gaveUp))
	require.NotNil(t, answer, "%v", err)
	require.Equal(t, http.StatusServiceUnavailable, answer.Details["status"], "%v", err)
	require.NotEmpty(t, answer.Code)
	require.NotEmpty(t, answer.Hint, "%v", err)
	return answer
}

// url is where a side's program listens.
func (h *host) url(at side) string {
	if at == hqSide {
		return h.Store().HQURL
	}
	return h.Store().EdgeURL
}

// probe asks /health or /ready, which must answer, and at once; the code is that
// of a refusal.
func (h *host) probe(at side, path string) (status int, code string) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url(at)+path, nil)
	require.NoError(h.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(h.t, err)
	var problem struct {
		Code string `json:"code"`
	}
	require.NoError(h.t, json.UnmarshalRead(res.Body, &problem))
	require.NoError(h.t, res.Body.Close())
	return res.StatusCode, problem.Code
}

// connect opens an administrator's session in a side's database, which the
// program knows nothing of.
func (h *host) connect(at side) *pgx.Conn {
	h.t.Helper()
	conn, err := h.tryConnect(at)
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(h.t.Context())) }) // the database may be gone
	return conn
}

func (h *host) tryConnect(at side) (*pgx.Conn, error) {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + at.name,
		RawQuery: url.Values{"host": {h.cluster(at)}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()}
	return pgx.Connect(h.t.Context(), u.String())
}

func (h *host) exec(conn *pgx.Conn, sql string, args ...any) {
	h.t.Helper()
	_, err := conn.Exec(h.t.Context(), sql, args...)
	require.NoError(h.t, err, sql)
}

// cluster is the data directory of a side's PostgreSQL.
func (h *host) cluster(at side) string { return filepath.Join(h.data, at.name, "postgres") }

// said is everything that a side's program has logged.
func (h *host) said(at side) string {
	h.t.Helper()
	return h.log(at.program)
}

// postgresSaid is everything that a side's PostgreSQL has logged.
func (h *host) postgresSaid(at side) string {
	h.t.Helper()
	text, err := os.ReadFile(h.cluster(at) + ".log")
	require.NoError(h.t, err)
	return string(text)
}

// backend is a random one of a side, and what it calls itself. It is one that is
// at work, unless none can be met: then any.
func (h *host) backend(at side, random *rand.Rand) (pid int, title string) {
	h.t.Helper()
	const looks = 200
	for look := 0; ; look++ {
		require.Less(h.t, look, 10*looks, "%s serves nobody", at.postgres)
		var titles []string
		pids := slices.DeleteFunc(h.backends(at), func(pid int) bool {
			title := h.title(pid)
			if title == "" || (look < looks && strings.HasSuffix(title, " idle")) {
				return true
			}
			titles = append(titles, title)
			return false
		})
		if len(pids) > 0 {
			i := random.IntN(len(pids))
			return pids[i], titles[i]
		}
	}
}

// backends are the processes of a side's PostgreSQL that serve a client.
func (h *host) backends(at side) []int {
	h.t.Helper()
	postmaster := h.PID(at.postgres)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", postmaster, postmaster))
	if err != nil {
		return nil // it is down
	}
	var pids []int
	for field := range strings.FieldsSeq(string(children)) {
		title, err := os.ReadFile("/proc/" + field + "/cmdline")
		if pid, convErr := strconv.Atoi(field); err == nil && convErr == nil && strings.Contains(string(title), " [local] ") {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// title is what a process of PostgreSQL calls itself: who is connected, and what
// it does.
func (h *host) title(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "" // it is gone
	}
	return strings.TrimRight(string(text), "\x00 ")
}

// awaitReady returns how long it took until /ready was 200.
func (h *host) awaitReady(at side, since time.Time, atMost time.Duration) time.Duration {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		status, _ := h.probe(at, "/ready")
		return status == http.StatusOK
	}, atMost, 5*time.Millisecond)
	return time.Since(since)
}

// judge ends a case: edge = HQ, A to D hold, every sale that a cashier saw is
// there, and no other. It logs what was checked.
func (h *host) judge() {
	h.t.Helper()
	report, err := sim.VerifyStore(h.t.Context(), h.Store(), sim.VerifyOptions{Wait: 30 * time.Second, Ledger: h.ledger})
	require.NoError(h.t, err)
	require.True(h.t, report.OK)
	require.Zero(h.t, report.Pending)
	require.Equal(h.t, len(h.ledger.Sales())+h.own, report.Figures.Sales, "PAID was seen for each sale, and each that was seen is there once")
	require.Empty(h.t, h.ledger.InDoubt())
	audits, err := h.Audit(h.t.Context())
	require.NoError(h.t, err)
	h.did("edge = HQ: %d events, %d sales; A, B, C, D hold; %d cashiers' receipts found; drained in %v", report.Figures.Events, report.Figures.Sales,
		len(h.ledger.Sales())+h.own, report.Drained.Round(time.Millisecond))
	for _, a := range audits {
		h.did("%s: %s", a.Command, a.Said)
	}
}
