package board

import (
	"context"
	"strconv"
	"sync"
	"time"

	"tiem/internal/edge/line"
)

const (
	kept        = 256                    // states that a watcher may have missed
	maxWatchers = 32                     // five tills, the screens of an office, and some to spare
	spacing     = 500 * time.Millisecond // between two states: at most two a second
	tick        = 5 * time.Second        // what another process has committed is seen by then
	readTimeout = 3 * time.Second
)

// Board posts states and lets watchers read them. Make it with New, run it with
// Run. It is safe for concurrent use.
type Board struct {
	read  func(context.Context) (State, error)
	turns <-chan struct{} // the line has changed
	poked chan struct{}   // of capacity 1: something else may have
	begun string          // names this run of the program in the ids

	looking  sync.Mutex // held while a state is read and posted
	mu       sync.Mutex
	ring     []posted // ascending by number, at most kept
	last     int64    // number of the newest state
	watchers map[*Watcher]struct{}
}

type posted struct {
	number int64
	state  State
}

// New returns an empty board for states that read returns, posted when l changes
// and when it is poked.
func New(read func(context.Context) (State, error), l *line.Line) *Board {
	return &Board{read: read, turns: l.Changes(), poked: make(chan struct{}, 1), begun: strconv.FormatInt(time.Now().UnixMilli(), 36),
		watchers: map[*Watcher]struct{}{}}
}

// Poke says that something may have changed. It never blocks.
func (b *Board) Poke() {
	select {
	case b.poked <- struct{}{}:
	default: // one is waiting already
	}
}

// Run posts states until ctx is done.
func (b *Board) Run(ctx context.Context) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	turned := false // the line has, and that is not posted yet
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.turns:
			turned = true // it is kept for those who come back
		case <-b.poked:
		case <-ticks.C:
		}
		if turned || b.watched() {
			err := b.look(ctx)
			if err != nil { // the database is away, which others say: try again
				b.Poke()
			}
			turned = turned && err != nil
		}
		pause(ctx, spacing)
	}
}

func (b *Board) watched() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.watchers) > 0
}

// look reads the state and posts it if it is news. One look at a time: else the
// older of two could be posted last.
func (b *Board) look(ctx context.Context) error {
	b.looking.Lock()
	defer b.looking.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	state, err := b.read(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.ring); n > 0 && b.ring[n-1].state.news() == state.news() {
		return nil
	}
	b.last++
	if len(b.ring) == kept {
		b.ring = b.ring[1:]
	}
	b.ring = append(b.ring, posted{b.last, state})
	for w := range b.watchers {
		w.wake()
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
