package hq

import (
	"context"
	"log/slog"

	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

const (
	programName = "hq-platform"
	maxConns    = 24 // of one HQ; a managed PostgreSQL takes 60
)

// Open prepares HQ for serving: a PostgreSQL of its own unless HQ_DATABASE_URL
// names one, and the newest schema. Close the App when done.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	if err := cfg.requirePrivacy(); err != nil { // before a PostgreSQL is started for nothing
		return nil, err
	}
	return open(ctx, cfg, log, postgres.Source.Open)
}

// Attach prepares HQ for a command: it uses the PostgreSQL that serve runs, or
// runs it for the time of the command. A schema that is not this program's is
// refused (schema_missing). Close the App when done.
func Attach(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	return open(ctx, cfg, log, postgres.Source.Attach)
}

// Revisit is Attach for a command that has nothing to do without data: where there
// is none it makes none (no_data).
func Revisit(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	return open(ctx, cfg, log, postgres.Source.Revisit)
}

// Migrate brings the schema of HQ's database up to date.
func Migrate(ctx context.Context, cfg Config, log *slog.Logger) error {
	app, err := open(ctx, cfg, log, postgres.Source.Migrate)
	if err != nil {
		return err
	}
	return app.Close()
}

func open(ctx context.Context, cfg Config, log *slog.Logger,
	connect func(postgres.Source, context.Context) (*postgres.Database, error),
) (*App, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	d, err := connect(cfg.source(log), ctx)
	if err != nil {
		return nil, err
	}
	app := assemble(d.DB, d, cfg, log)
	app.release = d.CloseBy
	return app, nil
}

// source is where HQ's database is.
func (c *Config) source(log *slog.Logger) postgres.Source {
	return postgres.Source{URL: c.DatabaseURL, URLSetting: "HQ_DATABASE_URL", DirSetting: "HQ_DATA_DIR",
		Managed: postgres.ServerConfig{Dir: c.DataDir, Database: "hq", Logger: log}, Pool: postgres.PoolConfig{MaxConns: maxConns},
		Migrations: hqdb.Migrations, Program: programName}
}
