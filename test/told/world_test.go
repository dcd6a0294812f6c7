package told_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/uplink"
	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
	"tiem/internal/wire/wiretest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// pair is a world of the conformance suite: the real relay on an outbox in
// PostgreSQL, and the real HQ on another, over lines that fail as told.
type pair struct {
	t        *testing.T
	protocol string
	tokens   map[string]string

	hqURL string
	hqDB  *postgres.DB
	hq    *hq.App
	end   func()                // of HQ
	doors atomic.Pointer[doors] // of the HQ that listens now; the lines ask for them at any time

	edgeURL string
	edgeDB  *postgres.DB
	log     *outbox.Log
	till    sync.Mutex
	shop    *hqtest.Shop // makes payloads; guarded by till
	relays  []*running

	http, grpc *wiretest.Proxy
}

// doors are HQ's addresses.
type doors struct{ http, grpc string }

// running is a relay that runs.
type running struct {
	*uplink.Relay
	stop func()
}

const (
	syncTimeout = time.Second
	silence     = 2 * time.Second
)

func openPair(t *testing.T, protocol string) *pair {
	t.Helper()
	r := &pair{t: t, protocol: protocol, tokens: map[string]string{}, shop: hqtest.NewShop("S1"), log: &outbox.Log{}}
	r.hqURL, r.edgeURL = postgrestest.NewURL(t, hqdb.Migrations), postgrestest.NewURL(t, edgedb.Migrations)
	r.startHQ()
	t.Cleanup(func() { r.end() })
	for _, id := range []string{"S1", "S2"} {
		token, err := r.hq.Fleet.Add(t.Context(), id, "Store "+id)
		require.NoError(t, err)
		r.tokens[id] = token
	}
	r.openEdge()
	t.Cleanup(func() { r.edgeDB.Close() })
	require.NoError(t, edgedb.New().InsertOutboxHead(t.Context(), r.edgeDB, "S1"))
	r.http = wiretest.NewProxy(t, func() string { return r.doors.Load().http })
	r.grpc = wiretest.NewProxy(t, func() string { return r.doors.Load().grpc })
	t.Cleanup(func() { r.killAll() })
	return r
}

func (r *pair) openDB(address string) *postgres.DB {
	r.t.Helper()
	db, err := postgres.Open(context.WithoutCancel(r.t.Context()), address, postgres.PoolConfig{})
	require.NoError(r.t, err)
	return db
}

func (r *pair) openEdge() { r.edgeDB, r.log = r.openDB(r.edgeURL), &outbox.Log{} }

// startHQ starts HQ on new ports; end stops it as SIGTERM does.
func (r *pair) startHQ() {
	r.t.Helper()
	r.hqDB = r.openDB(r.hqURL)
	r.hq = hq.New(r.hqDB, hq.Config{Addr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0", ConnectionAge: time.Hour}, nil)
	require.NoError(r.t, r.hq.Listen(r.t.Context()))
	r.doors.Store(&doors{r.hq.Addr(), r.hq.GRPCAddr()})
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	done := make(chan error, 1)
	app, db := r.hq, r.hqDB
	go func() { done <- app.Run(ctx) }()
	ended := false
	r.end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		require.NoError(r.t, <-done)
		db.Close()
	}
}

// killHQ ends it with all its connections at once.
func (r *pair) killHQ() {
	r.http.Reset()
	r.grpc.Reset()
	r.end()
}

// ways are the relay's over its lines.
func (r *pair) way(protocol, address, token string) uplink.Way {
	r.t.Helper()
	if protocol == wire.GRPC {
		way, err := uplink.NewGRPCWay(address, token, syncTimeout, nil)
		require.NoError(r.t, err)
		return way
	}
	link, err := uplink.NewHTTPLink("http://"+address, "S1", token, syncTimeout)
	require.NoError(r.t, err)
	return uplink.NewHTTPWay(link)
}

// startRelay starts a relay with short timers.
func (r *pair) startRelay() {
	r.t.Helper()
	ways := uplink.Ways{First: r.way(wire.HTTP, r.http.Address(), r.tokens["S1"])}
	if r.protocol == wire.GRPC {
		ways = uplink.Ways{First: r.way(wire.GRPC, r.grpc.Address(), r.tokens["S1"]), Second: ways.First}
	}
	cfg := uplink.Config{RetryMin: 2 * time.Millisecond, RetryMax: 100 * time.Millisecond, Timeout: syncTimeout, Poll: 50 * time.Millisecond, Silence: silence,
		Resync: 3 * time.Second, BackFirst: 500 * time.Millisecond, BackMost: time.Second, DetourAfter: time.Millisecond}
	relay := uplink.New(uplink.NewJournal(r.edgeDB), r.log, ways, cfg, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	done := make(chan struct{})
	db := r.edgeDB
	go func() { defer close(done); relay.Run(ctx, db) }()
	r.relays = append(r.relays, &running{relay, func() { cancel(); <-done }})
}

func (r *pair) killRelay() {
	first := r.relays[0]
	r.relays = r.relays[1:]
	first.stop()
}

func (r *pair) killAll() {
	for len(r.relays) > 0 {
		r.killRelay()
	}
}

// status is the owner's: of two relays, that which has come further.
func (r *pair) status() (status uplink.Status) {
	for _, relay := range r.relays {
		if s := relay.Status(); s.Acked >= status.Acked {
			status = s
		}
	}
	return status
}

// drafts are the events of a sale.
func (r *pair) drafts(cashier string) []outbox.Draft {
	r.t.Helper()
	r.till.Lock()
	defer r.till.Unlock()
	line := hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One}
	sold := r.shop.Sale(line)
	var drafts []outbox.Draft
	for _, e := range []struct {
		kind    string
		payload any
	}{{wire.TypeSaleRecorded, sold}, {wire.TypeInventoryAdjusted, r.shop.Moved(sold.TransactionID, line)}, {wire.TypePaymentCaptured, r.shop.Cash(sold)}} {
		d, err := outbox.NewDraft(outbox.Draft{Type: e.kind, AggregateID: sold.TransactionID, OccurredAt: today, TerminalID: "T1", CashierID: cashier, BusinessDate: "2026-11-22"}, e.payload)
		require.NoError(r.t, err)
		drafts = append(drafts, d)
	}
	return drafts
}

func (r *pair) sell(n int) {
	r.t.Helper()
	for range n {
		drafts := r.drafts("C1")
		require.NoError(r.t, r.edgeDB.InTx(r.t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return r.log.Append(ctx, tx, drafts...) }))
	}
}

