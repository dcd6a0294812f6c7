package edge

import (
	"context"
	"errors"
	"log/slog"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Open prepares the edge for serving: a PostgreSQL of its own unless
// EDGE_DATABASE_URL names one, the newest schema, and a database that is this
// store's. Close the App when done.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	if err := requireStore(cfg); err != nil {
		return nil, err
	}
	d, err := connect(ctx, cfg, log, postgres.StartServer)
	if err == nil {
		err = d.migrate(ctx)
	}
	return d.app(ctx, err, cfg, log)
}

// Attach prepares the edge for a command: it uses the PostgreSQL that serve runs,
// or runs it for the time of the command. The schema must be this program's. A
// command that only reads needs no EDGE_STORE_ID.
func Attach(ctx context.Context, cfg Config, log *slog.Logger, writes bool) (*App, error) {
	if writes {
		if err := requireStore(cfg); err != nil {
			return nil, err
		}
	}
	d, err := connect(ctx, cfg, log, postgres.AttachServer)
	if err == nil {
		err = requireSchema(ctx, d.db)
	}
	return d.app(ctx, err, cfg, log)
}

// Migrate brings the schema of the edge's database up to date and makes the
// database the store's.
func Migrate(ctx context.Context, cfg Config, log *slog.Logger) error {
	if err := requireStore(cfg); err != nil {
		return err
	}
	d, err := connect(ctx, cfg, log, postgres.AttachServer)
	if err == nil {
		err = d.migrate(ctx)
	}
	app, err := d.app(ctx, err, cfg, log)
	if err != nil {
		return err
	}
	return app.Close()
}

func requireStore(cfg Config) error {
	if cfg.StoreID == "" {
		return fault.New(fault.Config, "setting_missing", "is not set").At("EDGE_STORE_ID").
			Advise("the id that HQ gave the store, such as S1")
	}
	return nil
}

// database is a pool and, if the database is ours, its server.
type database struct {
	url    string
	db     *postgres.DB
	server *postgres.Server
}

func connect(ctx context.Context, cfg Config, log *slog.Logger,
	server func(context.Context, postgres.ServerConfig) (*postgres.Server, error),
) (database, error) {
	if err := cfg.Check(); err != nil {
		return database{}, err
	}
	d := database{url: cfg.DatabaseURL}
	var err error
	if d.url == "" {
		if d.server, err = server(ctx, postgres.ServerConfig{Dir: cfg.DataDir, Database: "edge", Logger: log}); err != nil {
			return d, err
		}
		d.url = d.server.URL()
	}
	d.db, err = postgres.Open(ctx, d.url, postgres.PoolConfig{})
	if err != nil && fault.KindOf(err) == fault.Config {
		err = fault.As(err).At("EDGE_DATABASE_URL")
	}
	return d, err
}

func (d database) migrate(ctx context.Context) error {
	return postgres.Migrate(ctx, d.url, edgedb.Migrations())
}

// app is the App on d; if err says that d is of no use, d is closed.
func (d database) app(ctx context.Context, err error, cfg Config, log *slog.Logger) (*App, error) {
	if err == nil {
		err = adopt(ctx, d.db, &cfg)
	}
	if err == nil {
		var app *App
		if app, err = New(d.db, cfg, log); err == nil {
			app.release = d.close
			return app, nil
		}
	}
	return nil, errors.Join(err, d.close())
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

func requireSchema(ctx context.Context, db *postgres.DB) error {
	current, err := postgres.SchemaCurrent(ctx, db, edgedb.Migrations())
	if err == nil && !current {
		err = fault.New(fault.Unavailable, "schema_missing", "the database's schema is not the one of this program").
			Advise("run store-edge migrate, or the version of this program that serve runs")
	}
	return err
}
