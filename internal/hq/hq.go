// Package hq is the HQ platform: the one place where its parts meet.
//
//	store edge ─▶ door ─▶ httpapi ─┬▶ intake ─▶ projection ─▶ hq_* tables
//	           ─▶ grpcapi ─────────┘
//
// An App is made in one of three ways. Open is for serve: it owns the managed
// PostgreSQL (or uses the one at HQ_DATABASE_URL) and brings the schema up to
// date. Attach is for the commands beside it: they use what runs, and never
// change the schema. New is for tests: parts on a database that is there.
//
// An App keeps no state of its own: everything is in PostgreSQL, so several
// processes may serve one database. While PostgreSQL is away, calls that need
// it are 503 and /ready says so; nothing has to be restarted when it is back.
package hq

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"tiem/internal/disk"
	"tiem/internal/door"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/grpcapi"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/httpapi"
	"tiem/internal/hq/intake"
	"tiem/internal/hq/quarantine"
	"tiem/internal/postgres"
)

// App is a running HQ. Its parts are use cases for the commands.
type App struct {
	DB         *postgres.DB
	Fleet      *fleet.Fleet
	Intake     *intake.Intake
	Quarantine *quarantine.Quarantine

	cfg      Config
	log      *slog.Logger
	door     *door.Door
	server   *postgres.Database // nil: the database is the caller's
	space    *disk.Watch
	registry *prometheus.Registry
	release  func() error // what Close does; nil if the database is not ours

	listener        net.Listener    // nil until Listen
	streams         *grpcapi.Server // nil until Listen, and without HQ_GRPC_ADDR
	streamsListener net.Listener
}

// New puts HQ together on a database whose schema is current. The database
// stays the caller's: Close does not close it. A nil log discards.
func New(db *postgres.DB, cfg Config, log *slog.Logger) *App { return assemble(db, nil, cfg, log) }

// assemble is New; server is where db is from, if we opened it.
func assemble(db *postgres.DB, server *postgres.Database, cfg Config, log *slog.Logger) *App {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a := &App{
		DB: db, Fleet: fleet.New(db), Intake: intake.New(db, registry), Quarantine: quarantine.New(db),
		cfg: cfg, log: log, server: server, registry: registry, space: disk.NewWatch(db, server.DataDir(), log),
	}
	a.Quarantine.Observe(registry)
	registry.MustRegister(a.space.Collectors()...)
	a.door = door.New(door.Config{
		Title: "Tiệm HQ", Version: "1",
		Description: "Receives every sale of every store. Money is in minor units of the currency; a quantity is a decimal string.",
		Logger:      log, Registry: registry, Ready: a.ready, BodyLimit: httpapi.BodyLimit,
	})
	httpapi.Register(a.door, httpapi.Parts{Fleet: a.Fleet, Intake: a.Intake, Quarantine: a.Quarantine, Token: cfg.Token})
	return a
}

// Handler is HQ's HTTP interface, for httptest.
func (a *App) Handler() http.Handler { return a.door }

// OpenAPI is the document of HQ's API as YAML.
func (a *App) OpenAPI() ([]byte, error) { return a.door.OpenAPI() }

// ready tells whether a store's events can be taken: the database answers and
// takes writes and has this program's schema, and its disk is not about to be full.
func (a *App) ready(ctx context.Context) error {
	if err := postgres.RequireReady(ctx, a.DB, a.server, hqdb.Migrations, programName); err != nil {
		return err
	}
	return a.space.RequireRoom()
}

// Run listens on HQ_ADDR and HQ_GRPC_ADDR (unless Listen has) and serves until
// ctx is done; then it asks the streams to go and lets the running requests
// finish. Close is the caller's.
func (a *App) Run(ctx context.Context) error {
	if err := a.Listen(ctx); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "HQ is listening", "address", a.Addr(), "grpc_address", a.GRPCAddr(), "tls", a.cfg.TLSCert != "", "scripts_allowed", a.cfg.Token != "")
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { a.space.Run(work) })
	serving, both := errgroup.WithContext(ctx) // if one listener fails, the other one stops, too
	serving.Go(func() error { return door.Serve(both, a.listener, a.door, a.log) })
	if a.streams != nil {
		serving.Go(func() error { return a.streams.Serve(both, a.streamsListener) })
	}
	err := serving.Wait()
	stop()
	running.Wait()
	a.log.InfoContext(ctx, "HQ has stopped listening")
	return err
}

// Close ends what Open or Attach began: connections, and a PostgreSQL of ours.
func (a *App) Close() error {
	if a.release == nil {
		return nil
	}
	return a.release()
}
