package sim

import (
	"context"
	"sync"
	"time"
)

// lineBudget is what one direction of a slow line carries, shared by all of its
// connections: whoever sends books the line for as long as the bytes take, behind
// everybody who came before. Time is the budget: nothing is saved up while nobody
// sends, but what a timer overslept is caught up, or a fast line would never carry
// what it says.
type lineBudget struct {
	rate int // bytes a second

	mu   sync.Mutex
	free time.Time     // when everything that was booked has passed
	late time.Duration // how much the last sleeper overslept
}

// slowStep is the longest time for which one connection books the line at once:
// a small request does not wait behind all of a large one.
const slowStep = 20 * time.Millisecond

// portion is how many of n bytes are booked at once.
func (b *lineBudget) portion(n int) int {
	return min(n, max(1, b.rate/int(time.Second/slowStep)))
}

// book books the line for n bytes; they have passed at the time that it returns.
func (b *lineBudget) book(now time.Time, n int) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if from := now.Add(-b.late); b.free.Before(from) {
		b.free = from
	}
	b.late = 0
	b.free = b.free.Add(time.Duration(n) * time.Second / time.Duration(b.rate))
	return b.free
}

// overslept notes that somebody woke up later than the bytes had passed.
func (b *lineBudget) overslept(late time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.late = min(max(b.late, late), slowStep)
}

// pass waits until n bytes have passed; false: the state of the line was over
// before, and they have not.
func (b *lineBudget) pass(over <-chan struct{}, n int) bool {
	until := b.book(time.Now(), n)
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	select {
	case <-over:
		return false
	case <-ctx.Done():
		b.overslept(time.Since(until))
		return true
	}
}
