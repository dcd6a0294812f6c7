package staff

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// One try of a terminal has its turn, four more wait, and what is beyond is told
// to wait; another terminal does not notice.
func TestTerminalsTakeTurns(t *testing.T) {
	t.Parallel()
	var all queues
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	_, leave, err := all.enter(t.Context(), "T1", now)
	require.NoError(t, err)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = all.enter(gone, "T1", now)
	require.Equal(t, "pin_check_busy", fault.CodeOf(err), "one at a time")
	require.Equal(t, fault.Unavailable, fault.KindOf(err))

	var waiting sync.WaitGroup
	for range 4 {
		waiting.Go(func() {
			_, leave, err := all.enter(t.Context(), "T1", now)
			if err != nil {
				t.Error(err)
				return
			}
			leave()
		})
	}
	require.Eventually(t, func() bool { return all.waitingAt("T1") == 5 }, 20*time.Second, time.Millisecond)
	_, _, err = all.enter(t.Context(), "T1", now)
	require.Equal(t, "too_many_attempts", fault.CodeOf(err))
	require.Equal(t, fault.Throttled, fault.KindOf(err))
	require.EqualValues(t, 1, fault.As(err).Details["retry_after_seconds"])
	_, leaveOther, err := all.enter(t.Context(), "T2", now)
	require.NoError(t, err)
	leaveOther()

	leave()
	waiting.Wait()
	require.Zero(t, all.waitingAt("T1"), "everybody's place is given back")
	require.Len(t, all.till, 2)
}

func (all *queues) waitingAt(terminalID string) int {
	all.mu.Lock()
	defer all.mu.Unlock()
	return all.till[terminalID].inside
}

// A terminal has twenty wrong tries, and another one each five seconds.
func TestTheWrongTriesOfATerminal(t *testing.T) {
	t.Parallel()
	var all queues
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	try := func(terminal string, wrong bool) (wait any) {
		q, leave, err := all.enter(t.Context(), terminal, now)
		if err != nil {
			require.Equal(t, "too_many_attempts", fault.CodeOf(err))
			return fault.As(err).Details["retry_after_seconds"]
		}
		if wrong {
			q.spend(now)
		}
		leave()
		return nil
	}
	for range 100 {
		require.Nil(t, try("T1", false), "a right one costs nothing")
	}
	for range 20 {
		require.Nil(t, try("T1", true))
	}
	require.EqualValues(t, 5, try("T1", false))
	require.Nil(t, try("T2", true), "another terminal has its own")
	now = now.Add(3100 * time.Millisecond)
	require.EqualValues(t, 2, try("T1", true))
	now = now.Add(1900 * time.Millisecond)
	require.Nil(t, try("T1", true))
	require.EqualValues(t, 5, try("T1", true))
	now = now.Add(-365 * 24 * time.Hour)
	require.EqualValues(t, 5, try("T1", true))
	now = now.Add(5 * time.Second)
	require.Nil(t, try("T1", true), "a clock that is set back holds nobody up for longer")
	require.Zero(t, all.waitingAt("T1"))
}
