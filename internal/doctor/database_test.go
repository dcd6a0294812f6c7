package doctor

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var migrations = fstest.MapFS{
	"00001_a.sql": {Data: []byte("-- +goose Up\ncreate table a (id int);\n")},
	"00002_b.sql": {Data: []byte("-- +goose Up\ncreate table b (id int);\n")},
}

// find is the one check of that name.
func find(t *testing.T, r *Report, name string) Check {
	t.Helper()
	var found []Check
	for _, c := range r.Checks {
		if c.Name == name {
			found = append(found, c)
		}
	}
	require.Len(t, found, 1, "%s in %v", name, r.Checks)
	return found[0]
}

func examine(t *testing.T, url string) *Report {
	t.Helper()
	r := &Report{}
	d := r.Examine(t.Context(), postgres.Source{URL: url, URLSetting: "EDGE_DATABASE_URL", Migrations: migrations, Program: "store-edge"})
	if d != nil {
		require.NoError(t, d.Close())
	}
	return r
}

func TestADatabaseAtAURL(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, migrations)
	r := examine(t, url)
	require.Equal(t, OK, find(t, r, "database").Status)
	require.Contains(t, find(t, r, "database").Found, "that somebody else runs")
	require.Equal(t, Check{"schema", OK, "version 2, as this program has it", ""}, find(t, r, "schema"))
	require.Contains(t, find(t, r, "disk").Found, "cannot be seen from here")
	require.Equal(t, OK, find(t, r, "wal").Status)
	require.Regexp(t, `pg_wal: \d+\.\d MiB, database: \d+\.\d MiB`, find(t, r, "wal").Found)
	require.Equal(t, OK, find(t, r, "database clock").Status)
	durability := find(t, r, "durability")
	require.Equal(t, Fail, durability.Status, "the server of tests has no fsync")
	require.Contains(t, durability.Found, "fsync is off")

	db, err := postgres.Open(t.Context(), url, postgres.PoolConfig{})
	require.NoError(t, err)
	defer db.Close()
	for version, says := range map[string]string{"1": "version 1, and this program needs 2", "9": "version 9, and this program knows only 2", "0": "version 0, and this program needs 2"} {
		_, err = db.Exec(t.Context(), "delete from goose_db_version; insert into goose_db_version (version_id, is_applied) values ("+version+", true)")
		require.NoError(t, err)
		check := find(t, examine(t, url), "schema")
		require.Equal(t, []any{Fail, says}, []any{check.Status, check.Found})
	}
	_, err = db.Exec(t.Context(), "drop table goose_db_version")
	require.NoError(t, err)
	require.Equal(t, "version 0, and this program needs 2", find(t, examine(t, url), "schema").Found)

	var name string
	require.NoError(t, db.QueryRow(t.Context(), "select current_database()").Scan(&name))
	_, err = db.Exec(t.Context(), "alter database "+name+" set default_transaction_read_only = on")
	require.NoError(t, err)
	check := find(t, examine(t, url), "database")
	require.Equal(t, Fail, check.Status)
	require.Contains(t, check.Found, "takes no writes")
}

// Everything that needs no database is still told.
func TestADatabaseThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := examine(t, "postgres://u:geheim@127.0.0.1:1/edge?connect_timeout=1")
	check := find(t, r, "database")
	require.Equal(t, Fail, check.Status)
	require.Contains(t, check.Found, "connection refused", "why, in words")
	require.NotContains(t, check.Found, "geheim")
	require.Contains(t, check.Advice, "EDGE_DATABASE_URL", "nobody here starts it again")
	for _, name := range databaseChecks {
		require.Equal(t, Warn, find(t, r, name).Status)
		require.Contains(t, find(t, r, name).Found, "not checked")
	}
	require.Equal(t, OK, find(t, r, "disk").Status)
	require.Equal(t, "EDGE_DATABASE_URL: the database URL cannot be read: unreadable connection string", find(t, examine(t, "postgres://u:geheim@[::1/edge"), "database").Found)
}

func TestASlotThatNobodyReads(t *testing.T) {
	t.Parallel()
	r := &Report{}
	r.wal(postgres.Sizes{WAL: postgres.Unknown, Database: 1 << 30, Slots: []postgres.Slot{{Name: "old_replica", Retained: 3 << 30}}}, nil)
	check := find(t, r, "wal")
	require.Equal(t, Warn, check.Status)
	require.Contains(t, check.Found, "not told to this account")
	require.Contains(t, check.Found, "old_replica keeps 3.0 GiB")
	require.Contains(t, check.Advice, "pg_drop_replication_slot('old_replica')")
}

// The database's machine has another time than this one.
func TestTheDatabasesClock(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, nil)
	for shift, says := range map[time.Duration]Check{
		0:                 {"database clock", OK, "within a second, against this machine's", ""},
		-90 * time.Minute: {"database clock", Fail, "90 minutes ahead, against this machine's", ClockAdvice},
		12 * time.Second:  {"database clock", Warn, "seconds behind, against this machine's", ClockAdvice},
	} {
		r := &Report{}
		r.databaseClock(t.Context(), db, func() time.Time { return time.Now().Add(shift) })
		check := find(t, r, "database clock")
		require.Contains(t, strings.Replace(check.Found, "89 minutes", "90 minutes", 1), says.Found)
		require.Equal(t, []any{says.Status, says.Advice}, []any{check.Status, check.Advice})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &Report{}
	r.databaseClock(ctx, db, time.Now)
	require.Equal(t, Fail, find(t, r, "database clock").Status)
}

// The owner's server went down as doctor came: its log is shown, and nobody is
// told to stop the owner.
func TestNoAnswerOfAnOwner(t *testing.T) {
	t.Parallel()
	r := &Report{}
	source := postgres.Source{Managed: postgres.ServerConfig{Dir: t.TempDir()}, DirSetting: "EDGE_DATA_DIR", Program: "store-edge"}
	r.noAnswer(t.Context(), source, fault.New(fault.Unavailable, "data_dir_in_use", "in use").Advise("stop process 7 first"))
	check := find(t, r, "database")
	require.Equal(t, []any{Fail, "not up: its log does not say why"}, []any{check.Status, check.Found})
	require.Contains(t, check.Advice, "need not be stopped")
}
