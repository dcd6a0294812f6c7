//go:build linux

package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// Row 57: SIGTERM to HQ while its PostgreSQL does not answer a COMMIT. Nobody
// waits for that longer than for the streams and the connections.
func TestFault57SigtermWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	const within = 10 * time.Second // HQ's one budget
	s := open(t)
	before := s.proven().Events
	holder, watcher := s.session(sim.HQServer), s.session(sim.HQServer)
	holder.run("begin")
	holder.run("select * from store_streams for update")
	s.sell()
	watcher.eventually(1, waiting)
	pid := int(watcher.count("select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // it is dead by then, unless the case failed
	begun := time.Now()
	_ = s.Halt(t.Context(), sim.HQServer) // its exit code tells that PostgreSQL had to be ended
	took := time.Since(begun)
	require.Less(t, took, within+slack)
	require.Zero(t, s.PID(sim.HQServer))
	s.did("HQ stopped after %v, exit code %d", took.Round(time.Millisecond), s.ExitCode(sim.HQServer))
	s.restart(sim.HQServer)
	f := s.proven()
	require.Equal(t, 1, f.Sales)
	require.Equal(t, before+3, f.Events)
}
