package board

import (
	"context"
	"strconv"
	"strings"

	"tiem/internal/fault"
)

// Note is a posted state and its id.
type Note struct {
	ID    string
	State State
}

// Watcher reads on from where it is. It is used by one goroutine; Close it.
type Watcher struct {
	board *Board
	more  chan struct{}
	seen  int64 // number of the state that it has
}

// Watch begins behind the note with the id after, or with the present state if
// that is not among those that are kept (or is ""). More than 32 watchers are
// refused: Unavailable, too_many_streams.
func (b *Board) Watch(ctx context.Context, after string) (*Watcher, error) {
	w, err := b.admit()
	if err != nil {
		return nil, err
	}
	if err := b.look(ctx); err != nil { // what is true now may never have been posted
		w.Close()
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w.seen = b.last - 1
	if number, ok := b.number(after); ok {
		w.seen = number
	}
	w.wake()
	return w, nil
}

func (b *Board) admit() (*Watcher, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.watchers) >= maxWatchers {
		return nil, fault.New(fault.Unavailable, "too_many_streams", "%d watch the status already", maxWatchers).
			Advise("close some, or ask GET /v1/status now and then")
	}
	w := &Watcher{board: b, more: make(chan struct{}, 1)}
	b.watchers[w] = struct{}{}
	return w, nil
}

// number is that of the note with the id; false: there was none. (Next finds out
// whether what follows it is still kept.) The caller has the lock.
func (b *Board) number(id string) (int64, bool) {
	text, ours := strings.CutPrefix(id, b.begun+"-")
	number, err := strconv.ParseInt(text, 10, 64)
	return number, ours && err == nil && number >= 0 && number <= b.last
}

func (w *Watcher) wake() {
	select {
	case w.more <- struct{}{}:
	default: // it has not come round to the last one yet
	}
}

// More has a token when there may be notes that Next has not given yet.
func (w *Watcher) More() <-chan struct{} { return w.more }

// Next returns the notes since the last call. One who was away for longer than
// the ring is gets the present one only.
func (w *Watcher) Next() []Note {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	ring := w.board.ring
	if len(ring) > 0 && w.seen < ring[0].number-1 {
		w.seen = w.board.last - 1
	}
	var notes []Note
	for _, p := range ring {
		if p.number > w.seen {
			notes = append(notes, Note{ID: w.board.begun + "-" + strconv.FormatInt(p.number, 10), State: p.state})
		}
	}
	w.seen = w.board.last
	return notes
}

// Close makes room for another watcher.
func (w *Watcher) Close() {
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	delete(w.board.watchers, w)
}
