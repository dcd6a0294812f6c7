//go:build linux

package postgres_test

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

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
	}{"time enough": {time.Hour, `3000`}, "some time": {7 * time.Second, `(2000|1\d{3})`}, "no time left": {0, `0`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, log := postgrestest.DataDir(t), &bytes.Buffer{}
			cfg := config(dir)
			cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
			d, err := postgres.Source{Managed: cfg, Migrations: migration}.Open(limit(t))
			require.NoError(t, err)
			conn, err := d.Pool().Acquire(t.Context())
			require.NoError(t, err)
			defer conn.Release()
			hang(t, int(conn.Conn().PgConn().PID()))
			begun := time.Now()
			require.Equal(t, "postgres_stop_forced", fault.CodeOf(d.CloseBy(begun.Add(c.left))))
			require.Less(t, time.Since(begun), postgres.HungClose+2*time.Second)
			require.Regexp(t, `did not come back and are left" after_ms=`+c.waited+`\b`, log.String())
			require.Contains(t, log.String(), "killing a process of PostgreSQL that hangs")
			require.NotContains(t, log.String(), "killing a PostgreSQL that hangs")
			require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"))
		})
	}
}

// A stop in order is not cut short by a budget: a checkpoint takes what it takes.
func TestABudgetIsForWhatHangs(t *testing.T) {
	t.Parallel()
	d, err := postgres.Source{Managed: config(postgrestest.DataDir(t)), Migrations: migration}.Open(limit(t))
	require.NoError(t, err)
	var checkpointer int
	require.NoError(t, d.QueryRow(t.Context(), "select pid from pg_stat_activity where backend_type = 'checkpointer'").Scan(&checkpointer))
	hang(t, checkpointer)
	const budget = 5500 * time.Millisecond
	slow := time.AfterFunc(budget+500*time.Millisecond, func() { _ = syscall.Kill(checkpointer, syscall.SIGCONT) })
	defer slow.Stop()
	begun := time.Now()
	require.NoError(t, d.CloseBy(begun.Add(budget)))
	require.Greater(t, time.Since(begun), budget)
}