// events are the store's log, or what HQ has of it.
func (r *pair) events() []wire.Event {
	r.t.Helper()
	entries, err := r.log.List(r.t.Context(), r.edgeDB, outbox.All, 0, 1_000_000)
	require.NoError(r.t, err)
	events := make([]wire.Event, len(entries))
	for i := range entries {
		events[i] = entries[i].Event
	}
	return events
}

func (r *pair) held() []wire.Event {
	r.t.Helper()
	rows, err := r.hqDB.Query(r.t.Context(), "select epoch, id, event_id, aggregate_id, type, version, occurred_at, coalesce(terminal_id, ''), coalesce(cashier_id, ''), business_date, payload, hash from hq_inbox where store_id = 'S1' order by id")
	require.NoError(r.t, err)
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (wire.Event, error) {
		e := wire.Event{StoreID: "S1"}
		var event, aggregate [16]byte
		var day time.Time
		var hash []byte
		err := row.Scan(&e.Epoch, &e.ID, &event, &aggregate, &e.Type, &e.Version, &e.OccurredAt, &e.TerminalID, &e.CashierID, &day, &e.Payload, &hash)
		e.EventID, e.AggregateID, e.BusinessDate = uuid.UUID(event), uuid.UUID(aggregate), day.Format(wire.DateLayout)
		copy(e.Hash[:], hash)
		return e, err
	})
	require.NoError(r.t, err)
	return events
}

// published is how far the outbox is marked; -1 if a hole is in it.
func (r *pair) published() (upto int64) {
	r.t.Helper()
	require.NoError(r.t, r.edgeDB.QueryRow(r.t.Context(), "select case when count(*) = coalesce(max(id), 0) then count(*) else -1 end from outbox where published_at is not null").Scan(&upto))
	return upto
}

// databases runs statements beside the databases of this world, on their server.
func (r *pair) databases(statements ...string) {
	r.t.Helper()
	u, err := url.Parse(r.hqURL)
	require.NoError(r.t, err)
	u.Path = "/postgres"
	conn, err := pgx.Connect(r.t.Context(), u.String())
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, conn.Close(context.WithoutCancel(r.t.Context()))) }()
	for _, sql := range statements {
		_, err := conn.Exec(r.t.Context(), sql)
		require.NoError(r.t, err, sql)
	}
}

func nameOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Path[1:]
}

// backUp copies a database that nobody uses; restore puts the copy back.
func (r *pair) backUp(address string) {
	r.t.Helper()
	name := nameOf(r.t, address)
	r.databases("drop database if exists "+name+"_backup", fmt.Sprintf("create database %s_backup template %s", name, name))
	r.t.Cleanup(func() { r.drop(name + "_backup") })
}

func (r *pair) drop(name string) {
	u, err := url.Parse(r.hqURL)
	require.NoError(r.t, err)
	u.Path = "/postgres"
	conn, err := pgx.Connect(context.Background(), u.String())
	require.NoError(r.t, err)
	_, err = conn.Exec(context.Background(), "drop database if exists "+name)
	require.NoError(r.t, err)
	require.NoError(r.t, conn.Close(context.Background()))
}

func (r *pair) restore(address string) {
	r.t.Helper()
	name := nameOf(r.t, address)
	r.databases("drop database "+name, fmt.Sprintf("create database %s template %s_backup", name, name))
}
