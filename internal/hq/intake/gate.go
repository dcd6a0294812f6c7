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
	firstGuess = 40 * time.Microsecond // what an event of a backlog takes, before one has been seen
	leastTurn  = LiveEvents            // events; a batch of fewer takes hardly less
	mostTurn   = wire.MaxBatchEvents   // events
	hiccup     = 4                     // an event that took so many times as long as others was held up by something else
)

// gate decides who may write next. A live batch always may, at once. Batches of
// backlogs stand in line, first come first served, and only so many write at the
// same time, half as many while there are live ones: however many stores come
// back at once, a sale that was just paid does not wait for them.
//
// Whoever drains a backlog is also given turns (terms), so that the line in front
// of the gate stays short, and the stores keep what would else have to be held in
// memory here.
type gate struct {
	most int // of backlogs' batches at once

	mu    sync.Mutex
	lived time.Time       // when the last live batch came
	busy  int             // backlogs' batches that are being written
	line  []chan struct{} // those that wait, first come first
	each  time.Duration   // what an event of theirs took, smoothed

	next  time.Time       // the first turn that nobody has
	turns map[string]turn // of stores, the last one of each
}

func newGate(most int) *gate {
	return &gate{most: max(1, most), each: firstGuess, turns: map[string]turn{}}
}

// enter waits until a batch may be written. The caller calls leave once, when it
// has been, with its events, or has failed, with 0. The only error is that ctx ended.
func (g *gate) enter(ctx context.Context, live bool) (leave func(written int), err error) {
	g.mu.Lock()
	if live {
		g.lived = time.Now()
		g.mu.Unlock()
		return func(int) {}, nil
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

// leaver is what ends a stay behind the gate that begins now. How long a batch
// took that was not written says nothing about the next one.
func (g *gate) leaver() func(written int) {
	entered := time.Now()
	return func(written int) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if written > 0 {
			took := time.Since(entered) / time.Duration(max(written, leastTurn))
			g.each += (min(took, hiccup*g.each) - g.each) / 8
		}
		g.pass()
	}
}

// places is how many batches of backlogs may be written at once now.
func (g *gate) places() int {
	if g.livesNow() {
		return max(1, g.most/2)
	}
	return g.most
}

func (g *gate) livesNow() bool { return time.Since(g.lived) < liveFor }

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
