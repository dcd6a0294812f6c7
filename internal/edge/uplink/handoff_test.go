package uplink

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/wire"
)

// What was just sold goes out without being read, also when a later commit is
// told first.
func TestWhatWasCommittedGoesOutWithoutBeingRead(t *testing.T) {
	play(t, Config{Poll: time.Hour, Silence: time.Hour, Resync: time.Hour}, func(s *stage) {
		pass(time.Second)
		reads := s.reads
		hq := s.grpc.now()
		for range 10 {
			s.sell(3)
			pass(0)
			hq.ack(2)
		}
		first, second := s.write(3), s.write(3)
		s.told(second, time.Now())
		pass(grace / 2)
		require.Len(t, hq.batches, 10)
		s.told(first, time.Now())
		pass(0)
		require.Len(t, hq.batches[10].Events, 6)
		require.Equal(t, reads, s.reads)

		hq.ack(2)
		s.write(2) // by another process, or told never
		s.sell(1)
		pass(grace - 1)
		require.Equal(t, reads, s.reads)
		pass(1)
		require.Len(t, hq.batches[11].Events, 3)
		require.Equal(t, reads+2, s.reads, "once for them, once to see that there is no more")
		hq.ack(2)
		s.sell(1)
		pass(0)
		require.EqualValues(t, 40, hq.batches[12].FirstID)
		require.Equal(t, reads+2, s.reads)
	})
}

func TestTheHandoffIsBounded(t *testing.T) {
	t.Parallel()
	p, h := &paper{}, newHandoff()
	for range 2*handoffEvents/10 + 5 {
		h.put(p.write(10))
	}
	require.LessOrEqual(t, h.events, handoffEvents)
	events, ahead := h.take(0, 50, 1<<20)
	require.Empty(t, events)
	require.True(t, ahead, "what was lost is in the journal")
	events, _ = h.take(int64(len(p.events)-20), 50, 1<<20)
	require.Len(t, events, 20)
	require.Zero(t, h.events)
	require.Zero(t, h.bytes)
	require.Empty(t, h.runs)

	large := p.write(3)
	for i := range large {
		large[i].Payload = string(make([]byte, handoffBytes/2))
	}
	h.put(large)
	h.put(p.write(1))
	events, ahead = h.take(large[0].ID-1, 50, 1<<20)
	require.Empty(t, events)
	require.True(t, ahead)
}

// What was read, and given back, is taken once, also if it was handed over meanwhile.
func TestTheHandoffTakesBackWhatWasRead(t *testing.T) {
	t.Parallel()
	p, h := &paper{}, newHandoff()
	first, second := p.write(3), p.write(5)
	h.put(first)
	h.put(second)
	h.back(p.events[:5:5])
	require.Equal(t, 8, h.events)
	require.Equal(t, size(p.events), h.bytes)
	events, ahead := h.take(0, 50, 1<<20)
	require.Equal(t, p.events, events)
	require.False(t, ahead)
	require.Zero(t, h.events)
	require.Zero(t, h.bytes)
}

// However commits are told, and whatever is taken: it is consecutive from where
// it was asked for, within the limits, and each event as it was committed.
func TestTheHandoffGivesConsecutiveEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, h := &paper{}, newHandoff()
		var runs [][]wire.Event
		for range rapid.IntRange(1, 8).Draw(t, "commits") {
			run := p.write(rapid.IntRange(1, 5).Draw(t, "events"))
			for i := range run {
				run[i].Payload = string(make([]byte, rapid.IntRange(0, 40).Draw(t, "bytes")))
			}
			runs = append(runs, run)
		}
		all := slices.Concat(runs...)
		told := rapid.Permutation(runs).Draw(t, "told")
		at := rapid.Int64Range(0, int64(len(all))).Draw(t, "from")
		for _, run := range append(told, nil, nil, nil) {
			if run != nil {
				h.put(run)
			}
			limit, most := rapid.IntRange(1, 9).Draw(t, "limit"), rapid.IntRange(1, 100).Draw(t, "most")
			events, _ := h.take(at, limit, most)
			if len(events) > 0 && rapid.Bool().Draw(t, "back") {
				bytes, n := h.bytes+size(events), h.events+len(events)
				h.back(events)
				require.Equal(t, []int{bytes, n}, []int{h.bytes, h.events})
				continue
			}
			require.LessOrEqual(t, len(events), limit)
			if len(events) > 1 {
				require.LessOrEqual(t, size(events), most)
			}
			require.Equal(t, all[at:at+int64(len(events))], append([]wire.Event{}, events...))
			at += int64(len(events))
		}
		for at < int64(len(all)) {
			events, _ := h.take(at, 500, 1<<20)
			require.NotEmpty(t, events, "everything was told")
			at += int64(len(events))
		}
		h.take(at, 1, 1)
		require.Zero(t, h.events)
		require.Zero(t, h.bytes)
	})
}
