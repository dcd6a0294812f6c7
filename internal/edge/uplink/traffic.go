package uplink

import (
	"sync/atomic"
	"time"
)

// Traffic is how much the tills are asking right now. The relay reads it and
// gives way: a backlog can wait, a customer should not. It is safe for
// concurrent use, and costs a call of a till two additions.
type Traffic struct {
	inFlight atomic.Int64
	left     atomic.Int64 // when the last call ended, Unix nanoseconds
}

// rush is how long after a call the next one is to be expected: a till scans,
// and scans again.
const rush = 100 * time.Millisecond

// Enter notes that a till waits for an answer; Leave must follow.
func (t *Traffic) Enter() { t.inFlight.Add(1) }

// Leave notes that it has the answer.
func (t *Traffic) Leave() {
	t.left.Store(time.Now().UnixNano())
	t.inFlight.Add(-1)
}

// Busy tells whether tills are waiting, or were a moment ago.
func (t *Traffic) Busy() bool {
	if t == nil {
		return false
	}
	return t.inFlight.Load() > 0 || time.Since(time.Unix(0, t.left.Load())).Abs() < rush
}

// A batch of a backlog is read, sent and marked in one go, and the pause behind
// it is four times as long: a fifth of the time is the relay's while tills sell.
const (
	wayShare = 4
	wayMost  = 100 * time.Millisecond // and a slow line is slow enough by itself
)

// way is how long to wait behind a batch of a backlog while tills are busy. work
// is what the batch took: read, sent, answered and marked. What tills sell while
// there is no backlog is a few events at a time, and goes at once.
func way(work time.Duration) time.Duration { return min(wayShare*work, wayMost) }
