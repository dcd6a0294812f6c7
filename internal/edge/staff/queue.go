package staff

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tiem/internal/fault"
)

// What one terminal may ask of this process. The numbers keep a till that is used
// for guessing from the others: they take turns with one try of it, and it writes
// no more rows than its wrong tries allow.
const (
	queueAtTill = 5               // tries: one that has its turn, and those behind it
	wrongAtTill = 20              // wrong tries, whoever they are for, ...
	wrongEvery  = 5 * time.Second // ... and how long it takes until there may be another one
)

// queues are the terminals' queues for the place to hash. The zero value is
// ready. It keeps one for each terminal that a PIN was tried at; terminals are
// known by their tokens, so they are as few as their rows.
type queues struct {
	mu   sync.Mutex
	till map[string]*queue
}

// queue is one terminal's.
type queue struct {
	inside int           // guarded by queues.mu
	turn   chan struct{} // held by the one that has its turn
	wrong  *rate.Limiter // read and used by the one that has its turn
}

// enter waits for the terminal's turn; leave gives it back. Faults:
// too_many_attempts (429) if its queue is full, or its wrong tries are used up;
// pin_check_busy (503) to whoever gives up waiting.
func (all *queues) enter(ctx context.Context, terminalID string, now time.Time) (q *queue, leave func(), err error) {
	q = all.join(terminalID)
	if q == nil {
		return nil, nil, errTooMany(time.Second)
	}
	select {
	case q.turn <- struct{}{}:
	case <-ctx.Done():
		all.leave(q)
		return nil, nil, errBusy(ctx)
	}
	leave = func() { <-q.turn; all.leave(q) }
	q.wrong.AllowN(now, 0) // a clock that was set back: what is left counts from here
	if left := q.wrong.TokensAt(now); left < 1 {
		leave()
		return nil, nil, errTooMany(time.Duration((1 - left) * float64(wrongEvery)))
	}
	return q, leave, nil
}

// join is the terminal's queue, with one more in it; nil: it is full.
func (all *queues) join(terminalID string) *queue {
	all.mu.Lock()
	defer all.mu.Unlock()
	q := all.till[terminalID]
	if q == nil {
		if all.till == nil {
			all.till = map[string]*queue{}
		}
		q = &queue{turn: make(chan struct{}, 1), wrong: rate.NewLimiter(rate.Every(wrongEvery), wrongAtTill)}
		all.till[terminalID] = q
	}
	if q.inside == queueAtTill {
		return nil
	}
	q.inside++
	return q
}

func (all *queues) leave(q *queue) {
	all.mu.Lock()
	defer all.mu.Unlock()
	q.inside--
}

// spend takes one off the wrong tries that are left.
func (q *queue) spend(now time.Time) { q.wrong.AllowN(now, 1) }

func errTooMany(wait time.Duration) error {
	return fault.New(fault.Throttled, "too_many_attempts", "too many PINs were tried at this terminal").
		Advise("wait a little, then try again; other terminals are not held up").
		With("retry_after_seconds", max(1, int64(math.Ceil(wait.Seconds()))))
}
