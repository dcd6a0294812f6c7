package intake

import (
	"context"
	"sync"

	"tiem/internal/fault"
)

// lineLength is the most callers of one store that stand in line, the first among
// them: as many as one connection may have calls.
const lineLength = 16

// lines make each store's callers wait for one another here and not at the row of
// the store's stream, where each would hold a connection and a place of the gate:
// a store whose row somebody holds stands in nobody else's way. The zero lines
// is ready for use.
type lines struct {
	mu sync.Mutex
	of map[string]*line // of stores with somebody in line
}

type line struct {
	length int           // callers, the one whose turn it is among them
	turn   chan struct{} // holds one if it is nobody's turn
}

// enter waits until it is the caller's turn of its store; leave ends the turn. If
// the line is full, or ctx ends, it is unavailable (store_busy).
func (l *lines) enter(ctx context.Context, storeID string) (leave func(), err error) {
	mine := l.join(storeID)
	if mine == nil {
		return nil, busy(storeID, nil)
	}
	select {
	case <-mine.turn:
		return func() {
			mine.turn <- struct{}{}
			l.part(storeID, mine)
		}, nil
	case <-ctx.Done():
		l.part(storeID, mine)
		return nil, busy(storeID, context.Cause(ctx))
	}
}

// join is the store's line, one longer; nil if it is full.
func (l *lines) join(storeID string) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine := l.of[storeID]
	if mine == nil {
		if l.of == nil {
			l.of = map[string]*line{}
		}
		mine = &line{turn: make(chan struct{}, 1)}
		mine.turn <- struct{}{}
		l.of[storeID] = mine
	}
	if mine.length == lineLength {
		return nil
	}
	mine.length++
	return mine
}

func (l *lines) part(storeID string, mine *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mine.length--; mine.length == 0 {
		delete(l.of, storeID)
	}
}

func busy(storeID string, cause error) error {
	return fault.Wrap(cause, fault.Unavailable, "store_busy", "HQ is still at work for store %s", storeID).
		Advise("try again in a moment").With("retry_after_seconds", int64(1))
}
