package wiretest

import (
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// lines are the cases in which the line is what fails.
func lines() []testCase {
	return []testCase{
		{"all is well", Features{Relay: true}, allIsWell},
		{"a backlog", Features{Relay: true}, aBacklog},
		{"cut at any byte of what the store says", Features{Relay: true, Breaks: true}, cutUp},
		{"cut at any byte of what HQ says", Features{Relay: true, Breaks: true}, cutDown},
		{"a bit flipped in what the store says", Features{Relay: true, Flips: true}, flipUp},
		{"a bit flipped in what HQ says", Features{Relay: true, Flips: true}, flipDown},
		{"an answer that is lost", Features{Relay: true, Breaks: true}, lostAck},
		{"an answer that is late", Features{Relay: true, Holds: true}, lateAck},
		{"a half-open line is found within 30 s", Features{Relay: true, Swallows: true}, halfOpen},
		{"a half-open line on a quiet day is found within 30 s", Features{Relay: true, Swallows: true}, halfOpenAndQuiet},
		{"the line is away for long", Features{Relay: true, Holds: true}, longOutage},
	}
}

func allIsWell(w *World) {
	for range 10 {
		w.Sell(1)
		w.Wait(20 * time.Millisecond)
	}
	w.calm()
}

func aBacklog(w *World) {
	w.StopRelay()
	w.Sell(150)
	w.StartRelay()
	w.Sell(5)
	w.calm()
}

// swept plays one fault at every byte up to most, a sale each.
func (w *World) swept(most int, fault func(bytes int)) {
	w.T.Helper()
	for n := 0; n < most; n += w.Stride {
		fault(n)
		w.Sell(1)
		head := int64(len(w.Log()))
		w.Within("the sale is at HQ", func() bool { return w.Published() == head })
		if n/w.Stride%10 == 9 { // a new stream now and then: the hello and the welcome are swept, too
			w.KillBox()
			w.StartRelay()
		}
	}
	w.Mend()
}

func cutUp(w *World) {
	w.swept(w.SweepUp, func(n int) { w.CutAfter(Up, n) })
	w.calm()
}

func cutDown(w *World) {
	w.swept(w.SweepDown, func(n int) { w.CutAfter(Down, n) })
	w.calm()
}

// flipUp may raise an alarm (a token or an epoch that is read wrong); it goes
// away with the next batch.
func flipUp(w *World) {
	w.swept(w.SweepUp, func(n int) { w.FlipAfter(Up, n) })
	w.healed()
}

func flipDown(w *World) {
	w.swept(w.SweepDown, func(n int) { w.FlipAfter(Down, n) })
	w.healed()
}

// healed is calm for a world in which a false alarm may be up for a while.
func (w *World) healed() {
	w.T.Helper()
	w.Sell(1)
	w.Drained()
	w.Within("no alarm is up", func() bool { return w.Alarm() == "" })
}

func lostAck(w *World) {
	for range 5 {
		held := len(w.Held())
		w.CutAfter(Down, 3)
		w.Sell(1)
		w.Within("HQ has stored what nobody heard of", func() bool { return len(w.Held()) > held })
		w.calm()
	}
}

func lateAck(w *World) {
	w.Hold()
	w.Sell(2)
	w.Wait(2*w.Timeout + time.Second) // the relay has given up long ago
	w.Sell(1)
	w.Mend() // now everything arrives, the first batch several times
	w.calm()
}

func halfOpen(w *World) {
	w.Swallow()
	w.Sell(1)
	w.Wait(100 * time.Millisecond) // that was lost, and nobody was told
	w.Mend()                       // for new connections
	head := int64(len(w.Log()))
	w.within(30*time.Second, "the sale is at HQ", func() bool { return w.Published() == head })
	w.calm()
}

func halfOpenAndQuiet(w *World) {
	if w.Timeout < 5*time.Second {
		w.T.Logf("this world's timers are shortened: %s instead of 5 s", w.Timeout)
	}
	w.Swallow()
	w.Wait(w.Silence + w.Timeout + time.Second) // an ask, and no answer
	w.Mend()
	w.Wait(2 * w.Timeout)
	before := w.Sent
	w.Sell(1)
	head := int64(len(w.Log()))
	w.within(10*time.Second, "the sale is at HQ", func() bool { return w.Published() == head })
	if before != nil {
		require.Equal(w.T, 1, w.Sent(head), "the dead stream was gone before the sale")
	}
	w.calm()
}

func longOutage(w *World) {
	w.Refuse(wire.GRPC)
	w.Refuse(wire.HTTP)
	for range 30 {
		w.Sell(2)
		w.Wait(w.Timeout / 25)
	}
	require.Empty(w.T, w.Alarm(), "an outage is no alarm")
	w.Mend()
	w.calm()
}
