package postgres

import (
	"context"
	"io/fs"
)

// SchemaVersions returns the database's schema version (0: none) and the one
// that the migrations lead to. Nothing is changed.
func SchemaVersions(ctx context.Context, db *DB, migrations fs.FS) (applied, newest int64, err error) {
	if newest, err = newestVersion(migrations); err != nil {
		return 0, 0, err
	}
	var there bool
	if err = db.QueryRow(ctx, "select to_regclass('goose_db_version') is not null").Scan(&there); err != nil || !there {
		return 0, newest, Fault(err)
	}
	err = db.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&applied)
	return applied, newest, Fault(err)
}
