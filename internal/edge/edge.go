// Package edge is the store edge: the one place where its parts meet.
//
//	till ─▶ door ─▶ httpapi ─▶ checkout ─▶ sale, pricing, stock
//	                              │ one transaction: basket, receipt, stock, outbox
//	                              ▼
//	                           outbox ─▶ uplink ─▶ HQ
//
// An App is made in one of three ways. Open is for serve: it owns the managed
// PostgreSQL (or uses the one at EDGE_DATABASE_URL), brings the schema up to
// date and runs the relay. Attach is for the commands beside it. New is for
// tests: parts on a database that is there.
//
// HQ is never needed: without HQ_URL, STORE_TOKEN or a line the shop sells
// OFFLINE and the outbox grows. While PostgreSQL is away, calls are 503 and
// /ready says so; nothing has to be restarted when it is back.
package edge

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tiem/internal/disk"
	"tiem/internal/door"
	"tiem/internal/edge/board"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/httpapi"
	"tiem/internal/edge/line"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/session"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/stockroom"
	"tiem/internal/edge/till"
	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/payment"
	"tiem/internal/payment/fake"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// App is a running store edge. Its parts are use cases for the commands.
type App struct {
	DB        *postgres.DB
	Outbox    *outbox.Log
	Loader    *catalog.Loader
	Terminals *till.Terminals
	People    *staff.People
	Sessions  *session.Sessions
	Desk      *checkout.Desk

	cfg     Config
	log     *slog.Logger
	door    *door.Door
	line    *line.Line
	link    *uplink.HTTPLink // nil: no HQ is configured, and the line stays OFFLINE
	relay   *uplink.Relay
	traffic *uplink.Traffic
	board   *board.Board
	server  *postgres.Database // nil: the database is the caller's
	space   *disk.Watch
	release func() error
}

// New puts the edge together on a database whose schema is current and which is
// the store's. The database stays the caller's. A nil log discards.
func New(db *postgres.DB, cfg Config, log *slog.Logger) (*App, error) {
	return assemble(db, nil, cfg, log)
}

