package intake

import (
	"math/rand/v2"
	"time"

	"tiem/internal/wire"
)

const (
	slack   = 250 * time.Millisecond // a turn that is nearer is no wait
	longest = 30 * time.Second       // that a store is asked to wait at once; an edge waits no longer
)

// turn is when a store may send, and how many events were reckoned with.
type turn struct {
	at     time.Time
	events int64
}

// terms hand out the next free turn of a backlog: how long to wait for it, 0 if
// that is hardly at all, and how many batches may be on their way. sent are the
// events that the store has just had written (0: none), left those that it still
// has.
//
// A turn is as long as the events that the store is likely to send next, all that
// are left up to a full batch, take at the gate; what it then does not send (a
// shop whose tills are busy sends little at a time) is given back. (A turn for each
// batch of whatever size brought a thousand full batches at once, behind two
// thousand stores' first small ones: a gigabyte to hold them.)
//
// A store that was asked to wait keeps its turn until it comes, however often it
// asks. There are no turns that end further away than the longest wait: who asks
// when all are taken waits for some of that time, gets none, and asks again; what
// was promised when much had to be waited for is soon over when it need not be.
func (g *gate) terms(storeID string, sent, left int64) (credit int, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if left <= LiveEvents { // what comes next is a live batch
		g.giveBack(storeID, sent)
		return wire.MostCredit, 0
	}
	if wait = g.turns[storeID].at.Sub(now); wait > 0 {
		return 1, wait
	}
	g.giveBack(storeID, sent)
	if g.next.Before(now) {
		g.next = now
	}
	wait = g.next.Sub(now)
	mine := turn{at: now, events: min(left, mostTurn)}
	lasts := g.lasts(mine.events)
	if wait > 0 && wait+lasts > longest {
		return 1, longest/2 + rand.N(longest/2)
	}
	if wait >= slack {
		mine.at = g.next
	}
	g.turns[storeID] = mine
	g.next = g.next.Add(min(lasts, longest))
	switch {
	case wait >= slack:
		return 1, wait
	case len(g.line) > g.most:
		return wire.FirstCredit, 0
	}
	return wire.MostCredit, 0
}

// giveBack ends a store's turn, of which it has used as much as it has sent; of one
// that is to come, nothing.
func (g *gate) giveBack(storeID string, sent int64) {
	last, had := g.turns[storeID]
	if !had {
		return
	}
	delete(g.turns, storeID)
	if last.at.After(time.Now()) {
		sent = 0
	}
	g.next = g.next.Add(-g.lasts(max(0, last.events-sent)))
}

// lasts is how long a turn of so many events is: as long as the gate is busy with
// them, and a third more while there are live batches, whose steps need the cores
// and the disk in between.
func (g *gate) lasts(events int64) time.Duration {
	busy := g.each * time.Duration(events) / time.Duration(g.places())
	if g.livesNow() {
		busy += busy / 3
	}
	return busy
}

// Terms are what a store that drains a backlog may do next, over any transport:
// how many batches it may have unacknowledged, and how long it shall send none. In
// calm that is wire.MostCredit and 0. sent are the events of the batch that it is
// the answer to (0: a hello's), left those that it has behind it (Delivery.Left).
// Ask once for each of a backlog's acknowledgments, as every call hands out a turn,
// and never for a live batch's.
func (in *Intake) Terms(storeID string, sent, left int64) (credit int, retryAfter time.Duration) {
	return in.gate.terms(storeID, sent, left)
}

// Behind tells the delivery where the store's log ends, as far as the store has
// said: a batch that is far from it is part of a backlog, however small it is.
func (d *Delivery) Behind(head int64) { d.behind, d.said = head-d.batch.LastID(), true }

// Live tells whether the batch passes by those that drain a backlog.
func (d *Delivery) Live() bool { return d.Events() <= LiveEvents && d.behind <= LiveEvents }

// Events is how many events the batch has.
func (d *Delivery) Events() int64 { return int64(len(d.batch.Events)) }

// Left is how many events the store has behind the batch. As many again as in it,
// if it has not said, or before it wrote these.
func (d *Delivery) Left() int64 {
	if d.said && d.behind >= 0 {
		return d.behind
	}
	return d.Events()
}
