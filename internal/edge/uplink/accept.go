package uplink

import (
	"context"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// accept checks the acknowledgement against our own log, and marks.
func (r *Relay) accept(ctx context.Context, at *cursor, batch *wire.Batch, ack wire.Ack) error {
	if ack.ReceivedUpto < batch.LastID() {
		return fault.New(fault.Unavailable, "ack_short", "HQ acknowledged %d of a batch up to %d", ack.ReceivedUpto, batch.LastID())
	}
	hash := batch.Events[len(batch.Events)-1].Hash
	if ack.ReceivedUpto != batch.LastID() { // another relay sent more meanwhile
		if err := r.ours(ctx, ack.ReceivedUpto, ack.ChainHash); err != nil {
			return err
		}
		hash = ack.ChainHash
	}
	if ack.ChainHash != hash {
		return fault.New(fault.Conflict, wire.CodeFork, "HQ's hash of event %d is not ours", ack.ReceivedUpto)
	}
	if err := r.mark(ctx, ack.ReceivedUpto, ack.Errors); err != nil {
		return err
	}
	r.batches.WithLabelValues("ok").Inc()
	r.latency.acknowledged(ack.ReceivedUpto, time.Now())
	for _, e := range ack.Errors {
		r.log.Warn("relay: HQ set an event aside", "event_id", e.EventID, "id", e.ID, "code", e.Code, "error", e.Message)
	}
	r.log.Debug("relay: acknowledged", "first_id", batch.FirstID, "last_id", batch.LastID(), "received_upto", ack.ReceivedUpto,
		"accepted", ack.Accepted, "duplicates", ack.Duplicates, "set_aside", len(ack.Errors), "attempts", at.attempts+1)
	at.id, at.hash, at.attempts, at.mismatch, at.refusals = ack.ReceivedUpto, hash, 0, 0, 0
	r.grow(at)
	r.reached(at.id)
	r.mended()
	return nil
}

// grow lets the next batch be larger again, after a refusal for size or on a line
// that was too slow. It does not where twice as much would take longer than an
// exchange may: on a line of 64 kbit/s each second batch would be sent for nothing.
func (r *Relay) grow(at *cursor) {
	if 2*at.took > r.cfg.Timeout {
		return
	}
	if at.limit *= 2; at.limit >= r.cfg.BatchBacklog {
		at.limit = 0
	}
}
