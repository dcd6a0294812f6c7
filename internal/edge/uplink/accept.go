package uplink

import (
	"context"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// heed takes an answer of HQ's: its terms, and its watermark.
func (c *conversation) heed(ctx context.Context, answer *wire.Answer) error {
	now := time.Now()
	c.terms(answer, now)
	c.heard, c.answered, c.heardAt, c.since, c.away = true, true, now, now, time.Time{}
	c.detour.answered()
	if answer.FirstID == 0 {
		c.asked = false
		return c.told(ctx, point{answer.ReceivedUpto, answer.ChainHash})
	}
	return c.accept(ctx, answer)
}

// terms hears what may be sent from now on.
func (c *conversation) terms(answer *wire.Answer, now time.Time) {
	c.credit = min(answer.Credit, wire.MostCredit) // whatever HQ says: what is on its way is kept in memory
	if answer.RetryAfterMS > 0 {
		c.notBefore = now.Add(min(time.Duration(answer.RetryAfterMS)*time.Millisecond, c.cfg.RetryMax))
	}
	if answer.Drain {
		c.leaving = errDrained
	}
}

// told compares HQ's watermark, said without a batch, with what we know of it.
func (c *conversation) told(ctx context.Context, hq point) error {
	if hq == c.acked {
		return nil
	}
	if hq.id == c.acked.id && hq.id > 0 { // at 0, ours says it
		return forked(hq.id)
	}
	for _, f := range c.flight {
		if f.last != hq.id {
			continue
		}
		if f.events[len(f.events)-1].Hash != hq.hash {
			return forked(hq.id)
		}
		return nil // the question was faster than the batch's own answer, which is to say what HQ set aside
	}
	if err := c.ours(ctx, hq); err != nil {
		return err
	}
	return errAnew // HQ was restored from a backup, or another relay of this store has sent more: from there
}

// accept checks the acknowledgement of the oldest batch on its way against our
// own log, and has it marked.
func (c *conversation) accept(ctx context.Context, ack *wire.Answer) error {
	if len(c.flight) == 0 || ack.FirstID != c.flight[0].first {
		return fault.New(fault.Unavailable, "ack_unexpected", "HQ acknowledged a batch from %d, which is not the one that it was to answer", ack.FirstID)
	}
	f := c.flight[0]
	if ack.ReceivedUpto < f.last {
		return fault.New(fault.Unavailable, "ack_short", "HQ acknowledged %d of a batch up to %d", ack.ReceivedUpto, f.last)
	}
	hq := point{ack.ReceivedUpto, ack.ChainHash}
	if err := c.known(ctx, f, hq); err != nil {
		return err
	}
	c.flight, c.served = c.flight[1:], true
	if hq.id > c.acked.id {
		c.acked = hq
	}
	if hq.id > c.sent.id { // another relay sent more meanwhile
		c.sent = hq
	}
	now := time.Now()
	c.batches.WithLabelValues("ok").Inc()
	c.latency.acknowledged(hq.id, now)
	traceDelivered(ctx, f.events, now)
	for _, e := range ack.Errors {
		c.log.Warn("relay: HQ set an event aside", "event_id", e.EventID, "id", e.ID, "code", e.Code, "error", e.Message)
	}
	c.log.Debug("relay: acknowledged", "first_id", f.first, "last_id", f.last, "received_upto", hq.id,
		"accepted", ack.Accepted, "duplicates", ack.Duplicates, "set_aside", len(ack.Errors), "attempts", c.at.attempts+1)
	c.at.attempts, c.at.mismatch, c.at.refusals, c.worked = 0, 0, 0, c.backlog
	c.at.grow(now.Sub(c.moved), c.cfg)
	c.moved = now
	c.marks.want(c.answeredUpto(f, hq), ack.Errors)
	c.mended()
	return nil
}

// answeredUpto is how far the journal may be marked behind the answer to f: HQ's
// watermark, but nothing that is on its way, which another relay was faster with.
// Its own answer says what HQ set aside of it, and is the only one that does.
func (c *conversation) answeredUpto(f flight, hq point) point {
	if len(c.flight) > 0 && hq.id >= c.flight[0].first {
		return point{f.last, f.events[len(f.events)-1].Hash}
	}
	return hq
}

// known makes sure that HQ's watermark is a point of our log.
func (c *conversation) known(ctx context.Context, f flight, hq point) error {
	var hash wire.Hash
	switch hq.id {
	case f.last:
		hash = f.events[len(f.events)-1].Hash
	case c.acked.id:
		hash = c.acked.hash
	default: // another relay sent more meanwhile
		return c.ours(ctx, hq)
	}
	if hash != hq.hash {
		return forked(hq.id)
	}
	return nil
}

// grow lets the next batch be larger again, after a refusal for size or on a line
// that was too slow. It does not where twice as much would take longer than an
// answer may: on a line of 64 kbit/s each second batch would be sent for nothing.
func (at *pace) grow(took time.Duration, cfg Config) {
	if 2*took > cfg.Timeout {
		return
	}
	if at.limit *= 2; at.limit >= cfg.BatchBacklog {
		at.limit = 0
	}
}
