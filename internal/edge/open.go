package edge

import (
	"context"
	"errors"
	"log/slog"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

const programName = "store-edge"

// Open prepares the edge for serving: a PostgreSQL of its own unless
// EDGE_DATABASE_URL names one, the newest schema, and a database that is this
// store's. Close the App when done.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	if err := requireStore(cfg); err != nil {
		return nil, err
	}
	return open(ctx, cfg, log, postgres.Source.Open)
}

// Attach prepares the edge for a command: it uses the PostgreSQL that serve runs,
// or runs it for the time of the command. The schema must be this program's. A
// command that only reads needs no EDGE_STORE_ID, and makes no database where there
// is none (no_data).
func Attach(ctx context.Context, cfg Config, log *slog.Logger, writes bool) (*App, error) {
	if !writes {
		return open(ctx, cfg, log, postgres.Source.Revisit)
	}
	if err := requireStore(cfg); err != nil {
		return nil, err
	}
	return open(ctx, cfg, log, postgres.Source.Attach)
}

// Migrate brings the schema of the edge's database up to date and makes the
// database the store's.
func Migrate(ctx context.Context, cfg Config, log *slog.Logger) error {
	if err := requireStore(cfg); err != nil {
		return err
	}
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
	if err := adopt(ctx, d.DB, &cfg); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	app, err := assemble(d.DB, d, cfg, log)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	app.release = d.Close
	return app, nil
}

// source is where the edge's database is.
func (c *Config) source(log *slog.Logger) postgres.Source {
	return postgres.Source{URL: c.DatabaseURL, URLSetting: "EDGE_DATABASE_URL", DirSetting: "EDGE_DATA_DIR",
		Managed: postgres.ServerConfig{Dir: c.DataDir, Database: "edge", Logger: log}, Migrations: edgedb.Migrations, Program: programName}
}

func requireStore(cfg Config) error {
	if cfg.StoreID == "" {
		return fault.New(fault.Config, "setting_missing", "is not set").At("EDGE_STORE_ID").
			Advise("the id that HQ gave the store, such as S1")
	}
	return nil
}

// adopt makes an empty database the store's and refuses one of another store. A
// configuration without a store takes the database's.
func adopt(ctx context.Context, db *postgres.DB, cfg *Config) error {
	return db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q := edgedb.New()
		if cfg.StoreID != "" {
			if _, err := q.InsertStore(ctx, tx, cfg.StoreID, cfg.Currency); err != nil {
				return err
			}
			if err := q.InsertOutboxHead(ctx, tx, cfg.StoreID); err != nil {
				return err
			}
		}
		owner, err := q.GetStore(ctx, tx)
		switch {
		case fault.KindOf(postgres.Fault(err)) == fault.NotFound:
			return requireStore(*cfg)
		case err != nil:
			return err
		case cfg.StoreID != "" && owner.StoreID != cfg.StoreID:
			return fault.New(fault.Config, "store_mismatch", "is %s, but the database belongs to store %s", cfg.StoreID, owner.StoreID).
				At("EDGE_STORE_ID").Advise("correct it, or point EDGE_DATA_DIR at the store's own directory")
		case owner.Currency != cfg.Currency:
			return fault.New(fault.Config, "currency_mismatch", "is %s, but the store's books are in %s", cfg.Currency, owner.Currency).At("EDGE_CURRENCY")
		}
		cfg.StoreID = owner.StoreID
		return nil
	})
}
