package uplink

import (
	"context"
	"errors"

	"tiem/internal/fault"
)

// unsent records a try for the event with which a conversation would have gone
// on, that was not opened or was over before: whoever looks at the outbox is to
// see that the relay tries, and why in vain. head is the log's last event. What
// is behind that event was not tried, and an outage that lasts does not write a
// backlog anew every few seconds.
func (r *Relay) unsent(ctx context.Context, head int64, cause error) {
	var mine ownError
	next := r.Status().Acked + 1 // by HQ's last word; the journal knows if HQ had that once
	if next > head || ctx.Err() != nil || errors.As(cause, &mine) {
		return
	}
	r.tried(ctx, next, next, cause)
}

// tried records a try for the events first to last, and why it failed.
func (r *Relay) tried(ctx context.Context, first, last int64, cause error) {
	reason := codeUnreachable
	if f := fault.As(cause); f != nil {
		reason = f.Code + ": " + f.Message // tills see it: the cause stays in the log
	}
	if err := r.journal.Failed(ctx, first, last, reason); err != nil && ctx.Err() == nil {
		r.log.Warn("relay: the failed attempt could not be recorded", "error", err)
	}
}
