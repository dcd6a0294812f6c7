package uplink

import (
	"context"
	"errors"

	"tiem/internal/fault"
)

// unsent records a try for the batch with which a conversation would have gone
// on, that was not opened or was over before: whoever looks at the outbox is to
// see that the relay tries, and why in vain. head is the log's last event. What
// is behind that batch was not tried, and a long backlog is not written anew
// every few seconds.
func (r *Relay) unsent(ctx context.Context, head int64, cause error) {
	var mine ownError
	first := r.waits()
	if first > head || ctx.Err() != nil || errors.As(cause, &mine) {
		return
	}
	r.tried(ctx, first, min(head, first+int64(r.cfg.Batch)-1), cause)
}

// waits is the first event that HQ may not have.
func (r *Relay) waits() int64 { return max(r.published, r.Status().Acked) + 1 }

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
