package sim

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func asideFor(elsewhere bool) *serving {
	return begin(Visit{Pause: Pause{Kind: Suspends, Elsewhere: elsewhere}})
}

// What is for others is nobody's own, and the other way round; the oldest first.
func TestWhoTakesWhatFromTheRack(t *testing.T) {
	t.Parallel()
	r := newRack(2)
	away, later, own := asideFor(true), asideFor(true), asideFor(false)
	r.put(away, 0, 5)
	r.put(later, 0, 5)
	r.put(own, 0, 5)
	require.Nil(t, r.take(0, 5, false), "its own only after another shopper")
	require.Same(t, own, r.take(0, 6, false))
	r.put(own, 0, 6)
	require.Same(t, own, r.take(0, 6, true), "or when there are no others")
	require.Same(t, away, r.take(1, 0, false))
	require.Same(t, later, r.take(1, 0, false))
	require.Nil(t, r.take(1, 0, true))
}

// A till without shoppers waits for what others put aside, and goes home when
// nobody can any more.
func TestTheRackKnowsWhenToClose(t *testing.T) {
	t.Parallel()
	r := newRack(2)
	type got struct {
		s   *serving
		err error
	}
	first := make(chan got, 1)
	await := func(till int, into chan<- got) {
		s, err := r.await(t.Context(), till)
		into <- got{s, err}
	}
	idle := func() int { r.mu.Lock(); defer r.mu.Unlock(); return r.idle }
	go await(1, first)
	require.Eventually(t, func() bool { return idle() == 1 }, 20*time.Second, time.Millisecond)
	away := asideFor(true)
	r.put(away, 0, 1)
	require.Same(t, away, (<-first).s, "it was woken")

	go await(1, first)
	require.Eventually(t, func() bool { return idle() == 1 }, 20*time.Second, time.Millisecond)
	s, err := r.await(t.Context(), 0)
	require.NoError(t, err)
	require.Nil(t, s, "closing time")
	last := <-first
	require.NoError(t, last.err)
	require.Nil(t, last.s, "and for the other one, too")
}

func TestARackDoesNotKeepWhoIsCalledAway(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newRack(2).await(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
}
