//go:build linux

package faults

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The program and its postmaster are killed together while a backend is busy for
// minutes, with locks that every sale needs. It outlives both and has the shared
// memory; the next start must come up over it.
func TestFault14ProgramAndPostmasterKilledOverBusyBackend(t *testing.T) {
	t.Parallel()
	onBothSides(t, func(h *host, at side) {
		h.sellOn(3, 20)()
		rogue := h.connect(at)
		backend := int(rogue.PgConn().PID())
		lock := map[side]string{edgeSide: "outbox_head", hqSide: "store_streams"}[at]
		busy := make(chan struct{})
		go func() {
			defer close(busy)
			_, _ = rogue.PgConn().Exec(h.t.Context(), "begin; select * from "+lock+" for update; select 'busy'; "+
				"do $$ declare began timestamptz := clock_timestamp(); begin while clock_timestamp() < began + interval '5 min' loop end loop; end $$").ReadAll()
		}()
		require.Eventually(h.t, func() bool { return h.holds(at, backend, lock) }, readyAgain, 5*time.Millisecond)

		postmaster := h.PID(at.postgres)
		require.NoError(h.t, syscall.Kill(h.PID(at.server), syscall.SIGSTOP)) // it must not start another one
		require.NoError(h.t, syscall.Kill(postmaster, syscall.SIGKILL))
		require.NoError(h.t, h.Kill(at.server))
		require.NotEmpty(h.t, h.title(backend), "it is still at work")
		begun := time.Now()
		h.restart(at.server)
		took := time.Since(begun)
		require.Less(h.t, took, 15*time.Second)
		require.Contains(h.t, h.said(at), "waiting for the last processes of a PostgreSQL that was killed")
		require.Empty(h.t, h.title(backend), "the backend is gone")
		<-busy
		h.did("%s and its postmaster killed over a busy backend; ready after %v", at.server, took.Round(time.Millisecond))
		h.sellOn(33, 20)()
		h.judge()
	})
}

// holds tells whether a backend has locked rows of a table, and works on.
func (h *host) holds(at side, backend int, table string) bool {
	h.t.Helper()
	conn, err := h.tryConnect(at)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, conn.Close(h.t.Context())) }()
	var held bool
	require.NoError(h.t, conn.QueryRow(h.t.Context(), `select exists (select from pg_locks where pid = $1 and relation = $2::text::regclass and mode = 'RowShareLock')
		and exists (select from pg_stat_activity where pid = $1 and state = 'active' and wait_event is null)`, backend, table).Scan(&held))
	return held
}
