package staff

import (
	"time"

	"tiem/internal/edge/edgedb"
)

// Backoff: so many tries at somebody's PIN are free, then each is followed by a
// pause that doubles. The limit over all terminals keeps five tills from giving
// five times the guesses.
const (
	freeAtTill   = 5
	freeInStore  = 15
	firstPause   = 30 * time.Second
	longestPause = 15 * time.Minute
)

// pauseAfter is how long nobody may try again after so many failures in a row.
func pauseAfter(failures, free int32) time.Duration {
	if failures < free {
		return 0
	}
	return min(firstPause<<min(failures-free, 10), longestPause)
}

// waiting is how much of the pause is left, of all counters the most. A counter
// whose last try is in the future was written before the clock was set back:
// its pause begins now (restart), so that nobody waits longer than the pause.
func waiting(attempts []edgedb.AttemptsOfRow, now time.Time) (left time.Duration, restart bool) {
	for _, a := range attempts {
		pause := pauseAfter(a.Failures, freeOf(a))
		if pause == 0 {
			continue
		}
		since := now.Sub(a.LastAt)
		if since < 0 {
			since, restart = 0, true
		}
		left = max(left, pause-since)
	}
	return left, restart
}

// pauseOf is the pause that follows the try that was counted on top of attempts.
func pauseOf(attempts []edgedb.AttemptsOfRow) (pause time.Duration) {
	for _, a := range attempts {
		pause = max(pause, pauseAfter(a.Failures+1, freeOf(a)))
	}
	return pause
}

func freeOf(a edgedb.AttemptsOfRow) int32 {
	if a.TerminalID == "" {
		return freeInStore
	}
	return freeAtTill
}
