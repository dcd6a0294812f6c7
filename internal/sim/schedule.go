package sim

import (
	"context"
	"sync"
	"time"
)

// schedule ties what happens to what the tills have sold: each of its moments
// comes after so many sales, and tills that are far ahead of the next one wait
// for it. It should hit them at work, not after it.
type schedule struct {
	ledger *Ledger
	points []int // sales, ascending
	slack  int   // how many sales the tills may be ahead

	mu      sync.Mutex
	next    int // moments that have come
	changed chan struct{}
}

func newSchedule(ledger *Ledger, slack int, points []int) *schedule {
	return &schedule{ledger: ledger, slack: slack, points: points, changed: make(chan struct{})}
}

// gate holds a till that is far ahead of the next moment.
func (s *schedule) gate(ctx context.Context, sold int) error {
	for {
		s.mu.Lock()
		next, changed := s.next, s.changed
		s.mu.Unlock()
		if next >= len(s.points) || sold < s.points[next]+s.slack {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// await waits until so many sales were acknowledged, and then for delay.
func (s *schedule) await(ctx context.Context, sales int, delay time.Duration) error {
	for {
		sold, changed := s.ledger.progress()
		if sold >= sales {
			return pause(ctx, delay)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// passed notes that the next moment has come, and returns the sales by then.
func (s *schedule) passed() (sold int) {
	sold, _ = s.ledger.progress()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	close(s.changed)
	s.changed = make(chan struct{})
	return sold
}
