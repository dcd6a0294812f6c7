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
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

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
	release  func(by time.Time) error // what Close does; nil if the database is not ours
	stopBy   time.Time                // when a stop that has begun is to be over; zero: none has

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