// assemble is New; server is where db is from, if we opened it.
func assemble(db *postgres.DB, server *postgres.Database, cfg Config, log *slog.Logger) (*App, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	events, items, people := &outbox.Log{}, catalog.New(db), &staff.People{DB: db, StoreID: cfg.StoreID}
	a := &App{DB: db, Outbox: events, People: people, cfg: cfg, log: log, traffic: &uplink.Traffic{}, release: func() error { return nil },
		server: server, space: disk.NewWatch(db, server.DataDir(), log),
		Loader:    &catalog.Loader{DB: db, Log: events, StoreID: cfg.StoreID, Now: time.Now, Day: cfg.calendar()},
		Terminals: &till.Terminals{DB: db, StoreID: cfg.StoreID, Guesses: till.NewGuesses()},
		Sessions:  &session.Sessions{DB: db, People: people, Lifetime: cfg.SessionLifetime},
		Desk: &checkout.Desk{DB: db, Log: events, Catalog: items, People: people, StoreID: cfg.StoreID, Currency: cfg.Currency,
			Day: cfg.calendar(), Now: time.Now, Providers: map[string]payment.Provider{}}}
	if cfg.Demo {
		a.Desk.Providers[fake.Name] = fake.Provider{}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(a.gauges()...)
	registry.MustRegister(a.space.Collectors()...)
	if err := a.connectHQ(registry); err != nil {
		return nil, err
	}
	status := board.Source{DB: db, Outbox: events, Line: a.line, Relay: a.relay, Now: time.Now}
	a.board = a.newBoard(status)
	a.door = door.New(door.Config{Title: "Tiệm store edge", Version: "1", Logger: log, Registry: registry, Ready: a.ready,
		Description: "The shop's tills sell here. Money is in minor units of the currency; a quantity is a decimal string."})
	httpapi.Register(a.door, httpapi.Parts{DB: db, Desk: a.Desk, Catalog: items, Stock: &stockroom.Room{DB: db}, Terminals: a.Terminals,
		People: people, Sessions: a.Sessions, Outbox: events, Status: status, Board: a.board, Traffic: a.traffic, Demo: cfg.Demo, Registry: registry, Now: time.Now})
	return a, nil
}

// connectHQ makes the line, and the relay if HQ is configured.
func (a *App) connectHQ(registry *prometheus.Registry) error {
	a.line = line.New(line.Config{Interval: a.cfg.HealthInterval, Failures: a.cfg.HealthFailures, Log: a.log})
	if a.cfg.HQURL == "" && a.cfg.HQGRPCTarget != "" {
		a.log.Warn("HQ_GRPC_TARGET is set, and HQ_URL is not: the shop sells OFFLINE, and nothing is sent; set HQ_URL, too")
	}
	if a.cfg.HQURL == "" || a.cfg.StoreToken == "" {
		return nil
	}
	trust, err := uplink.ReadTrust(a.cfg.SyncCA)
	if err != nil {
		return err
	}
	link, err := uplink.NewHTTPLink(a.cfg.HQURL, a.cfg.StoreID, a.cfg.StoreToken, a.cfg.SyncTimeout)
	if err != nil {
		return err
	}
	if u, err := url.Parse(a.cfg.HQURL); err == nil && u.Scheme == "http" && !wire.Loopback(u.Hostname()) {
		a.log.Warn("HQ_URL is plain HTTP beyond this machine: the store's token and its sales can be read on the way; use https")
	}
	a.link = link.Trust(trust)
	ways, err := a.ways(trust)
	if err != nil {
		return err
	}
	a.relay = uplink.New(uplink.NewJournal(a.DB), a.Outbox, ways, uplink.Config{RetryMin: a.cfg.SyncRetryMin, RetryMax: a.cfg.SyncRetryMax,
		Batch: a.cfg.SyncBatch, BatchBacklog: a.cfg.SyncBatchBacklog, Timeout: a.cfg.SyncTimeout, Line: a.line, Traffic: a.traffic}, a.log)
	registry.MustRegister(a.relay.Collectors()...)
	return nil
}

// ways are how events travel to HQ: as SYNC_PROTOCOL says, and with SYNC_FALLBACK
// over HTTP where gRPC does not get through.
func (a *App) ways(trust *tls.Config) (uplink.Ways, error) {
	overHTTP := uplink.NewHTTPWay(a.link)
	switch {
	case a.cfg.SyncProtocol == wire.HTTP:
		return uplink.Ways{First: overHTTP}, nil
	case a.cfg.HQGRPCTarget == "":
		a.log.Warn("HQ_GRPC_TARGET is not set: events travel over HTTP; set it, or SYNC_PROTOCOL=http")
		return uplink.Ways{First: overHTTP}, nil
	}
	overGRPC, err := uplink.NewGRPCWay(a.cfg.HQGRPCTarget, a.cfg.StoreToken, a.cfg.SyncTimeout, trust)
	if err != nil {
		return uplink.Ways{}, err
	}
	if !a.cfg.SyncFallback {
		return uplink.Ways{First: overGRPC}, nil
	}
	return uplink.Ways{First: overGRPC, Second: overHTTP}, nil
}

// newBoard makes the board that screens watch; it hears of commits and of what
// the relay has done.
func (a *App) newBoard(status board.Source) *board.Board {
	b := board.New(status.Read, a.line)
	a.Outbox.OnCommit(func([]wire.Event, time.Time) { b.Poke() })
	if a.relay != nil {
		a.relay.OnChange(b.Poke)
	}
	return b
}

// Handler is the edge's HTTP interface, for httptest.
func (a *App) Handler() http.Handler { return a.door }

// OpenAPI is the document of the edge's API as YAML.
func (a *App) OpenAPI() ([]byte, error) { return a.door.OpenAPI() }

// ready tells whether a till can sell: its database answers and takes
// writes and has this program's schema, and its disk is not about to be full. HQ
// never matters: a shop sells without it.
func (a *App) ready(ctx context.Context) error {
	if err := postgres.RequireReady(ctx, a.DB, a.server, edgedb.Migrations, programName); err != nil {
		return err
	}
	return a.space.RequireRoom()
}

// Run listens on EDGE_ADDR and serves until ctx is done; then it lets the
// running requests finish and stops the relay. Close is the caller's.
func (a *App) Run(ctx context.Context) error {
	ln, err := door.Listen(ctx, a.cfg.Addr)
	if err != nil {
		if f := fault.As(err); f != nil {
			return f.At("EDGE_ADDR")
		}
		return err
	}
	return a.Serve(ctx, ln)
}

// Serve is Run on a listener that is open already.
func (a *App) Serve(ctx context.Context, ln net.Listener) error {
	a.log.InfoContext(ctx, "the store edge is listening", "address", ln.Addr().String(), "store_id", a.cfg.StoreID, "hq_url", a.cfg.HQURL,
		"hq_grpc_target", a.cfg.HQGRPCTarget, "protocol", a.cfg.SyncProtocol, "relay", a.relay != nil)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { a.watchPayments(work) })
	running.Go(func() { a.tidyUp(work) })
	running.Go(func() { a.space.Run(work) })
	running.Go(func() { a.board.Run(work) })
	if a.relay != nil {
		running.Go(func() { a.relay.Run(work, a.DB) })
		running.Go(func() { a.line.Watch(work, a.link) })
		running.Go(func() { a.line.Pulse(work, a.link, a.head) })
	}
	err := door.Serve(ctx, ln, a.door, a.log) // tills first: what they sell last is still relayed or stays in the outbox
	stop()
	running.Wait()
	if a.link != nil {
		a.link.Close()
	}
	a.log.InfoContext(ctx, "the store edge has stopped listening")
	return err
}

// head is the id of the last event, for HQ.
func (a *App) head(ctx context.Context) (int64, error) {
	at, err := a.Outbox.Where(ctx, a.DB)
	return at.Head, err
}

// Close ends what Open or Attach began: connections, and a PostgreSQL of ours.
func (a *App) Close() error { return a.release() }
