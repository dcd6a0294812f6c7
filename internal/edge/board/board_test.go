package board

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/line"
	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
)

// shop is what a board reads of: a head that grows, and a database that may be away.
type shop struct {
	*Board

	t    *testing.T
	line *line.Line

	mu    sync.Mutex
	state State
	err   error
	reads int
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, line: line.New(line.Config{})}
	s.Board = New(func(context.Context) (State, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reads++
		state := s.state
		state.OldestPendingSeconds = float64(s.reads) // no news
		state.hear(s.line.Status())
		return state, s.err
	}, s.line)
	return s
}

// run starts the board in the bubble and ends it with the test.
func (s *shop) run() {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	s.t.Cleanup(func() { stop(); <-done })
}

func (s *shop) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *shop) sell() {
	s.change(func() { s.state.Head++; s.state.PendingEvents++ })
	s.Poke()
}

func (s *shop) watch(after string) *Watcher {
	s.t.Helper()
	w, err := s.Watch(s.t.Context(), after)
	require.NoError(s.t, err)
	s.t.Cleanup(w.Close)
	return w
}

// heads of the notes, and the id of the last one.
func heads(notes []Note) (heads []int64, last string) {
	for _, n := range notes {
		heads, last = append(heads, n.State.Head), n.ID
	}
	return heads, last
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAWatcherSeesWhatIsAndThenWhatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.state.Head = 7
		s.run()
		w := s.watch("")
		<-w.More()
		got, first := heads(w.Next())
		require.Equal(t, []int64{7}, got, "the present state at once")
		pass(time.Minute)
		require.Empty(t, w.More(), "nothing has changed")
		require.Empty(t, w.Next())
		s.sell()
		pass(time.Millisecond)
		<-w.More()
		got, second := heads(w.Next())
		require.Equal(t, []int64{8}, got)
		require.NotEqual(t, first, second)

		s.change(func() { s.state.Alarm = &uplink.Alarm{Code: "fork"} })
		s.Poke()
		pass(time.Second)
		require.Equal(t, "fork", w.Next()[0].State.Alarm.Code)
		s.line.Good()
		s.line.Good()
		pass(time.Second)
		require.Equal(t, "ONLINE", w.Next()[0].State.Connectivity)
	})
}

// A hundred sales in a second are two states.
func TestStatesAreCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.run()
		w := s.watch("")
		w.Next()
		var got []int64
		for i := range 1100 {
			if i < 1000 {
				s.sell()
			}
			pass(10 * time.Millisecond)
			now, _ := heads(w.Next())
			got = append(got, now...)
		}
		require.InDelta(t, 20, len(got), 1, "two a second")
		require.Equal(t, int64(1000), got[len(got)-1], "the last word is true")
	})
}

func TestNobodyIsAskedWhileNobodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.run()
		for range 100 {
			s.sell()
			pass(time.Second)
		}
		require.Zero(t, s.reads)
		s.line.Good()
		s.line.Good()
		pass(time.Second)
		require.Equal(t, 1, s.reads, "but a turn of the line is kept for those who come back")
		w := s.watch("")
		pass(time.Minute)
		require.Greater(t, s.reads, 10, "what other processes do is seen now and then")
		w.Close()
		was := s.reads
		pass(time.Hour)
		require.Equal(t, was, s.reads)
	})
}

func TestOneWhoComesBackReadsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.run()
		stays, goes := s.watch(""), s.watch("")
		_, id := heads(goes.Next())
		goes.Close()
		for range 3 {
			s.sell()
			pass(time.Second)
		}
		got, last := heads(s.watch(id).Next())
		require.Equal(t, []int64{1, 2, 3}, got)
		require.Empty(t, s.watch(last).Next(), "it has the newest")
		require.Len(t, stays.Next(), 4)

		for range kept {
			s.sell()
			pass(time.Second)
		}
		got, _ = heads(s.watch(id).Next())
		require.Equal(t, []int64{kept + 3}, got, "too long away: the present state")
		got, _ = heads(s.watch(last).Next())
		require.Len(t, got, kept, "the last one whose follower is kept")
		require.Equal(t, int64(4), got[0])
		got, _ = heads(stays.Next())
		require.Equal(t, []int64{kept + 3}, got[len(got)-1:])
		for _, strange := range []string{"x", s.begun, s.begun + "-", s.begun + "-99999", s.begun + "--1", "old-3", s.begun + "-3x"} {
			got, _ := heads(s.watch(strange).Next())
			require.Equal(t, []int64{kept + 3}, got, strange)
		}
	})
}

