package intake

import (
	"context"
	"math/rand/v2"
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
	firstGuess = 40 * time.Microsecond  // what an event of a backlog takes, before one has been seen
	leastTurn  = LiveEvents             // events; a batch of fewer takes hardly less
	mostTurn   = 500                    // events; what a store edge sends at once (SYNC_BATCH_BACKLOG)
	slack      = 250 * time.Millisecond // a turn that is nearer is no wait
	longest    = 30 * time.Second       // that a store is asked to wait at once; an edge waits no longer
)

// gate decides who may write next. A live batch always may, at once. Batches of
// backlogs stand in line, first come first served, and only so many write at the
// same time, half as many while there are live ones: however many stores come
// back at once, a sale that was just paid does not wait for them.
//
// Whoever drains a backlog is also given turns (terms), so that the line in front
// of the gate stays short: each turn is as much later than the one before as that
// one's events take. (A turn for each batch of whatever size, as long as one takes
// on the average, brought a thousand large batches at once behind two thousand
// small ones, and a gigabyte to hold them.) Two thousand stores then send one after another, and not all at
// once what would have to be held in memory.
type gate struct {
	most int // of backlogs' batches at once

	mu    sync.Mutex
	lived time.Time       // when the last live batch came
	busy  int             // backlogs' batches that are being written
	line  []chan struct{} // those that wait, first come first
	each  time.Duration   // what an event of theirs took, smoothed

	next  time.Time            // the first turn that nobody has
	turns map[string]time.Time // of stores that were asked to wait
}

func newGate(most int) *gate {
	return &gate{most: max(1, most), each: firstGuess, turns: map[string]time.Time{}}
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
			g.each += (time.Since(entered)/time.Duration(max(written, leastTurn)) - g.each) / 8
		}
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

// terms hand out the next free turn of a backlog of so many events: how long to wait
// for it, 0 if that is hardly at all, and how many batches may be on their way. A
// store that was asked to wait keeps its turn until it comes, however often it
// asks. There are no turns further away than the longest wait: who asks when all
// are taken waits for some of that time, gets none, and asks again; what was
// promised when much had to be waited for is soon over when it need not be.
func (g *gate) terms(storeID string, events int64) (credit int, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if wait = g.turns[storeID].Sub(now); wait > 0 {
		return 1, wait
	}
	delete(g.turns, storeID)
	if g.next.Before(now) {
		g.next = now
	}
	wait = g.next.Sub(now)
	if wait >= longest {
		return 1, longest/2 + rand.N(longest/2)
	}
	lasts := g.each * time.Duration(min(max(events, leastTurn), mostTurn)) / time.Duration(g.places())
	g.next = g.next.Add(min(lasts, longest-wait))
	switch {
	case wait >= slack:
		g.turns[storeID] = now.Add(wait)
		return 1, wait
	case len(g.line) > g.most:
		return wire.FirstCredit, 0
	}
	return wire.MostCredit, 0
}

// Terms are what a store that drains a backlog of so many events may do next, over
// any transport: how many batches it may have unacknowledged, and how long it shall
// send none. In calm that is wire.MostCredit and 0. Ask once for each of a backlog's
// acknowledgments, as every call hands out a turn, and never for a live batch's.
func (in *Intake) Terms(storeID string, events int64) (credit int, retryAfter time.Duration) {
	return in.gate.terms(storeID, events)
}

// Behind tells the delivery where the store's log ends, as far as the store has
// said: a batch that is far from it is part of a backlog, however small it is.
func (d *Delivery) Behind(head int64) { d.behind = head - d.batch.LastID() }

// Backlog is how many events the store is known to have left behind the delivery;
// as many again as in it, if it has not said.
func (d *Delivery) Backlog() int64 {
	if d.behind > 0 {
		return d.behind
	}
	return int64(len(d.batch.Events))
}

// Live tells whether the batch passes by those that drain a backlog.
func (d *Delivery) Live() bool { return len(d.batch.Events) <= LiveEvents && d.behind <= LiveEvents }
