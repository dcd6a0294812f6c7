package postgres

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx", which goose needs
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"tiem/internal/fault"
)

// Migrate brings the database at url to the newest migration in migrations
// (goose SQL files, zero-padded, at the root of the file system). Several
// programs may call it at once: a session lock lets one do the work. A schema
// newer than the migrations is refused (fault.Config, schema_newer): an older
// program must not write to it.
func Migrate(ctx context.Context, url string, migrations fs.FS) error {
	provider, closeDB, err := newProvider(url, migrations)
	if err != nil {
		return err
	}
	defer closeDB()
	if err := refuseNewer(ctx, provider); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fault.Wrap(err, fault.Internal, "migration_failed", "the database schema could not be brought up to date").
			Advise("nothing of the failed migration was kept; the cause stands in the log")
	}
	return nil
}

// SchemaCurrent tells whether every migration has been applied.
func SchemaCurrent(ctx context.Context, db *DB, migrations fs.FS) (bool, error) {
	newest, err := newestVersion(migrations)
	if err != nil {
		return false, err
	}
	var applied int64
	err = db.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&applied)
	if err != nil {
		return false, Fault(err)
	}
	return applied == newest, nil
}

func newProvider(url string, migrations fs.FS) (*goose.Provider, func(), error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, nil, Fault(err)
	}
	closeDB := func() { _ = db.Close() } // nothing was written through it that Close could lose
	locker, err := lock.NewPostgresSessionLocker()
	if err == nil {
		var provider *goose.Provider
		provider, err = goose.NewProvider(goose.DialectPostgres, db, migrations, goose.WithSessionLocker(locker))
		if err == nil {
			return provider, closeDB, nil
		}
	}
	closeDB()
	return nil, nil, fault.Wrap(err, fault.Internal, "migrations_unreadable", "the program's own migrations cannot be read")
}

func refuseNewer(ctx context.Context, provider *goose.Provider) error {
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return Fault(err)
	}
	if current > target {
		return fault.New(fault.Config, "schema_newer",
			"the database has schema version %d, this program knows %d", current, target).
			Advise("start the newer program again; this one must not write to it")
	}
	return nil
}

func newestVersion(migrations fs.FS) (int64, error) {
	names, err := fs.Glob(migrations, "*.sql")
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		newest = max(newest, v)
	}
	if newest == 0 {
		return 0, errors.New("no migrations")
	}
	return newest, nil
}
