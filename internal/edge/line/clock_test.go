package line

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestTheMiddleOfTheTripIsCompared(t *testing.T) {
	t.Parallel()
	s := compare(begin, begin.Add(100*time.Millisecond), begin.Add(3050*time.Millisecond))
	require.Equal(t, sample{offset: -3 * time.Second, trip: 100 * time.Millisecond}, s)
	s = compare(begin, begin.Add(-time.Hour), begin) // set back meanwhile, without a monotonic clock
	require.Equal(t, sample{}, s)
}

// Delays of any size and shape: what is shown is wrong by half of the shortest
// trip at most, and a clock that was set is found out at the next exchange.
func TestTheOffsetIsAsGoodAsTheQuickestTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		ms := func(name string, from, to int64) time.Duration {
			return time.Duration(rapid.Int64Range(from, to).Draw(rt, name)) * time.Millisecond
		}
		var o offset
		truth := ms("offset", -1e10, 1e10)
		for range rapid.IntRange(1, 30).Draw(rt, "exchanges") {
			if rapid.IntRange(0, 9).Draw(rt, "set") == 0 {
				truth += ms("by", -1e10, 1e10)
			}
			there, back := ms("there", 0, 3_000), ms("back", 0, 3_000)
			asked := begin.Add(truth) // by our clock, when it is begin at HQ
			o.add(compare(asked, asked.Add(there+back), begin.Add(there)))
			best, known := o.best()
			require.True(rt, known)
			last := o.samples[len(o.samples)-1]
			require.LessOrEqual(rt, best.trip, last.trip)
			require.LessOrEqual(rt, (best.offset - truth).Abs(), (best.trip+2*last.trip)/2+drift)
			require.LessOrEqual(rt, len(o.samples), samplesKept)
		}
	})
}

func TestTheQuickestOfTheLastFewIsBelieved(t *testing.T) {
	t.Parallel()
	var o offset
	_, known := o.best()
	require.False(t, known)
	o.add(sample{offset: 100 * time.Millisecond, trip: 200 * time.Millisecond})
	o.add(sample{offset: 10 * time.Millisecond, trip: 20 * time.Millisecond})
	o.add(sample{offset: 400 * time.Millisecond, trip: 900 * time.Millisecond})
	best, _ := o.best()
	require.Equal(t, 10*time.Millisecond, best.offset)
	o.add(sample{offset: -5 * time.Millisecond, trip: 20 * time.Millisecond})
	best, _ = o.best()
	require.Equal(t, -5*time.Millisecond, best.offset, "of two as quick the newest")
	for range samplesKept {
		o.add(sample{offset: 30 * time.Millisecond, trip: 50 * time.Millisecond})
	}
	best, _ = o.best()
	require.Equal(t, 30*time.Millisecond, best.offset, "what was quick once is forgotten: clocks drift")
	o.add(sample{offset: time.Hour, trip: time.Second})
	best, _ = o.best()
	require.Equal(t, time.Hour, best.offset, "the clock was set: nothing before counts")
	require.Len(t, o.samples, 1)
}
