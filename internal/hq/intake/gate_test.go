package intake

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// queue sends n backlogs' batches to the gate, one behind the other; each stays
// until it is told to go, and says its number when it is in.
func queue(ctx context.Context, g *gate, n int) (in chan int, goOn chan struct{}) {
	in, goOn = make(chan int, n), make(chan struct{})
	for i := range n {
		go func() {
			leave, err := g.enter(ctx, false)
			if err != nil {
				return
			}
			in <- i
			<-goOn
			leave(mostTurn)
		}()
		synctest.Wait() // it stands in line before the next one comes
	}
	return in, goOn
}

var stores atomic.Int64

// somebody is a store that has not asked before.
func somebody() string { return strconv.FormatInt(stores.Add(1), 10) }

func TestBacklogsGoFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		in, goOn := queue(t.Context(), g, 9)
		for i := range 9 {
			require.Equal(t, i, <-in)
			if i > 0 { // two are in
				synctest.Wait()
				require.Empty(t, in, "only two are in at once")
				goOn <- struct{}{}
			}
			synctest.Wait()
		}
		goOn <- struct{}{}
		synctest.Wait()
		require.Zero(t, g.busy)
	})
}

func TestALiveBatchPassesByTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		_, goOn := queue(t.Context(), g, 20)
		leave, err := g.enter(t.Context(), true)
		require.NoError(t, err)
		leave(mostTurn)
		require.Len(t, g.line, 19)
		require.Equal(t, 1, g.busy, "a live batch takes nobody's place")
		close(goOn)
		synctest.Wait()
		require.Zero(t, g.busy)
	})
}

// While there are live batches, backlogs have half of the places, and all of them
// again a second after the last.
func TestBacklogsMakeRoomForLiveBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		_, goOn := queue(t.Context(), g, 20)
		require.Equal(t, 4, g.busy)
		_, err := g.enter(t.Context(), true)
		require.NoError(t, err)
		for _, busy := range []int{3, 2, 2, 2} {
			goOn <- struct{}{}
			synctest.Wait()
			require.Equal(t, busy, g.busy)
		}
		g.next = time.Now()
		g.each = 2 * time.Second / mostTurn
		_, _ = g.terms(somebody(), mostTurn, mostTurn)
		_, wait := g.terms(somebody(), mostTurn, mostTurn)
		require.InDelta(t, 4*time.Second/3, wait, float64(time.Microsecond), "turns of two places, and a third more")
		time.Sleep(liveFor)
		goOn <- struct{}{}
		synctest.Wait()
		require.Equal(t, 4, g.busy)
		close(goOn)
		synctest.Wait()
		require.Zero(t, g.busy)
	})
}

func TestWhoeverGivesUpHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		first, err := g.enter(t.Context(), false)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 1)
		go func() {
			_, err := g.enter(ctx, false)
			errs <- err
		}()
		synctest.Wait()
		in, goOn := queue(t.Context(), g, 1)
		cancel()
		require.Equal(t, fault.Unavailable, fault.KindOf(<-errs))
		first(mostTurn)
		require.Equal(t, 0, <-in)
		close(goOn)
		synctest.Wait()
		require.Zero(t, g.busy)
		require.Empty(t, g.line)
	})
}

// One that gives up in the moment in which it is called hands its place on.
func TestAPlaceThatIsNotTakenIsPassedOn(t *testing.T) {
	g := newGate(1)
	called, next := make(chan struct{}), make(chan struct{})
	g.busy, g.line = 1, []chan struct{}{called, next}
	g.pass()
	g.giveUp(called)
	require.Equal(t, 1, g.busy)
	require.Empty(t, g.line)
	<-next
	g.giveUp(next)
	require.Zero(t, g.busy)
}

func TestTurnsAreAsFarApartAsBatchesTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2) // and a batch takes 20 ms
		var waits []time.Duration
		for range 2000 {
			credit, wait := g.terms(somebody(), mostTurn, mostTurn)
			if wait == 0 {
				require.Equal(t, wire.MostCredit, credit)
			} else {
				require.Equal(t, 1, credit)
			}
			waits = append(waits, wait)
		}
		require.Zero(t, waits[24], "what begins within 250 ms begins at once")
		require.Equal(t, 250*time.Millisecond, waits[25])
		require.Equal(t, 260*time.Millisecond, waits[26])
		require.Equal(t, 19_990*time.Millisecond, waits[1999])
		for range 1000 {
			_, wait := g.terms(somebody(), mostTurn, mostTurn)
			require.Less(t, wait, longest)
		}
		time.Sleep(29 * time.Second)
		_, wait := g.terms(somebody(), mostTurn, mostTurn)
		require.Equal(t, time.Second, wait)
		time.Sleep(2 * time.Second)
		for range 25 { // whoever slept through it has saved nothing up
			_, wait = g.terms(somebody(), mostTurn, mostTurn)
			require.Zero(t, wait)
		}
		_, wait = g.terms(somebody(), mostTurn, mostTurn)
		require.Equal(t, 250*time.Millisecond, wait)
	})
}

