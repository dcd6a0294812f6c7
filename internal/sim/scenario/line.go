package scenario

import (
	"time"
)

// State is how the line is at a moment.
type State struct {
	Kind Kind // Pulled or Slow; empty: whole
	Bits int  // Slow
}

// At is the state of the line at a moment, and when it may change next (0: never
// again). A pulled cable, also by a flapping line, carries nothing, however slow
// the line is besides; of several slow lines the slowest counts.
func At(events []Event, now time.Duration) (state State, next time.Duration) {
	soon := func(at time.Duration) {
		if at > now && (next == 0 || at < next) {
			next = at
		}
	}
	for _, e := range events {
		if e.Kind != Pulled && e.Kind != Slow && e.Kind != Flap {
			continue
		}
		soon(e.At)
		end := e.At + e.Lasts
		if now < e.At || e.Lasts > 0 && now >= end {
			continue
		}
		if e.Lasts > 0 {
			soon(end)
		}
		pulled := e.Kind == Pulled
		if e.Kind == Flap {
			round := (now - e.At) % (e.Down + e.Up)
			if pulled = round < e.Down; pulled {
				soon(now - round + e.Down)
			} else {
				soon(now - round + e.Down + e.Up)
			}
		}
		switch {
		case pulled:
			state = State{Kind: Pulled}
		case e.Kind == Slow && state.Kind != Pulled && (state.Bits == 0 || e.Bits < state.Bits):
			state = State{Kind: Slow, Bits: e.Bits}
		}
	}
	return state, next
}
