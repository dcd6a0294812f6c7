package wiretest

import (
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	histories = flag.Int("wiretest.histories", 1000, "how many histories a test of histories plays")
	firstSeed = flag.Uint64("wiretest.seed", 1, "the first history's seed; one that failed is played alone with -wiretest.histories 1")
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

// Histories plays as many as the flags say, half of them beside the other half,
// and fails t with the first violation, made as short as it still fails.
func Histories(t *testing.T, plug Plug) {
	t.Helper()
	began := time.Now()
	var failed atomic.Bool
	t.Run("seeds", func(t *testing.T) {
		for worker := range workers {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for n := worker; n < *histories && !failed.Load(); n += workers {
					if report := played(t, plug, *firstSeed+uint64(n)); report != "" {
						failed.Store(true)
						t.Error(report)
					}
				}
			})
		}
	})
	t.Logf("%d histories from seed %d in %s", *histories, *firstSeed, time.Since(began).Round(time.Millisecond))
}

const workers = 2

// played plays the history of a seed; "" if nothing was found.
func played(t *testing.T, plug Plug, seed uint64) string {
	t.Helper()
	steps := Program(seed)
	found := History(t, plug, seed, steps, "")
	if found == nil {
		return ""
	}
	steps, found = Shrink(t, plug, seed, steps, "", found)
	lines := []string{fmt.Sprintf("history %d: %s\n\nof these %d steps:", seed, found, len(steps))}
	for _, s := range steps {
		lines = append(lines, s.String())
	}
	return strings.Join(lines, "\n  ")
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
