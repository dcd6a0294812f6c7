package uplink

import (
	"sync"

	"tiem/internal/wire"
)

// What the handoff keeps at most: a few seconds of a busy shop. What is more is
// in the journal.
const (
	handoffEvents = 4000
	handoffBytes  = 8 << 20
)

// handoff is what was committed a moment ago, from the commits to the relay, so
// that it is sent without being read. It is a courtesy: when it is full it is
// emptied, and a gap before what came later sends the relay to the journal.
type handoff struct {
	news chan struct{} // of capacity 1: something was put

	mu     sync.Mutex
	runs   map[int64][]wire.Event // by the first id of each commit
	events int
	bytes  int
	head   int64 // the highest id that was ever put
}

func newHandoff() *handoff {
	return &handoff{news: make(chan struct{}, 1), runs: map[int64][]wire.Event{}}
}

// put hands a commit's events over. It never blocks.
func (h *handoff) put(events []wire.Event) {
	h.mu.Lock()
	if h.events >= handoffEvents || h.bytes >= handoffBytes {
		h.runs, h.events, h.bytes = map[int64][]wire.Event{}, 0, 0
	}
	h.runs[events[0].ID] = events
	h.events += len(events)
	h.bytes += size(events)
	h.head = max(h.head, events[len(events)-1].ID)
	h.mu.Unlock()
	select {
	case h.news <- struct{}{}:
	default: // one is waiting already
	}
}

// take returns the events behind after, up to limit and maxBytes of payload, but
// one at least; none if the next one was not handed over. ahead: later ones are
// here.
func (h *handoff) take(after int64, limit, maxBytes int) (events []wire.Event, ahead bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(after)
	payload, more := 0, true
	for more && len(events) < limit {
		next := after + 1 + int64(len(events))
		run, there := h.runs[next]
		if !there {
			break
		}
		n := 0
		for n < len(run) && len(events)+n < limit {
			if payload += len(run[n].Payload); payload > maxBytes && len(events)+n > 0 {
				break
			}
			n++
		}
		events = append(events, run[:n]...)
		h.drop(next)
		if more = n == len(run); !more {
			h.keep(run[n:])
		}
	}
	return events, len(h.runs) > 0
}

// back puts events that were taken, or read, back in front: they are to be taken
// again with what follows.
func (h *handoff) back(events []wire.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forget(events[len(events)-1].ID) // what was read may have been handed over meanwhile
	h.keep(events)
}

// newest is the highest id that was handed over.
func (h *handoff) newest() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}

// forget drops what is not needed any more, because it was read from the journal
// or HQ had it. The caller has the lock.
func (h *handoff) forget(after int64) {
	for first, run := range h.runs {
		if first > after {
			continue
		}
		h.drop(first)
		if over := after - first + 1; over < int64(len(run)) {
			h.keep(run[over:])
		}
	}
}

func (h *handoff) keep(run []wire.Event) {
	h.runs[run[0].ID] = run
	h.events += len(run)
	h.bytes += size(run)
}

func (h *handoff) drop(first int64) {
	run := h.runs[first]
	h.events -= len(run)
	h.bytes -= size(run)
	delete(h.runs, first)
}

func size(events []wire.Event) (bytes int) {
	for i := range events {
		bytes += len(events[i].Payload)
	}
	return bytes
}
