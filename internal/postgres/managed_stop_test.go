//go:build linux

package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

var migration = fstest.MapFS{"00001_kept.sql": {Data: []byte("-- +goose Up\ncreate table kept (item text);\n")}}

// hang stops a process of PostgreSQL as a machine may that has lost its disk.
func hang(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // it is dead by then, unless the case failed
}

// A postmaster that does not begin to stop is not waited for as one is that writes
// a checkpoint. Nothing of it is left, and the data is there at the next start.
func TestAPostmasterThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	s, err := postgres.StartServer(limit(t), config(dir))
	require.NoError(t, err)
	query(t, s.URL(), "create table kept as select 'x' as item")
	pid := s.PID()
	hang(t, pid)
	begun := time.Now()
	require.Equal(t, "postgres_stop_forced", fault.CodeOf(s.Close(limit(t))))
	require.Less(t, time.Since(begun), 10*time.Second)
	require.False(t, alive(pid))
	s = start(t, config(dir))
	require.Equal(t, "x", query(t, s.URL(), "select item from kept"))
}

// A connection whose backend hangs does not come back: the rest of the stop waits
// for neither. The postmaster itself ends in order once that backend is killed.
func TestADatabaseWhoseBackendHangs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left   time.Duration // of the budget
		waited string        // for the connections, ms
	}{"time enough": {time.Hour, `3000`}, "some time": {7 * time.Second, `(2000|1\d{3})`}, "no time left": {0, `200`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := opened(t)
			conn, err := d.Pool().Acquire(t.Context())
			require.NoError(t, err)
			defer conn.Release()
			var pidFile string
			require.NoError(t, conn.QueryRow(t.Context(), "select current_setting('data_directory') || '/postmaster.pid'").Scan(&pidFile))
			require.FileExists(t, pidFile)
			hang(t, int(conn.Conn().PgConn().PID()))
			begun := time.Now()
			require.Equal(t, "postgres_stop_forced", fault.CodeOf(d.CloseBy(begun.Add(c.left))))
			require.Less(t, time.Since(begun), postgres.HungClose+2*time.Second)
			require.Regexp(t, `did not come back and are left" after_ms=`+c.waited+`\b`, log.String())
			require.Contains(t, log.String(), "killing a process of PostgreSQL that hangs")
			require.NotContains(t, log.String(), "killing a PostgreSQL that hangs")
			require.NoFileExists(t, pidFile)
		})
	}
}

// PostgreSQL does not begin with its checkpoint as long as such a process is there,
// although the postmaster says that it is stopping and no connection is missed.
func TestWhatHoldsUpTheCheckpointIsEnded(t *testing.T) {
	t.Parallel()
	ofThePool := func(t *testing.T, d *postgres.Database) (pid int) {
		t.Helper()
		require.NoError(t, d.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid))
		return pid
	}
	of := func(kind string) func(*testing.T, *postgres.Database) int {
		return func(t *testing.T, d *postgres.Database) int {
			t.Helper()
			return processOf(t, d, kind)
		}
	}
	for name, c := range map[string]struct {
		process func(*testing.T, *postgres.Database) int
		left    time.Duration // of the budget
		waited  string        // for the checkpoint to begin, ms
	}{
		"an idle connection of the pool": {ofThePool, time.Hour, `3\d{3}`},
		"somebody else's session":        {sessionBeside, 6 * time.Second, `(1[5-9]|2\d)\d\d`},
		"the background writer":          {of("background writer"), 0, `1\d{3}`},
		"the launcher of autovacuum":     {of("autovacuum launcher"), 0, `1\d{3}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := opened(t)
			hang(t, c.process(t, d))
			begun := time.Now()
			require.Equal(t, "postgres_stop_forced", fault.CodeOf(d.CloseBy(begun.Add(c.left))))
			require.Less(t, time.Since(begun), postgres.HungClose+2*time.Second)
			require.Regexp(t, `does not stop in order and is ended" pid=\d+ after_ms=`+c.waited+`\b`, log.String())
			require.NotContains(t, log.String(), "did not come back")
			require.Contains(t, log.String(), "killing a process of PostgreSQL that hangs")
			require.NotContains(t, log.String(), "killing a PostgreSQL that hangs")
		})
	}
}

// opened is a database of its own, and its log, to be read once it is closed.
func opened(t *testing.T) (*postgres.Database, *bytes.Buffer) {
	t.Helper()
	cfg, log := config(postgrestest.DataDir(t)), &bytes.Buffer{}
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	d, err := postgres.Source{Managed: cfg, Migrations: migration}.Open(limit(t))
	require.NoError(t, err)
	return d, log
}

// processOf is PostgreSQL's own process of that kind.
func processOf(t *testing.T, d *postgres.Database, kind string) (pid int) {
	t.Helper()
	require.NoError(t, d.QueryRow(t.Context(), "select pid from pg_stat_activity where backend_type = $1", kind).Scan(&pid))
	return pid
}

// sessionBeside is the backend of a connection that is not the pool's.
func sessionBeside(t *testing.T, d *postgres.Database) int {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), d.Pool().Config().ConnConfig)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return int(conn.PgConn().PID())
}

// A stop in order is not cut short by a budget: a checkpoint takes what it takes,
// also if a connection was not given back whose backend does as it is told.
func TestABudgetIsForWhatHangs(t *testing.T) {
	t.Parallel()
	for name, inUse := range map[string]bool{"every connection is back": false, "a connection is in use": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := opened(t)
			checkpointer := processOf(t, d, "checkpointer")
			if inUse {
				conn, err := d.Pool().Acquire(t.Context())
				require.NoError(t, err)
				defer conn.Release()
			}
			hang(t, checkpointer)
			const budget = 5500 * time.Millisecond
			slow := time.AfterFunc(budget+500*time.Millisecond, func() { _ = syscall.Kill(checkpointer, syscall.SIGCONT) })
			defer slow.Stop()
			begun := time.Now()
			require.NoError(t, d.CloseBy(begun.Add(budget)))
			require.Greater(t, time.Since(begun), budget)
			require.Equal(t, inUse, strings.Contains(log.String(), "did not come back"))
		})
	}
}

// Connections that nobody uses are not reported and left only because no time is.
func TestNoTimeLeftAndNothingHangs(t *testing.T) {
	t.Parallel()
	d, log := opened(t)
	require.NoError(t, d.Ping(t.Context()))
	require.NoError(t, d.CloseBy(time.Now()))
	require.NotContains(t, log.String(), "did not come back")
}

// A start that fails behind the postmaster's own stops that in order, too.
func TestAStartThatFailsStopsInOrder(t *testing.T) {
	t.Parallel()
	cfg, log := config(postgrestest.DataDir(t)), &bytes.Buffer{}
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	cfg.Database = "\xff" // no name in UTF-8
	_, err := postgres.StartServer(limit(t), cfg)
	require.Error(t, err)
	require.NotEqual(t, "postgres_stop_forced", fault.CodeOf(err))
	require.Contains(t, log.String(), "PostgreSQL is ready")
	require.NotContains(t, log.String(), "does not stop in order")
}
