package postgres

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"tiem/internal/fault"
)

const (
	poolTimeout  = 3 * time.Second        // for the connections to come back, at most …
	poolLeast    = 200 * time.Millisecond // … and at least: those that nobody uses do at once
	heedLeast    = 1 * time.Second        // for a managed server to begin with its checkpoint, at least
	endTimeout   = 4 * time.Second        // for one that does not to be ended (on Linux)
	closeTimeout = 25 * time.Second       // for one that does to be through with it
)

// HungClose is what Close may take, on Linux, if the database hangs before the
// checkpoint of its stop; elsewhere see managed_stop.go. It is not the longest: once
// the checkpoint may be written, that and whoever takes part in it may take 20 s.
const HungClose = poolTimeout + heedLeast + endTimeout

// Source says where a program's database is, and how its settings are called, so
// that a fault names the one to mend.
type Source struct {
	URL        string       // of a database that somebody else runs; empty: Managed
	URLSetting string       // such as EDGE_DATABASE_URL
	Managed    ServerConfig // the server to run otherwise
	DirSetting string       // of Managed.Dir, such as EDGE_DATA_DIR
	Pool       PoolConfig
	Migrations fs.FS
	Program    string // whose migrate command an outdated schema asks for
}

// Database is a database in use, with the server that runs it if that is ours.
type Database struct {
	*DB

	source Source
	url    string
	server *Server
}

// Open connects for serving: it owns the managed server and brings the schema up
// to date.
func (s Source) Open(ctx context.Context) (*Database, error) {
	return s.connect(ctx, StartServer, (*Database).Migrate)
}

// Attach connects for a command: it uses the server that runs, or runs it for
// the time of the command. A schema that is not the program's is a fault
// (schema_missing); nothing is migrated.
func (s Source) Attach(ctx context.Context) (*Database, error) {
	return s.connect(ctx, AttachServer, (*Database).Ready)
}

// Migrate is Attach that brings the schema up to date instead of refusing it.
func (s Source) Migrate(ctx context.Context) (*Database, error) {
	return s.connect(ctx, AttachServer, (*Database).Migrate)
}

func (s Source) connect(ctx context.Context, server func(context.Context, ServerConfig) (*Server, error),
	prepare func(*Database, context.Context) error,
) (*Database, error) {
	d := &Database{source: s, url: s.URL}
	if d.url == "" {
		var err error
		if d.server, err = server(ctx, s.Managed); err != nil {
			return nil, named(err, s.DirSetting)
		}
		d.url = d.server.URL()
	}
	var err error
	if d.DB, err = Open(ctx, d.url, s.Pool); err != nil {
		return nil, errors.Join(named(err, s.URLSetting), d.Close())
	}
	if err := prepare(d, ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// named names the setting that a fault of kind Config comes from.
func named(err error, setting string) error {
	if f := fault.As(err); f != nil && f.Kind == fault.Config {
		return f.At(setting)
	}
	return err
}

// Migrate brings the schema up to date.
func (d *Database) Migrate(ctx context.Context) error {
	return Migrate(ctx, d.url, d.source.Migrations)
}

// Ready tells whether the database answers and has the program's schema.
func (d *Database) Ready(ctx context.Context) error {
	return RequireSchema(ctx, d.DB, d.source.Migrations, d.source.Program)
}

// Close gives the connections back and stops a server of ours. A connection that
// does not come back is not waited for, and neither is for long a server that does
// not come to its checkpoint (HungClose). One that does may take the time that the
// checkpoint needs, whatever became of the connections.
func (d *Database) Close() error { return d.CloseBy(time.Now().Add(HungClose)) }

// CloseBy is Close for a program that has to be gone by then if the database hangs:
// whoever has waited for it elsewhere waits so much less for its connections, and
// for its checkpoint to begin. With no time left they get 0.2 s and 1 s all the same.
func (d *Database) CloseBy(by time.Time) error {
	wait := max(poolLeast, min(poolTimeout, time.Until(by)-heedLeast-endTimeout))
	if d.DB != nil && !d.closeWithin(wait) {
		d.source.Managed.logger().Warn("connections to the database did not come back and are left", "after_ms", wait.Milliseconds())
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return d.server.stop(ctx, max(heedLeast, time.Until(by)-endTimeout))
}

// RequireSchema refuses a schema that is not the program's (schema_missing).
func RequireSchema(ctx context.Context, db *DB, migrations fs.FS, program string) error {
	current, err := SchemaCurrent(ctx, db, migrations)
	if err == nil && !current {
		err = fault.New(fault.Unavailable, "schema_missing", "the database's schema is not the one of this program").
			Advise("run %s migrate, or the version of this program that serve runs", program)
	}
	return err
}
