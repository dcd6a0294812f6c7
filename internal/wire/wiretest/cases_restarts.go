package wiretest

import (
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// restarts are the cases in which a side dies, or comes back as it was.
func restarts() []testCase {
	return []testCase{
		{"HQ dies before its commit", Features{Relay: true, DiesAt: true}, dies(BeforeCommit)},
		{"HQ dies after its commit, before the answer", Features{Relay: true, DiesAt: true}, dies(AfterCommit)},
		{"HQ is restarted again and again", Features{Relay: true, KillsHQ: true}, restartedHQ},
		{"the store's box dies again and again", Features{Relay: true, KillsStore: true}, restartedBox},
		{"both die, and what is sent again has no second effect", Features{Relay: true, DiesAt: true, KillsStore: true}, bothDie},
		{"HQ is restored from an older backup", Features{Relay: true, RestoresHQ: true}, restoredHQ},
		{"HQ is restored from an older backup on a quiet day", Features{Relay: true, RestoresHQ: true}, restoredAndQuiet},
		{"HQ falls back under a stream that goes on", Features{Relay: true, RestoresHQ: true, Streams: true}, fellBackUnderway},
		{"the store is restored from an older backup", Features{Relay: true, RestoresBox: true}, restoredBox},
		{"the store is restored, and sells on beyond what HQ has", Features{Relay: true, RestoresBox: true}, restoredAndSoldOn},
		{"two relays", Features{Relay: true, TwoRelays: true}, twoRelays},
		{"only HQ has its checkpoint", Features{Relay: true, ForgetsMarks: true}, forgotMarks},
		{"only the store has its checkpoint", Features{Relay: true, KillsHQ: true}, forgotStreams},
		{"transactions interleave, and some roll back", Features{Relay: true, Interleaves: true}, interleaved},
	}
}

func dies(point Point) func(*World) {
	return func(w *World) {
		for range 4 {
			w.DieAt(point)
			w.Sell(2)
			w.calm()
		}
	}
}

func restartedHQ(w *World) {
	for range 5 {
		w.Sell(2)
		w.KillHQ()
		w.Sell(1)
		w.StartHQ()
		w.Sell(1)
	}
	w.calm()
}

func restartedBox(w *World) {
	for range 5 {
		w.Sell(3)
		w.KillBox()
		w.Sell(1)
		w.StartRelay()
	}
	w.calm()
}

func bothDie(w *World) {
	for range 4 {
		held := len(w.Held())
		w.DieAt(AfterCommit)
		w.Sell(1)
		w.Within("HQ has stored what nobody heard of", func() bool { return len(w.Held()) > held })
		w.KillBox()
		w.StartRelay()
		w.calm()
	}
}

func restoredHQ(w *World) {
	w.calm()
	w.BackupHQ()
	w.Sell(6)
	w.calm()
	before := w.Published()
	w.KillHQ()
	w.RestoreHQ()
	w.StartHQ()
	w.Sell(1)
	w.calm()
	require.Greater(w.T, w.Published(), before, "what was published stays published")
}

func restoredAndQuiet(w *World) {
	w.calm()
	w.BackupHQ()
	w.Sell(4)
	w.calm()
	w.KillHQ()
	w.RestoreHQ()
	w.StartHQ()
	w.calm() // nobody sells: the relay's own question finds it
}

func fellBackUnderway(w *World) {
	w.calm()
	w.BackupHQ()
	w.Sell(4)
	w.calm()
	w.RestoreHQ()
	w.Sell(1) // a gap, on a stream that knows nothing
	w.calm()
}

// ahead are the words for an HQ that has more than this store ever wrote.
var ahead = []string{"hq_ahead", wire.CodeRewind}

func restoredBox(w *World) {
	held := w.rewound(8)
	w.Within("HQ is seen to be ahead", func() bool { return w.Alarm() != "" })
	require.Contains(w.T, ahead, w.Alarm())
	w.Sell(1) // sales go on, under ids that HQ has already
	w.Within("HQ's log is seen to be another one", func() bool { return w.Alarm() != "" })
	w.Wait(2 * time.Second)
	require.Contains(w.T, append(ahead, wire.CodeFork), w.Alarm())
	require.Equal(w.T, ids(held), ids(w.Held()), "nothing is written over")
}

func restoredAndSoldOn(w *World) {
	held := w.rewound(3)
	w.Sell(9)
	w.Within("the fork is found", func() bool { return w.Alarm() == wire.CodeFork })
	w.Sell(2)
	w.Wait(w.Timeout)
	require.Equal(w.T, wire.CodeFork, w.Alarm())
	require.Equal(w.T, ids(held), ids(w.Held()), "nothing is written over")
}

// rewound puts the store back behind what HQ has of it, and returns that.
func (w *World) rewound(lost int) (held []wire.Event) {
	w.T.Helper()
	w.calm()
	w.BackupBox()
	w.Sell(lost)
	w.calm()
	held = w.Held()
	w.KillBox()
	w.RestoreBox()
	w.StartRelay()
	require.Less(w.T, len(w.Log()), len(held))
	return held
}

func twoRelays(w *World) {
	w.SecondRelay()
	for range 20 {
		w.Sell(2)
		w.Wait(10 * time.Millisecond)
	}
	w.calm()
	w.KillBox() // the first; the other goes on
	w.Sell(3)
	w.calm()
}

func forgotMarks(w *World) {
	w.Sell(3)
	w.calm()
	w.KillBox()
	w.ForgetMarks()
	w.Sell(1)
	w.StartRelay()
	w.calm()
}

func forgotStreams(w *World) {
	w.Sell(3)
	w.calm()
	w.KillHQ() // all that it remembered of streams
	w.StartHQ()
	w.Sell(2)
	w.calm()
}

func interleaved(w *World) {
	w.Interleave()
	w.calm()
}
