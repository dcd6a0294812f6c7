package line

import "time"

// How much a line that was OFFLINE has to prove.
const (
	goodCalm     = 2           // good answers in a row, on a calm line
	goodFlapping = 5           // at most, on one that keeps changing
	flapMemory   = time.Minute // changes that are older do not count
	flapFrom     = 3           // changes within flapMemory that make a line a flapping one
)

// Judge turns what was heard of the line into ONLINE or OFFLINE. It reads no
// clock: the times that it is given must not go back. Make it with NewJudge.
type Judge struct {
	failures int           // in a row that make OFFLINE
	interval time.Duration // between two probes: the unit of how long a run must last

	online bool
	failed int         // failures in a row
	good   int         // good answers in a row
	since  time.Time   // when that run of good answers began
	recent []time.Time // the latest changes, at most goodFlapping of them
}

// NewJudge returns a judge of a line that is OFFLINE, and goes OFFLINE again
// after so many failures in a row.
func NewJudge(failures int, interval time.Duration) *Judge {
	return &Judge{failures: max(1, failures), interval: interval}
}

// Online is the present judgement.
func (j *Judge) Online() bool { return j.online }

// Failures is how many failures were heard in a row.
func (j *Judge) Failures() int { return j.failed }

// Good hears a good answer, and tells whether that made the line ONLINE.
func (j *Judge) Good(now time.Time) (changed bool) {
	if j.good == 0 {
		j.since = now
	}
	j.failed = 0
	j.good++
	answers, lasts := j.steady(now)
	if j.online || j.good < answers || now.Sub(j.since) < lasts {
		return false
	}
	j.change(now)
	return true
}

// Failed hears a failure, and tells whether that made the line OFFLINE.
func (j *Judge) Failed(now time.Time) (changed bool) {
	j.good = 0
	j.failed++
	if !j.online || j.failed < j.failures {
		return false
	}
	j.change(now)
	return true
}

// steady is the run of good answers that a line must show before it is ONLINE
// again: how many, and over how long. The time is what bounds the changes: good
// answers may come as fast as batches do.
func (j *Judge) steady(now time.Time) (answers int, lasts time.Duration) {
	changes := 0
	for _, at := range j.recent {
		if now.Sub(at) < flapMemory {
			changes++
		}
	}
	if changes < flapFrom {
		return goodCalm, 0
	}
	return changes, j.interval << (changes - 1) // 3, 4, 5: 4, 8, 16 intervals
}

func (j *Judge) change(now time.Time) {
	j.online = !j.online
	if len(j.recent) == goodFlapping {
		j.recent = j.recent[1:]
	}
	j.recent = append(j.recent, now)
}