// A turn is as long as what the store has to send, up to the largest batch. Who has
// no more than a live batch needs none.
func TestALongBacklogHasALongTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		g.each = time.Millisecond
		began := time.Now()
		for _, c := range []struct {
			events int64
			lasts  int64 // as many events
		}{{0, 0}, {50, 0}, {51, 51}, {300, 300}, {500, 500}, {90_000, 500}} {
			before := later(g.next, began)
			g.terms(somebody(), 0, c.events)
			if c.lasts == 0 {
				require.False(t, g.next.After(before))
				continue
			}
			require.Equal(t, c.lasts, g.next.Sub(before).Milliseconds())
		}
	})
}

// Busy shops send a tenth of what their backlogs would let them. What they do not
// use of their turns comes back: together they are paced by what they send.
func TestWhatIsNotSentIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const shops, batch, each = 40, 50, time.Millisecond
		g := newGate(1)
		g.each = each
		began := time.Now()
		var all sync.WaitGroup
		for range shops {
			all.Go(func() {
				name := somebody()
				_, wait := g.terms(name, 0, 2000)
				for left := int64(2000); left > 0; {
					time.Sleep(wait)
					leave, err := g.enter(t.Context(), false)
					require.NoError(t, err)
					time.Sleep(batch * each)
					leave(batch)
					left -= batch
					_, wait = g.terms(name, batch, left)
				}
			})
		}
		all.Wait()
		work := shops * 2000 * each
		require.Less(t, time.Since(began), work*3/2)
		require.Empty(t, g.turns)
	})
}

// A store that has nothing left, or what a live batch holds, waits for no turn: its
// next sale would.
func TestWhoIsDoneDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		for range 1000 {
			g.terms(somebody(), 0, mostTurn)
		}
		for _, left := range []int64{0, LiveEvents} {
			credit, wait := g.terms("S1", 300, left)
			require.Zero(t, wait)
			require.Equal(t, wire.MostCredit, credit)
		}
		_, wait := g.terms("S1", 300, LiveEvents+1)
		require.NotZero(t, wait)
		next := g.next
		_, wait = g.terms("S1", 300, 0)
		require.Zero(t, wait, "although it has a turn")
		require.True(t, g.next.Before(next), "which it gives back")
	})
}

// A batch that waited for something else, a row that is locked, does not make
// everybody's turns as long.
func TestAHiccupIsNoMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		leave, err := g.enter(t.Context(), false)
		require.NoError(t, err)
		time.Sleep(3 * time.Second)
		leave(51)
		require.Less(t, g.each, 2*firstGuess)
	})
}

// A small batch's time says how long an event takes, and not that a large one
// takes no longer.
func TestTheGateLearnsByEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		for range 100 {
			for _, events := range []int{50, 500} {
				leave, err := g.enter(t.Context(), false)
				require.NoError(t, err)
				time.Sleep(time.Duration(events) * time.Millisecond)
				leave(events)
			}
		}
		require.InDelta(t, time.Millisecond, g.each, float64(10*time.Microsecond))
	})
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// When all turns of the longest wait are taken, those that ask further wait for
// some of that time and take none.
func TestTurnsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		least, most := longest, time.Duration(0)
		for range 10_000 {
			credit, wait := g.terms(somebody(), mostTurn, mostTurn)
			if time.Until(g.next) == longest && wait < longest-10*time.Millisecond { // not the last one of all turns
				require.Equal(t, 1, credit)
				least, most = min(least, wait), max(most, wait)
			}
			require.LessOrEqual(t, time.Until(g.next), longest)
		}
		require.GreaterOrEqual(t, least, longest/2)
		require.Less(t, least, longest*6/10, "not all at the same time")
		require.Greater(t, most, longest*9/10)
		g.each = time.Hour / mostTurn
		time.Sleep(time.Second)
		g.terms(somebody(), mostTurn, mostTurn)
		require.LessOrEqual(t, time.Until(g.next), longest, "however long one takes")
	})
}

