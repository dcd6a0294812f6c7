//go:build linux

package postgres_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// The owner dies by kill -9, and its database, which is too slow to notice
// (stopped, here), is in the way of the next owner.
func TestTakeoverAfterKillOfOwner(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	h := runHelper(t, "start", dir)
	require.Empty(t, h.Text)
	query(t, h.URL, "create table kept as select 'x' as item")
	h.kill(t)
	begun := time.Now()
	s := start(t, config(dir))
	took := time.Since(begun)
	t.Logf("takeover: %v", took)
	require.Less(t, took, 10*time.Second)
	require.NotEqual(t, h.PID, s.PID())
	require.Equal(t, "x", query(t, s.URL(), "select item from kept"))
}

// Without its parent the database goes away by itself, so that nothing is left
// running on the machine.
func TestDatabaseDiesWithItsOwner(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	h := runHelper(t, "start", dir)
	h.kill(t)
	require.Eventually(t, func() bool { return !alive(h.PID) }, patience, 20*time.Millisecond)
	require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"), "it stopped in order")
}

// An orphan that did not get or heed the kernel's signal is stopped by the
// next owner.
func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	s := start(t, config(dir))
	query(t, s.URL(), "create table kept as select 'x' as item")
	uid := statUID(t, filepath.Join(dir, "postgres"))
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.PID()))
	require.NoError(t, err)
	stop(t, s)

	orphan := exec.Command(string(args[:strings.IndexByte(string(args), 0)]), "-D", filepath.Join(dir, "postgres"),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+filepath.Join(dir, "postgres"))
	if os.Geteuid() == 0 {
		orphan.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	orphan.Dir = filepath.Join(dir, "postgres")
	require.NoError(t, orphan.Start())
	gone := make(chan error, 1)
	go func() { gone <- orphan.Wait() }()
	require.Eventually(t, func() bool { _, err := tryQuery(t.Context(), s.URL(), "select 1::text"); return err == nil },
		patience, 20*time.Millisecond)

	s = start(t, config(dir))
	require.NoError(t, <-gone, "it was stopped in order")
	require.Equal(t, "x", query(t, s.URL(), "select item from kept"))
}

func TestDeadDatabaseIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := start(t, config(postgrestest.DataDir(t)))
	query(t, s.URL(), "create table kept as select 'x' as item")
	for range 2 {
		dead := s.PID()
		begun := time.Now()
		require.NoError(t, syscall.Kill(dead, syscall.SIGKILL))
		require.Eventually(t, func() bool { return s.PID() != dead && s.Ready() }, patience, 5*time.Millisecond)
		took := time.Since(begun)
		t.Logf("up again: %v", took)
		require.Less(t, took, 10*time.Second)
		require.Equal(t, "x", query(t, s.URL(), "select item from kept"))
	}
}

// A stop that may not be patient ends the database without a checkpoint; what
// was committed is there after the next start.
func TestForcedStopKeepsData(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	s, err := postgres.StartServer(limit(t), config(dir))
	require.NoError(t, err)
	pid := s.PID()
	query(t, s.URL(), "create table kept as select 'x' as item")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, "postgres_stop_forced", fault.CodeOf(s.Close(ctx)))
	require.False(t, alive(pid))
	s = start(t, config(dir))
	require.Equal(t, "x", query(t, s.URL(), "select item from kept"))
}

// A Close while the database is down ends the attempts to start it.
func TestCloseWhileDown(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	s := start(t, config(dir))
	version := filepath.Join(dir, "postgres", "global", "pg_control")
	require.NoError(t, os.Rename(version, version+".away"))
	require.NoError(t, syscall.Kill(s.PID(), syscall.SIGKILL))
	require.Eventually(t, func() bool { return !s.Ready() }, patience, 5*time.Millisecond)
	stop(t, s)
	require.NoError(t, os.Rename(version+".away", version))
	start(t, config(dir))
}

// After a power cut the number in postmaster.pid may be that of any process, of
// the database's own user even, which PostgreSQL takes for a running server.
func TestForeignProcessInPidFile(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	h := runHelper(t, "start", dir)
	pidFile := filepath.Join(dir, "postgres", "postmaster.pid")
	stale, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	h.end()

	uid := statUID(t, filepath.Join(dir, "postgres"))
	foreign := exec.Command("sleep", "1000")
	foreign.Dir = filepath.Join(dir, "postgres") // even there it is not a postmaster
	if os.Geteuid() == 0 {
		foreign.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	require.NoError(t, foreign.Start())
	t.Cleanup(func() { _ = foreign.Process.Kill(); _ = foreign.Wait() })
	_, rest, _ := strings.Cut(string(stale), "\n")
	require.NoError(t, os.WriteFile(pidFile, []byte(strconv.Itoa(foreign.Process.Pid)+"\n"+rest), 0o600))
	require.NoError(t, os.Chown(pidFile, int(uid), -1))

	s := start(t, config(dir))
	require.NotEqual(t, foreign.Process.Pid, s.PID())
	require.True(t, alive(foreign.Process.Pid))
}

// asOwner starts a program as the user who owns the cluster, with the cluster as
// its directory.
func asOwner(t *testing.T, dir, program string, args ...string) (*exec.Cmd, io.Closer) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = filepath.Join(dir, "postgres")
	if os.Geteuid() == 0 {
		uid := statUID(t, cmd.Dir)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, stdin
}

// alive tells whether the process runs; a zombie does not.
func alive(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err == nil && !strings.Contains(string(status), "State:\tZ")
}
