package wiretest

import (
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// credits are the cases in which HQ sets the terms, and those of the switch
// between protocols.
func credits() []testCase {
	return []testCase{
		{"credit zero", Features{Relay: true, Streams: true, Pause: true}, creditZero},
		{"credit zero under a backlog", Features{Relay: true, Streams: true, Pause: true}, creditZeroAndBacklog},
		{"drain", Features{Relay: true, Streams: true, Drain: true}, drained},
		{"drain again and again under a backlog", Features{Relay: true, Streams: true, Drain: true}, drainedUnderLoad},
		{"gRPC is refused: over HTTP, and back", Features{Relay: true, Streams: true, Fallback: true}, fallback},
	}
}

func creditZero(w *World) {
	w.calm()
	w.Pause(true)
	w.Wait(time.Second)
	held := len(w.Held())
	w.Sell(3)
	w.Wait(2 * time.Minute)
	require.Len(w.T, w.Held(), held, "a pause is a pause, for however long")
	require.Empty(w.T, w.Alarm())
	w.Pause(false)
	w.calm()
}

func creditZeroAndBacklog(w *World) {
	w.StopRelay()
	w.Sell(400)
	w.StartRelay()
	for i := range 40 {
		w.Pause(i%2 == 0)
		w.Wait(7 * time.Millisecond)
	}
	w.calm()
}

func drained(w *World) {
	for range 3 {
		w.Drain()
		w.Sell(2)
		w.calm()
	}
}

func drainedUnderLoad(w *World) {
	w.StopRelay()
	w.Sell(400)
	w.StartRelay()
	for range 20 {
		w.Wait(60 * time.Millisecond)
		w.Drain()
		w.Sell(1)
	}
	w.calm()
}

func fallback(w *World) {
	w.calm()
	head := int64(len(w.Log()))
	w.Refuse(wire.GRPC)
	w.Wait(time.Second)
	for range 20 {
		w.Sell(2)
		w.Wait(50 * time.Millisecond)
	}
	w.calm()
	require.Equal(w.T, wire.HTTP, w.Protocol())
	w.Mend()
	for began := time.Now(); w.Protocol() != wire.GRPC; w.Wait(50 * time.Millisecond) { // sales go on during the switch
		w.Sell(1)
		require.Less(w.T, time.Since(began), w.Patience, "the way back is found")
	}
	w.Sell(2)
	w.calm()
	if w.Sent != nil {
		for id := head + 1; id <= int64(len(w.Log())); id++ {
			require.Equal(w.T, 1, w.Sent(id), "event %d was sent once, over one of the two", id)
		}
	}
}
