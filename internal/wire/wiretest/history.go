package wiretest

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// History plays a program in a bubble of its own, heals the world, waits until
// all is at HQ, and returns what the oracle found; nil if nothing.
func History(t *testing.T, plug Plug, seed uint64, steps []Step, bug Bug) (found *Violation) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		w := NewSimulation(plug, seed, bug)
		defer w.Stop()
		w.Line.Delay, w.HQ.Work = jittered(seed, 3e6), jittered(seed+1, 4e6)
		w.Store.Disk = jittered(seed+2, 1e6)
		w.Open()
		for _, s := range steps {
			if w.play(s); w.Oracle.Found() != nil {
				break
			}
		}
		if w.Oracle.Found() == nil {
			w.Heal()
			w.Drained()
		}
		found = w.Oracle.Found()
	})
	return found
}

// Histories plays those of the seeds from first on, and fails t with the first
// violation, made as short as it still fails.
func Histories(t *testing.T, plug Plug, first uint64, count int) {
	t.Helper()
	for seed := first; seed < first+uint64(count); seed++ {
		steps := Program(seed)
		found := History(t, plug, seed, steps, "")
		if found == nil {
			continue
		}
		steps, found = Shrink(t, plug, seed, steps, "", found)
		t.Fatalf("history %d: %s\n\nof these %d steps: %v", seed, found, len(steps), steps)
	}
}

// Shrink drops steps as long as the same check still fails.
func Shrink(t *testing.T, plug Plug, seed uint64, steps []Step, bug Bug, found *Violation) ([]Step, *Violation) {
	t.Helper()
	for size := len(steps) / 2; size >= 1; size /= 2 {
		for at := 0; at+size <= len(steps); {
			fewer := append(append([]Step(nil), steps[:at]...), steps[at+size:]...)
			if v := History(t, plug, seed, fewer, bug); v != nil && v.Check == found.Check {
				steps, found = fewer, v
			} else {
				at += size
			}
		}
	}
	return steps, found
}

// Caught is the number of the first history that finds a planted bug, counted
// from 1, and what it found; an error says that none did.
func Caught(t *testing.T, plug Plug, bug Bug, most int) (int, *Violation, error) {
	t.Helper()
	for n := 1; n <= most; n++ {
		seed := uint64(n)
		if found := History(t, plug, seed, Program(seed), bug); found != nil {
			return n, found, nil
		}
	}
	return 0, nil, fmt.Errorf("%d histories did not find the bug «%s»", most, bug)
}
