package staff

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
)

func TestPauses(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int32]time.Duration{0: 0, 1: 0, 4: 0, 5: 30 * time.Second, 6: time.Minute, 7: 2 * time.Minute, 8: 4 * time.Minute,
		9: 8 * time.Minute, 10: 15 * time.Minute, 11: 15 * time.Minute, 60: 15 * time.Minute, 1000: 15 * time.Minute} {
		require.Equal(t, want, pauseAfter(failures, freeAtTill), "%d", failures)
		require.Equal(t, want, pauseAfter(failures+10, freeInStore), "%d", failures)
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	at := func(terminal string, failures int32, ago time.Duration) edgedb.AttemptsOfRow {
		return edgedb.AttemptsOfRow{TerminalID: terminal, Failures: failures, LastAt: now.Add(-ago)}
	}
	for name, c := range map[string]struct {
		attempts []edgedb.AttemptsOfRow
		left     time.Duration
		restart  bool
	}{
		"none":                                  {nil, 0, false},
		"four":                                  {[]edgedb.AttemptsOfRow{at("T1", 4, 0), at("", 14, 0)}, 0, false},
		"five at this till":                     {[]edgedb.AttemptsOfRow{at("T1", 5, 10*time.Second), at("", 5, 0)}, 20 * time.Second, false},
		"fifteen in the shop":                   {[]edgedb.AttemptsOfRow{at("T1", 3, 0), at("", 15, 29*time.Second)}, time.Second, false},
		"the longer of both":                    {[]edgedb.AttemptsOfRow{at("T1", 6, 0), at("", 15, 0)}, time.Minute, false},
		"over":                                  {[]edgedb.AttemptsOfRow{at("T1", 5, 30*time.Second), at("", 20, time.Hour)}, 0, false},
		"the clock was set back a year":         {[]edgedb.AttemptsOfRow{at("T1", 5, -365*24*time.Hour)}, 30 * time.Second, true},
		"the clock was set back, and no matter": {[]edgedb.AttemptsOfRow{at("T1", 4, -365*24*time.Hour)}, 0, false},
		"the clock was set forward":             {[]edgedb.AttemptsOfRow{at("T1", 10, 365*24*time.Hour)}, 0, false},
	} {
		left, restart := waiting(c.attempts, now)
		require.Equal(t, c.left, left, name)
		require.Equal(t, c.restart, restart, name)
	}
}
