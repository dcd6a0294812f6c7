package hq

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

const (
	databaseName = "hq"             // in a managed PostgreSQL
	maxConns     = 24               // of one HQ; a managed PostgreSQL takes 60
	closeTimeout = 25 * time.Second // for a managed PostgreSQL to stop in order
)

// Open prepares HQ for serving: a PostgreSQL of its own unless HQ_DATABASE_URL
// names one, and the newest schema. Close the App when done.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	d, err := connect(ctx, cfg, log, postgres.StartServer)
	if err == nil {
		err = postgres.Migrate(ctx, d.url, hqdb.Migrations)
	}
	return d.app(err, cfg, log)
}

// Attach prepares HQ for a command: it uses the PostgreSQL that serve runs, or
// runs it for the time of the command. A schema that is not this program's is
// refused (schema_missing). Close the App when done.
func Attach(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	d, err := connect(ctx, cfg, log, postgres.AttachServer)
	if err == nil {
		err = requireSchema(ctx, d.db)
	}
	return d.app(err, cfg, log)
}

// Migrate brings the schema of HQ's database up to date.
func Migrate(ctx context.Context, cfg Config, log *slog.Logger) error {
	d, err := connect(ctx, cfg, log, postgres.AttachServer)
	if err == nil {
		err = postgres.Migrate(ctx, d.url, hqdb.Migrations)
	}
	return errors.Join(err, d.close())
}

// database is a connected PostgreSQL, ours or not.
type database struct {
	url    string
	db     *postgres.DB
	server *postgres.Server // nil if HQ_DATABASE_URL names it
}

type serverFunc func(context.Context, postgres.ServerConfig) (*postgres.Server, error)

func connect(ctx context.Context, cfg Config, log *slog.Logger, server serverFunc) (d database, err error) {
	if err := cfg.Check(); err != nil {
		return d, err
	}
	d.url = cfg.DatabaseURL
	if d.url == "" {
		d.server, err = server(ctx, postgres.ServerConfig{Dir: cfg.DataDir, Database: databaseName, Logger: log})
		if err != nil {
			return d, err
		}
		d.url = d.server.URL()
	}
	d.db, err = postgres.Open(ctx, d.url, postgres.PoolConfig{MaxConns: maxConns})
	if fault.KindOf(err) == fault.Config && err != nil {
		return d, fault.As(err).At("HQ_DATABASE_URL")
	}
	return d, err
}

// app is the App on d; if err says that d is of no use, d is closed.
func (d database) app(err error, cfg Config, log *slog.Logger) (*App, error) {
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	app := New(d.db, cfg, log)
	app.release = d.close
	return app, nil
}

func (d database) close() error {
	if d.db != nil {
		d.db.Close()
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return d.server.Close(ctx)
}

func requireSchema(ctx context.Context, db *postgres.DB) error {
	current, err := postgres.SchemaCurrent(ctx, db, hqdb.Migrations)
	if err == nil && !current {
		err = fault.New(fault.Unavailable, "schema_missing", "the database's schema is not the one of this program").
			Advise("run hq-platform migrate, or the version of this program that serve runs")
	}
	return err
}
