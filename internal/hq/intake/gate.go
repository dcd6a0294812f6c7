package intake

import (
	"context"
	"slices"
	"sync"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// LiveEvents is the most events of a batch that counts as live: what a shop
// sells while its last batch is on its way.
const LiveEvents = 50

// backlogsAtOnce is the most batches of backlogs that are written at once, on
// whatever machine: a third of the pool's connections.
const backlogsAtOnce = 4

// liveFor is how long a live batch makes backlogs use half of their places. (On
// two cores, live batches' p99 beside two hundred draining stores was two to
// eight times as long with two places as with one, for the same events a second.)
const liveFor = time.Second

const (
	firstGuess = 20 * time.Millisecond  // what a backlog's batch takes, before one has been seen
	slack      = 250 * time.Millisecond // a turn that is nearer is no wait
	longest    = 30 * time.Second       // that a store is asked to wait at once; an edge waits no longer
)

// gate decides who may write next. A live batch always may, at once. Batches of
// backlogs stand in line, first come first served, and only so many write at the
// same time, half as many while there are live ones: however many stores come
// back at once, a sale that was just paid does not wait for them.
//
// Whoever drains a backlog is also given turns (terms), so that the line in front
// of the gate stays short: each turn is as much later than the one before as a
// batch takes. Two thousand stores then send one after another, and not all at
// once what would have to be held in memory.
type gate struct {
	most int // of backlogs' batches at once

	mu    sync.Mutex
	lived time.Time       // when the last live batch came
	busy  int             // backlogs' batches that are being written
	line  []chan struct{} // those that wait, first come first
	takes time.Duration   // what one took, smoothed
	next  time.Time       // the first turn that nobody has
}

func newGate(most int) *gate { return &gate{most: max(1, most), takes: firstGuess} }

// enter waits until a batch may be written. The caller calls leave when it has
// been, once. The only error is that ctx ended.
func (g *gate) enter(ctx context.Context, live bool) (leave func(), err error) {
	g.mu.Lock()
	if live {
		g.lived = time.Now()
		g.mu.Unlock()
		return func() {}, nil
	}
	if g.busy < g.places() {
		g.busy++
		g.mu.Unlock()
		return g.leaver(), nil
	}
	place := make(chan struct{})
	g.line = append(g.line, place)
	g.mu.Unlock()
	select {
	case <-place:
		return g.leaver(), nil
	case <-ctx.Done():
		g.giveUp(place)
		return nil, fault.Wrap(ctx.Err(), fault.Unavailable, "request_cancelled", "the store went away before its batch's turn")
	}
}

// leaver is what ends a stay behind the gate that begins now.
func (g *gate) leaver() func() {
	entered := time.Now()
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.takes += (time.Since(entered) - g.takes) / 8
		g.pass()
	}
}

// places is how many batches of backlogs may be written at once now.
func (g *gate) places() int {
	if time.Since(g.lived) < liveFor {
		return max(1, g.most/2)
	}
	return g.most
}

// pass gives a place back and calls as many of the line as there are places.
func (g *gate) pass() {
	g.busy--
	for g.busy < g.places() && len(g.line) > 0 {
		g.busy++
		close(g.line[0])
		g.line = g.line[1:]
	}
}

// giveUp takes place out of the line; if it was just called, it gives its place back.
func (g *gate) giveUp(place chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.line, place); i >= 0 {
		g.line = slices.Delete(g.line, i, i+1)
		return
	}
	g.pass()
}

// terms hand out the next free turn of a backlog's batch: how long to wait for
// it, 0 if that is hardly at all, and how many batches may be on their way.
func (g *gate) terms() (credit int, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if g.next.Before(now) {
		g.next = now
	}
	wait = g.next.Sub(now)
	g.next = g.next.Add(g.takes / time.Duration(g.places()))
	switch {
	case wait >= slack:
		return 1, min(wait, longest)
	case len(g.line) > g.most:
		return wire.FirstCredit, 0
	}
	return wire.MostCredit, 0
}

// Terms are what a store that drains a backlog may do next, over any transport:
// how many batches it may have unacknowledged, and how long it shall send none.
// In calm that is wire.MostCredit and 0. Ask once for each of a backlog's
// acknowledgments, as every call hands out a turn, and never for a live batch's.
func (in *Intake) Terms() (credit int, retryAfter time.Duration) { return in.gate.terms() }

// Behind tells the delivery where the store's log ends, as far as the store has
// said: a batch that is far from it is part of a backlog, however small it is.
func (d *Delivery) Behind(head int64) { d.behind = head-d.batch.LastID() > LiveEvents }

// Live tells whether the batch passes by those that drain a backlog.
func (d *Delivery) Live() bool { return len(d.batch.Events) <= LiveEvents && !d.behind }
