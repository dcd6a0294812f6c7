//go:build linux

package grpcapi

import (
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// freezeWaiting stops (SIGSTOP) the backend that waits for S1's stream, as soon as
// there is one, until the result is called.
func (h *hq) freezeWaiting(t *testing.T) (thaw func()) {
	t.Helper()
	var pid int
	require.Eventually(t, func() bool {
		return h.db.QueryRow(t.Context(), "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'").Scan(&pid) == nil
	}, patience, time.Millisecond)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	thaw = sync.OnceFunc(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	t.Cleanup(thaw)
	return thaw
}
