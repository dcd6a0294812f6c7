package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Sizes is what the server itself tells about its disk, in bytes. Unknown is
// what this account may not ask for.
type Sizes struct {
	WAL      int64
	Database int64
	Slots    []Slot // that nobody uses and that keep WAL
}

// Unknown is a size that could not be asked for.
const Unknown int64 = -1

// Slot is a replication slot without a reader: PostgreSQL keeps all WAL for it,
// for ever, until the disk is full.
type Slot struct {
	Name     string `json:"name"`
	Retained int64  `json:"retained_bytes"`
}

// ReadSizes asks the server. The size of pg_wal needs the rights of pg_monitor;
// without them it is Unknown. A database that does not answer is a fault.
func ReadSizes(ctx context.Context, db *DB) (Sizes, error) {
	s := Sizes{WAL: Unknown, Database: Unknown}
	err := db.QueryRow(ctx, "select coalesce(sum(size), 0)::bigint from pg_ls_waldir()").Scan(&s.WAL)
	if err != nil && !notAllowed(err) {
		return s, Fault(err)
	}
	if err := db.QueryRow(ctx, "select pg_database_size(current_database())").Scan(&s.Database); err != nil && !notAllowed(err) {
		return s, Fault(err)
	}
	rows, err := db.Query(ctx, `
		select slot_name, coalesce(pg_wal_lsn_diff(
		  case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn), 0)::bigint
		from pg_replication_slots where not active and restart_lsn is not null order by 2 desc`)
	if err != nil {
		return s, Fault(err)
	}
	s.Slots, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Slot])
	return s, Fault(err)
}

func notAllowed(err error) bool { return SQLState(err) == "42501" } // insufficient_privilege
