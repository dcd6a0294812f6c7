package wiretest

import (
	"context"
	"sync"
	"time"

	"tiem/internal/fault"
)

var (
	errLine   = fault.New(fault.Unavailable, "hq_unreachable", "the line broke")
	errClosed = fault.New(fault.Unavailable, "hq_unreachable", "the other side has closed")
)

// frame is a message on its way: bytes, or the status that ends a stream.
type frame struct {
	bytes   []byte
	refusal error     // over HTTP
	status  []byte    // over gRPC
	batch   bool      // it carries events
	at      time.Time // of its arrival
	held    bool      // until the line is mended
}

// half is one direction of a connection: frames arrive in their order, late.
type half struct {
	mu     sync.Mutex
	frames []frame
	end    error         // behind the frames; nil while it is open
	wake   chan struct{} // of capacity 1
}

func newHalf() *half { return &half{wake: make(chan struct{}, 1)} }

func (h *half) change(f func()) {
	h.mu.Lock()
	f()
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// push appends a frame, which never overtakes another one.
func (h *half) push(f frame) {
	h.change(func() {
		if h.end != nil {
			return
		}
		if n := len(h.frames); n > 0 && h.frames[n-1].at.After(f.at) {
			f.at = h.frames[n-1].at
		}
		h.frames = append(h.frames, f)
	})
}

// finish ends the direction behind what is on its way; with at, so much later.
// hard: what is on its way is lost.
func (h *half) finish(err error, hard bool) {
	h.change(func() {
		if hard {
			h.frames = nil
		}
		if h.end == nil {
			h.end = err
		}
	})
}

// release lets held frames go.
func (h *half) release(at time.Time) {
	h.change(func() {
		for i := range h.frames {
			if h.frames[i].held {
				h.frames[i].held, h.frames[i].at = false, at
			}
		}
	})
}

// arrived counts the batches that have arrived and were not taken.
func (h *half) arrived() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for i := range h.frames {
		f := &h.frames[i]
		if f.held || f.at.After(now) {
			break
		}
		if f.batch {
			n++
		}
	}
	return n
}

// next is the first frame, or how long it still takes; 0: until something changes.
func (h *half) next() (f frame, wait time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case len(h.frames) == 0:
		return frame{}, 0, h.end
	case h.frames[0].held:
		return frame{}, 0, nil
	}
	if wait := time.Until(h.frames[0].at); wait > 0 {
		return frame{}, wait, nil
	}
	f, h.frames = h.frames[0], h.frames[1:]
	return f, -1, nil
}

// take waits for the next frame.
func (h *half) take(ctx context.Context) (frame, error) {
	for {
		f, wait, err := h.next()
		switch {
		case err != nil:
			return frame{}, err
		case wait < 0:
			return f, nil
		}
		if err := h.await(ctx, wait); err != nil {
			return frame{}, err
		}
	}
}

func (h *half) await(ctx context.Context, wait time.Duration) error {
	var due <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-h.wake:
	case <-due:
	case <-ctx.Done():
		return fault.Wrap(context.Cause(ctx), fault.Timeout, "hq_unreachable", "no answer in time")
	}
	return nil
}
