package uplink

import (
	"context"
	"time"

	"tiem/internal/failpoint"
	"tiem/internal/wire"
)

// grace is how long the relay waits for a commit that is to be told before one
// that was told already; then it reads the journal.
const grace = 2 * time.Millisecond

// run sends, and hears what HQ answers, until the conversation is over.
func (c *conversation) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := c.hear(ctx); err != nil {
			return err
		}
		now := time.Now()
		sent, err := c.push(ctx, now)
		if err != nil {
			return err
		}
		if c.leaving != nil && len(c.flight) == 0 && !c.asked {
			return c.leaving
		}
		timer.Reset(c.rests(sent, now))
		select {
		case answer, more := <-c.answers:
			if !more {
				return c.ended
			}
			if err := c.heed(ctx, answer); err != nil {
				return err
			}
		case <-c.marks.over:
			return c.marks.err // ctx is done if it is none
		case <-c.marks.done:
		case <-c.hint:
			c.stale = true
		case <-c.handoff.news:
		case <-c.turn:
			c.turned()
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// hear heeds the answers that are there, before HQ is called silent and between
// two batches: to read or to send may have taken long.
func (c *conversation) hear(ctx context.Context) error {
	for {
		select {
		case answer, more := <-c.answers:
			if !more {
				return c.ended
			}
			if err := c.heed(ctx, answer); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// breath is the shortest rest of a relay that had nothing to do: what is due and
// cannot be done now must cost no core.
const breath = time.Millisecond

// rests is how long to wait for news after the push at now.
func (c *conversation) rests(sent bool, now time.Time) time.Duration {
	if sent {
		return 0
	}
	if wait := time.Until(c.nextLook(now)); wait > 0 {
		return wait
	}
	return breath
}

// nextLook is when something is due by itself that the push at now did not do.
func (c *conversation) nextLook(now time.Time) time.Time {
	next := c.pollAt
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	c.untilSilent(sooner)
	if !c.gapAt.IsZero() && !c.held && !c.quiet() {
		sooner(c.gapAt)
	}
	if now.Before(c.notBefore) && !c.quiet() {
		sooner(c.notBefore)
	}
	if c.detour.second && c.detour.fallen && c.leaving == nil {
		sooner(c.detour.backAt)
	}
	return next
}

// quiet tells whether nothing may be said any more on this stream.
func (c *conversation) quiet() bool { return c.mute || c.leaving != nil }

// push does what is due: it gives up on a silent HQ, asks, or sends one batch.
func (c *conversation) push(ctx context.Context, now time.Time) (sent bool, err error) {
	if err := c.waitedEnough(now); err != nil {
		return false, err
	}
	if c.detour.due(now) && c.leaving == nil {
		c.leaving = errAnew
	}
	if !now.Before(c.pollAt) {
		c.stale, c.missed, c.pollAt = true, true, now.Add(c.cfg.Poll)
	}
	if c.quiet() {
		return false, nil
	}
	c.ask(ctx, now)
	if c.held = !c.may(now); c.held {
		return false, nil
	}
	batch, err := c.next(ctx)
	if err != nil {
		return false, err
	}
	if batch == nil {
		c.rest()
		return false, nil
	}
	c.send(ctx, batch)
	return true, nil
}

// may tells whether a batch may be sent now. While the last conversation's end
// is not made good one batch is enough, and while tills are busy one of a backlog
// at a time, with pauses.
func (c *conversation) may(now time.Time) bool {
	window := c.credit
	gives := c.backlog && c.cfg.Traffic.Busy()
	if c.at.attempts > 0 || gives {
		window = min(window, 1)
	}
	if len(c.flight) >= window || now.Before(c.notBefore) {
		return false
	}
	if !gives || !c.worked {
		return true
	}
	if !c.marks.idle() {
		return false
	}
	c.worked = false
	c.notBefore = now.Add(way(now.Sub(c.began)))
	return !now.Before(c.notBefore)
}

// next is the batch behind the last one that was sent, out of the handoff or the
// journal; nil if there is none.
func (c *conversation) next(ctx context.Context) (*wire.Batch, error) {
	c.began = time.Now()
	limit := c.limit()
	events, ahead := c.handoff.take(c.sent.id, limit, maxPayload)
	if len(events) == 0 && ahead && !c.stale && !c.patient() {
		return nil, nil
	}
	c.gapAt = time.Time{}
	if len(events) == 0 && c.stale {
		var err error
		if events, err = c.read(ctx, limit); err != nil {
			return nil, err
		}
	}
	if len(events) == 0 {
		c.backlog = false
		return nil, nil
	}
	if c.early(events, limit) {
		c.handoff.back(events)
		return nil, nil
	}
	last := &events[len(events)-1]
	if last.Epoch > c.epoch {
		return nil, errAnew // the store has a new epoch: HQ is to be told
	}
	c.head = max(c.head, c.handoff.newest(), last.ID)
	c.backlog = len(events) == limit || c.head-last.ID >= int64(c.cfg.Batch)
	return &wire.Batch{StoreID: last.StoreID, Epoch: c.epoch, FirstID: c.sent.id + 1, PrevHash: c.sent.hash, Events: events}, nil
}

// together is how many batches are on their way before a small one waits.
const together = 2

// early tells whether events had better wait for what is committed meanwhile, and
// travel with it. A lone sale goes at once, and one more behind it. From then on
// HQ is slower than the tills: more small batches would only queue up there, and
// each costs it as much as a full one (it is Nagle's rule, RFC 896).
func (c *conversation) early(events []wire.Event, limit int) bool {
	return len(c.flight) >= together && len(events) < min(limit, c.cfg.Batch) && size(events) < maxPayload/2
}

// limit is the most events of the next batch.
func (c *conversation) limit() int {
	limit := c.cfg.Batch
	if c.backlog && c.at.attempts == 0 && !c.cfg.Traffic.Busy() { // while failing, a small probe is enough
		limit = c.cfg.BatchBacklog
	}
	if c.at.limit > 0 {
		limit = min(limit, c.at.limit)
	}
	return min(limit, wire.MaxBatchEvents)
}

// patient waits a moment for a commit whose successor was told first, and tells
// when that was long enough.
func (c *conversation) patient() bool {
	now := time.Now()
	if c.gapAt.IsZero() {
		c.gapAt = now.Add(grace)
	}
	c.stale = !now.Before(c.gapAt)
	return c.stale
}

// read reads the journal, until it has nothing more.
func (c *conversation) read(ctx context.Context, limit int) ([]wire.Event, error) {
	events, err := c.journal.Read(ctx, c.sent.id, limit, maxPayload)
	if err != nil {
		return nil, own(err)
	}
	c.stale = len(events) > 0
	if c.stale || !c.missed {
		return events, nil
	}
	c.missed = false
	hello, err := c.journal.Head(ctx)
	if err != nil {
		return nil, own(err)
	}
	c.head = hello.Head
	return nil, c.hole(ctx, c.sent.id, hello.Head)
}

// send puts a batch on its way.
func (c *conversation) send(ctx context.Context, batch *wire.Batch) {
	failpoint.Hit("relay.before_send")
	c.attempts.Inc()
	now := time.Now()
	if !c.owed() {
		c.since = now
	}
	if len(c.flight) == 0 {
		c.moved = now
	}
	last := &batch.Events[len(batch.Events)-1]
	c.flight = append(c.flight, flight{c.sent, batch.FirstID, last.ID, batch.Events})
	c.sent = point{last.ID, last.Hash}
	c.give(ctx, func(ctx context.Context) error { return c.stream.Send(ctx, batch) })
}

// give hands something to the stream. One that does not take it for as long as
// an answer may last is dead, and is ended by the context: it must not be closed
// while something is being sent on it.
func (c *conversation) give(ctx context.Context, f func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	if err := f(ctx); err != nil {
		c.mute = true
	}
}

// rest notes that there is nothing to send.
func (c *conversation) rest() {
	if len(c.flight) > 0 || !c.marks.idle() {
		return
	}
	c.at.refusals = 0
	if c.answered {
		c.at.attempts = 0
	}
	if c.heard {
		c.heard = false
		c.reached(c.acked.id)
	}
	c.mended()
}
