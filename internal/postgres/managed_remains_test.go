//go:build linux

package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/logtest"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// upAgain is how long a start may take over the remains of a killed server.
const upAgain = 15 * time.Second

// What a backend does when its program and its postmaster are killed. Only one
// that is busy stays: it looks at nothing but its work.
var lastWords = []struct {
	name, sql string
	stays     bool
}{
	{"a query that takes a minute", busyFor("1 min"), true},
	{"a query that takes a minute, with a lock", "begin; lock table kept; " + busyFor("1 min"), true},
	{"a transaction that is left open, with a lock", "begin; lock table kept", false},
	{"a sleep", "select pg_sleep(60)", false},
}

func busyFor(interval string) string {
	return fmt.Sprintf(`do $$ declare began timestamptz := clock_timestamp(); begin
		while clock_timestamp() < began + interval '%s' loop end loop; end $$`, interval)
}

// The owner and its postmaster are gone, but a backend is still at work and has
// the shared memory: PostgreSQL refuses to start until that one has ended.
func TestStartOverLastBackend(t *testing.T) {
	t.Parallel()
	for _, last := range lastWords {
		t.Run(last.name, func(t *testing.T) {
			t.Parallel()
			dir := postgrestest.DataDir(t)
			h := runHelper(t, "start", dir)
			query(t, h.URL, "create table kept as select 'x' as item")
			backend := say(t, h.URL, last.sql)
			require.NoError(t, h.process.Signal(syscall.SIGSTOP)) // it must not start another one
			require.NoError(t, syscall.Kill(h.PID, syscall.SIGKILL))
			h.kill(t)
			if last.stays {
				require.True(t, alive(backend))
			}

			cfg, log := config(dir), &logtest.Log{}
			cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
			begun := time.Now()
			s := start(t, cfg)
			took := time.Since(begun)
			require.Less(t, took, upAgain)
			if last.stays {
				require.Greater(t, took, time.Second, "it was left to end by itself at first")
			}
			require.Equal(t, "x", query(t, s.URL(), "select item from kept"))
			require.False(t, alive(backend))
			if last.stays {
				require.Contains(t, log.String(), "waiting for the last processes of a PostgreSQL that was killed")
				require.Regexp(t, fmt.Sprintf(`pids="?\[[0-9 ]*\b%d\b`, backend), log.String())
				said, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
				require.NoError(t, err)
				require.Contains(t, string(said), "pre-existing shared memory block", "the start was refused at first")
			}
			t.Logf("up after %v; it said:\n%s", took.Round(time.Millisecond), log)
		})
	}
}

// The same under a living program: its postmaster dies alone, and is started
// again in time although a backend is busy for a minute.
func TestDeadDatabaseIsStartedOverBusyBackend(t *testing.T) {
	t.Parallel()
	s := start(t, config(postgrestest.DataDir(t)))
	backend := say(t, s.URL(), busyFor("1 min"))
	dead := s.PID()
	begun := time.Now()
	require.NoError(t, syscall.Kill(dead, syscall.SIGKILL))
	require.Eventually(t, func() bool { return s.PID() != dead && s.Ready() }, patience, 5*time.Millisecond)
	took := time.Since(begun)
	t.Logf("up again: %v", took)
	require.Less(t, took, 10*time.Second)
	require.False(t, alive(backend))
}

// One that hears nothing is ended all the same.
func TestStartOverDeafBackend(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	h := runHelper(t, "start", dir)
	backend := say(t, h.URL, busyFor("1 min"))
	require.NoError(t, syscall.Kill(backend, syscall.SIGSTOP))
	require.NoError(t, h.process.Signal(syscall.SIGSTOP))
	require.NoError(t, syscall.Kill(h.PID, syscall.SIGKILL))
	h.kill(t)
	begun := time.Now()
	start(t, config(dir))
	require.Less(t, time.Since(begun), upAgain)
	require.False(t, alive(backend))
}

// Whoever works in the cluster by hand, with a stand-alone PostgreSQL, is not
// one of the remains: the start is refused, and he goes on.
func TestStandAlonePostgresIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	s := start(t, config(dir))
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.PID()))
	require.NoError(t, err)
	stop(t, s)
	program, _, _ := strings.Cut(string(args), "\x00")
	alone, stdin := asOwner(t, dir, program, "--single", "-D", filepath.Join(dir, "postgres"), "postgres")
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "postgres", "postmaster.pid"))
		return err == nil
	}, patience, 5*time.Millisecond)

	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error)
	go func() {
		_, err := postgres.StartServer(ctx, config(dir))
		refused <- err
	}()
	require.Eventually(t, func() bool { // 25 tries, a tenth of a second apart: longer than the remains are left alone
		log, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
		return err == nil && bytes.Count(log, []byte(`lock file "postmaster.pid" already exists`)) >= 25
	}, patience, 20*time.Millisecond)
	require.True(t, alive(alone.Process.Pid))
	cancel()
	require.Error(t, <-refused)
	require.NoError(t, stdin.Close())
	require.NoError(t, alone.Wait())
	start(t, config(dir))
}

// say lets a backend of its own run sql, and returns its process when it does.
// Nobody waits for its answer.
func say(t *testing.T, url, sql string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	pid := int(conn.PgConn().PID())
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = conn.PgConn().Exec(t.Context(), sql).ReadAll() // cut off, or not: it is of no interest which
	}()
	t.Cleanup(func() { <-answered; _ = conn.Close(context.WithoutCancel(t.Context())) })
	require.Eventually(t, func() bool {
		n, err := tryQuery(t.Context(), url, fmt.Sprintf(
			"select count(*)::text from pg_stat_activity where pid = %d and state <> 'idle' and query <> ''", pid))
		return err == nil && n == "1"
	}, patience, 5*time.Millisecond)
	return pid
}
