package wiretest

import (
	"context"
	"testing"
	"time"

	"tiem/internal/wire"
)

// World is a store, an HQ and the line between them, as a case drives it. A func
// that its Features do not promise may be nil. A world fails its test by itself
// when something of its own goes wrong.
type World struct {
	T        *testing.T
	Patience time.Duration // of Within, in the world's time
	Timeout  time.Duration // SYNC_TIMEOUT of its relay
	Silence  time.Duration // after which its relay asks

	// The sweeps over bytes: more than a hello and a sale's batch have on their way
	// up, more than their answers have on the way down, and the step.
	SweepUp, SweepDown, Stride int

	Sell      func(n int)         // the store commits n transactions, each of one event or more
	Log       func() []wire.Event // the store's log
	Published func() int64        // up to which all is marked
	Held      func() []wire.Event // HQ's log of the store: ids, event_ids, hashes and payloads
	Alarm     func() string       // the code of the alarm that is up at the store; "" if none is
	Proven    func()              // HQ's log is the beginning of the store's, and each event of it had its effect once
	Wait      func(time.Duration) // lets the world's time pass

	// Dial opens a stream with a token over a good line, whatever the relay does.
	Dial func(ctx context.Context, token string, hello *wire.Hello) (Stream, *wire.Answer, error)

	StartRelay, StopRelay, KillBox, SecondRelay func()

	CutAfter  func(d Direction, bytes int)
	FlipAfter func(d Direction, bytes int)
	Hold      func()
	Swallow   func()
	Refuse    func(protocol string)
	Mend      func()

	DieAt               func(point Point) // HQ dies at its next passage of the point, and comes back
	KillHQ, StartHQ     func()
	Pause               func(on bool)
	Drain               func()
	BackupHQ, RestoreHQ func()
	NextEpoch           func() // HQ issues the next epoch; the store does not know

	BackupBox, RestoreBox func() // while no relay runs
	ForgetMarks           func() // the store loses its cursors, not its log
	Interleave            func() // transactions that overlap in time, some of which roll back

	Sent     func(id int64) int // how often a relay sent an event
	Protocol func() string      // in use
}

// Within waits until ok, or fails the case.
func (w *World) Within(what string, ok func() bool) {
	w.T.Helper()
	w.within(w.Patience, what, ok)
}

func (w *World) within(limit time.Duration, what string, ok func() bool) {
	w.T.Helper()
	for began := time.Now(); !ok(); w.Wait(25 * time.Millisecond) {
		if time.Since(began) > limit {
			w.T.Fatalf("not within %s: %s; the store has %d, HQ %d, marked are %d, alarm «%s»", limit, what, len(w.Log()), len(w.Held()), w.Published(), w.Alarm())
		}
	}
}

// Drained waits until everything is at HQ and marked, and proves it.
func (w *World) Drained() {
	w.T.Helper()
	w.Within("everything is at HQ", func() bool {
		head := int64(len(w.Log()))
		return int64(len(w.Held())) == head && w.Published() == head
	})
	w.Proven()
}

// calm is Drained where nothing may have raised an alarm.
func (w *World) calm() {
	w.T.Helper()
	w.Drained()
	if code := w.Alarm(); code != "" {
		w.T.Fatalf("the alarm «%s» is up without a reason", code)
	}
}