// A watcher that reads nothing loses states and holds nobody up.
func TestASlowWatcherIsGivenThePresent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.run()
		slow, quick := s.watch(""), s.watch("")
		for i := range kept + 10 {
			s.sell()
			pass(time.Second)
			notes, _ := heads(quick.Next())
			require.Equal(t, int64(i+1), notes[len(notes)-1])
		}
		got, _ := heads(slow.Next())
		require.Equal(t, []int64{kept + 10}, got)
	})
}

func TestWatchersAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range maxWatchers {
		s.watch("")
	}
	_, err := s.Watch(t.Context(), "")
	require.Equal(t, "too_many_streams", fault.CodeOf(err))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	for w := range s.watchers {
		w.Close()
		break
	}
	s.watch("")
}

func TestADatabaseThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.run()
		w := s.watch("")
		w.Next()
		s.change(func() { s.err = errors.New("away") })
		_, err := s.Watch(t.Context(), "")
		require.ErrorContains(t, err, "away")
		require.Len(t, s.watchers, 1, "who was refused takes no place")
		s.sell()
		pass(time.Minute)
		require.Empty(t, w.Next())
		s.change(func() { s.err = nil })
		pass(time.Second)
		require.Len(t, w.Next(), 1, "it is tried again by itself")
	})
}

// A state that was read earlier is not posted behind one that was read later.
func TestTheLastStatePostedIsTheLastOneRead(t *testing.T) {
	t.Parallel()
	var head atomic.Int64
	reading, goOn := make(chan struct{}), make(chan struct{})
	l := line.New(line.Config{})
	b := New(func(context.Context) (State, error) {
		state := State{Head: head.Add(1)}
		if state.Head == 1 {
			close(reading)
			<-goOn
		}
		return state, nil
	}, l)
	done := make(chan error, 2)
	watch := func() {
		_, err := b.Watch(t.Context(), "")
		done <- err
	}
	go watch()
	<-reading
	go watch()
	select {
	case err := <-done: // it did not wait for the first
		done <- err
	case <-time.After(100 * time.Millisecond):
	}
	close(goOn)
	require.NoError(t, <-done)
	require.NoError(t, <-done)
	require.Equal(t, int64(2), b.ring[len(b.ring)-1].state.Head)
}

// Watchers come, read and go while states are posted: each sees the heads grow,
// and the last one in the end.
func TestManyWatchersAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.run()
	var all sync.WaitGroup
	errs := make(chan error, 8)
	stop := make(chan struct{})
	for range 8 {
		all.Go(func() {
			head, after := int64(-1), ""
			for {
				select {
				case <-stop:
					return
				default:
				}
				w, err := s.Watch(t.Context(), after)
				if err != nil {
					errs <- err
					return
				}
				for _, n := range w.Next() {
					if n.State.Head <= head {
						errs <- fmt.Errorf("%d after %d", n.State.Head, head)
						return
					}
					head, after = n.State.Head, n.ID
				}
				w.Close()
			}
		})
	}
	for range 2000 {
		s.sell()
	}
	close(stop)
	all.Wait()
	require.Empty(t, errs)
	w := s.watch("")
	notes := w.Next()
	require.Equal(t, int64(2000), notes[len(notes)-1].State.Head)
}

// A turn of the line that could not be read at once is kept, also when nobody
// watched: it is for those who come back.
func TestATurnWhileTheDatabaseIsAwayIsPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.change(func() { s.err = errors.New("away") })
		s.run()
		s.line.Good()
		s.line.Good()
		time.Sleep(3 * spacing)
		s.change(func() { s.err = nil })
		time.Sleep(3 * spacing)
		s.mu.Lock()
		reads := s.reads
		s.mu.Unlock()
		s.Board.mu.Lock()
		require.Len(t, s.ring, 1)
		require.Equal(t, "ONLINE", s.ring[0].state.Connectivity)
		s.Board.mu.Unlock()
		time.Sleep(time.Minute)
		s.change(func() { require.Equal(t, reads, s.reads, "and then nobody asks any more") })
	})
}

func TestSkewIsNewsBySeconds(t *testing.T) {
	t.Parallel()
	of := func(ms int64) news { return (&State{ClockOffsetMS: &ms}).news() }
	require.Equal(t, of(1_100), of(1_900))
	require.NotEqual(t, of(900), of(1_100))
	require.NotEqual(t, of(0), (&State{}).news())
}
