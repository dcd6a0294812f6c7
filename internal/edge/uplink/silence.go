package uplink

import (
	"context"
	"time"

	"tiem/internal/fault"
)

// stuck is for how many SYNC_TIMEOUTs HQ may say that it lives and not answer a batch.
const stuck = 10

// A relay that comes so late to a look that was due had been away itself: in a slow
// read, or because the whole machine stood still. It listens once more for a moment,
// since HQ's answer may lie in the connection.
const (
	lateness = 20 * time.Millisecond
	listens  = 100 * time.Millisecond
)

// owed tells whether HQ has something to answer.
func (c *conversation) owed() bool { return c.asked || len(c.flight) > 0 }

// untilSilent hands sooner the times at which HQ is to be given up on, or asked,
// if it says nothing until then.
func (c *conversation) untilSilent(sooner func(time.Time)) {
	if c.owed() {
		sooner(later(c.since.Add(c.cfg.Timeout), c.away))
	}
	if len(c.flight) > 0 {
		sooner(later(c.moved.Add(stuck*c.cfg.Timeout), c.away))
	}
	if !c.asked && !c.quiet() {
		sooner(c.resyncAt)
		if len(c.flight) == 0 {
			sooner(c.heardAt.Add(c.cfg.Silence))
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// waitedEnough gives up on an HQ that is silent, or is not but does not get done
// with a batch: another connection may lead to another node.
func (c *conversation) waitedEnough(now time.Time) error {
	silent, unfinished := now.Sub(c.since)-c.cfg.Timeout, now.Sub(c.moved)-stuck*c.cfg.Timeout
	isSilent, isStuck := c.owed() && silent >= 0, len(c.flight) > 0 && unfinished >= 0
	if (!isSilent && !isStuck) || now.Before(c.away) {
		return nil
	}
	late := unfinished
	if isSilent {
		late = silent
	}
	if c.away.IsZero() && late > lateness {
		c.away = now.Add(listens)
		return nil
	}
	if isSilent {
		return fault.New(fault.Unavailable, codeUnreachable, "HQ has not answered for %v", c.cfg.Timeout)
	}
	return fault.New(fault.Unavailable, codeUnreachable, "HQ is there, but has not acknowledged a batch for %v", stuck*c.cfg.Timeout)
}

// ask asks HQ for its watermark every now and then, and for a sign of life when
// it has been silent.
func (c *conversation) ask(ctx context.Context, now time.Time) {
	resync := !now.Before(c.resyncAt)
	silent := len(c.flight) == 0 && now.Sub(c.heardAt) >= c.cfg.Silence
	if c.asked || (!resync && !silent) {
		return
	}
	if !c.owed() {
		c.since = now
	}
	c.asked = true
	if resync {
		c.resyncAt = now.Add(c.cfg.Resync)
	}
	head := max(c.head, c.handoff.newest(), c.sent.id)
	c.give(ctx, func(ctx context.Context) error { return c.stream.Ask(ctx, head, resync) })
}
