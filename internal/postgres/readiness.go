package postgres

import (
	"context"
	"io/fs"
	"maps"
	"path/filepath"

	"tiem/internal/fault"
)

// RequireReady is nil if the database can take a sale now: a server of ours is
// up, the database answers and may be written to, and its schema is the
// program's. Else it is a fault of kind Unavailable that says in its detail
// "check" what failed, "database" or "schema": database_unavailable,
// database_read_only, schema_missing and what else Fault makes. d is nil, or the
// database's source.
func RequireReady(ctx context.Context, db *DB, d *Database, migrations fs.FS, program string) error {
	var readOnly bool
	// On a standby it is on, too, whatever the settings say.
	if err := db.QueryRow(ctx, "select current_setting('transaction_read_only')::boolean").Scan(&readOnly); err != nil {
		return checked("database", Fault(err))
	}
	if d != nil && d.server != nil && !d.server.Ready() { // a backend may outlive its postmaster for a moment
		return checked("database", unreachable(errServerDown))
	}
	if readOnly {
		return checked("database", fault.New(fault.Unavailable, "database_read_only", "the database takes no writes: it is a standby, or set to read only").
			Advise("connect to the primary, or look at default_transaction_read_only"))
	}
	err := RequireSchema(ctx, db, migrations, program)
	switch {
	case err == nil:
		return nil
	case fault.CodeOf(err) == codeSchemaMissing:
		return checked("schema", err)
	}
	return checked("database", err) // it went away in between
}

const codeSchemaMissing = "schema_missing"

var errServerDown = fault.New(fault.Unavailable, "postgres_down", "PostgreSQL is down and is being started again")

// checked adds which check failed.
func checked(check string, err error) error {
	f := fault.As(err)
	if f == nil {
		f = fault.Wrap(err, fault.Unavailable, "not_ready", "not ready yet").Advise("try again in a moment")
	}
	named := *f // a fault may be shared
	named.Details = maps.Clone(f.Details)
	return named.With("check", check)
}

// DataDir is the data directory of a server of ours; "" if somebody else runs
// it, or for no Database at all.
func (d *Database) DataDir() string {
	if d == nil || d.server == nil {
		return ""
	}
	return filepath.Join(d.source.Managed.Dir, "postgres")
}