// When all turns are taken, time makes room for a new one as often as one is over,
// and not for everybody who asks meanwhile at the end of the last.
func TestNoMoreTurnsThanFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2) // 10 ms a turn
		for range 4000 {
			g.terms(somebody(), mostTurn, mostTurn)
		}
		full := len(g.turns)
		require.InDelta(t, longest/(10*time.Millisecond), full, 1)
		for range 1000 {
			time.Sleep(time.Millisecond)
			g.terms(somebody(), mostTurn, mostTurn)
		}
		require.LessOrEqual(t, len(g.turns)-full, 101)
	})
}

// Ten minutes of two thousand stores that HQ is too slow for. It has caught up:
// one that drains alone then is not held up for long by what was promised.
func TestAStormIsOverWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		g.each = 100 * time.Millisecond / mostTurn
		for range 20 {
			for range 2000 {
				g.terms(somebody(), mostTurn, mostTurn)
			}
			time.Sleep(longest)
		}
		g.each = 5 * time.Millisecond / mostTurn
		began, wait := time.Now(), time.Second
		for wait > 0 {
			_, wait = g.terms("S1", mostTurn, mostTurn)
			time.Sleep(wait)
		}
		require.LessOrEqual(t, time.Since(began), longest+slack)
	})
}

// A store that asks again and again, by hellos or batches, has one turn.
func TestAStoreHasOneTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		for range 2000 {
			g.terms("S1", mostTurn, mostTurn)
		}
		credit, wait := g.terms("S1", mostTurn, mostTurn)
		require.Equal(t, 1, credit)
		require.Equal(t, slack, wait)
		_, wait = g.terms("S2", mostTurn, mostTurn)
		require.Equal(t, slack+10*time.Millisecond, wait)
		time.Sleep(100 * time.Millisecond)
		_, wait = g.terms("S1", mostTurn, mostTurn)
		require.Equal(t, slack-100*time.Millisecond, wait, "the same turn")
		time.Sleep(wait)
		_, wait = g.terms("S1", mostTurn, mostTurn)
		require.Zero(t, wait)
		require.Len(t, g.turns, 2)
		_, _ = g.terms("S1", mostTurn, 0)
		require.Len(t, g.turns, 1, "S2's")
	})
}

// What failed says nothing about how long a batch takes.
func TestAFailureIsNoMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		for _, written := range []int{0, mostTurn} {
			leave, err := g.enter(t.Context(), false)
			require.NoError(t, err)
			time.Sleep(10 * time.Second)
			leave(written)
			require.Equal(t, written > 0, g.each > firstGuess)
			require.Zero(t, g.busy)
		}
	})
}

// A store that drains alone is never asked to wait: its turns come no faster
// than its acknowledgments. As many as fit are not, either.
func TestWhoDrainsAloneDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		var stores sync.WaitGroup
		for range 4 {
			stores.Go(func() {
				for range 500 {
					leave, err := g.enter(t.Context(), false)
					require.NoError(t, err)
					time.Sleep(30 * time.Millisecond)
					leave(mostTurn)
					credit, wait := g.terms(somebody(), mostTurn, mostTurn)
					require.Zero(t, wait)
					require.Equal(t, wire.MostCredit, credit)
				}
			})
		}
		stores.Wait()
		require.InDelta(t, 30*time.Millisecond, mostTurn*g.each, float64(time.Millisecond))
	})
}

func TestALongLineIsGivenLittleCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		_, goOn := queue(t.Context(), g, 4)
		credit, _ := g.terms(somebody(), mostTurn, mostTurn)
		require.Equal(t, wire.MostCredit, credit)
		_, goOn2 := queue(t.Context(), g, 1)
		credit, wait := g.terms(somebody(), mostTurn, mostTurn)
		require.Equal(t, wire.FirstCredit, credit)
		require.Zero(t, wait)
		close(goOn)
		close(goOn2)
		synctest.Wait()
	})
}

func TestTheGateUnderRace(t *testing.T) {
	t.Parallel()
	g := newGate(3)
	var inside, most atomic.Int64
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(i)))
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if random.IntN(3) == 0 {
					go cancel()
				}
				live := random.IntN(4) == 0
				if leave, err := g.enter(ctx, live); err == nil {
					if !live {
						n := inside.Add(1)
						for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
						}
						inside.Add(-1)
					}
					leave(mostTurn)
				}
				cancel()
				g.terms(somebody(), mostTurn, mostTurn)
			}
		})
	}
	all.Wait()
	require.Zero(t, g.busy)
	require.Empty(t, g.line)
	require.LessOrEqual(t, most.Load(), int64(3))
}
