package uplink

import (
	"context"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// The rows of sync_cursors that are the uplink's.
const (
	cursorAcked     = "uplink.acked"     // HQ's received_upto; it may fall
	cursorPublished = "uplink.published" // every event up to it was acknowledged once
)

// mark records HQ's watermark: every event up to it is published, those that HQ
// set aside with the reason.
func (r *Relay) mark(ctx context.Context, upto int64, setAside []wire.EventError) error {
	return r.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q := edgedb.New()
		if err := q.MarkPublished(ctx, tx.Queued(), upto); err != nil {
			return err
		}
		for _, e := range setAside {
			reason := e.Code + ": " + e.Message
			if err := q.MarkEventError(ctx, tx.Queued(), &reason, e.ID); err != nil {
				return err
			}
		}
		if err := q.SetCursor(ctx, tx.Queued(), cursorAcked, upto); err != nil {
			return err
		}
		return q.RaiseCursor(ctx, tx.Queued(), cursorPublished, upto)
	})
}

// failed records an attempt that HQ did not acknowledge.
func (r *Relay) failed(ctx context.Context, batch *wire.Batch, attempts int, cause error) {
	r.batches.WithLabelValues("failed").Inc()
	r.log.Info("relay: batch not acknowledged", "first_id", batch.FirstID, "last_id", batch.LastID(), "event_id", batch.Events[0].EventID,
		"attempts", attempts, "error", cause)
	reason := "hq_unreachable"
	if f := fault.As(cause); f != nil {
		reason = f.Code + ": " + f.Message // tills see it: the cause stays in the log
	}
	err := edgedb.New().MarkFailed(ctx, r.db, &reason, batch.FirstID, batch.LastID())
	if err != nil && ctx.Err() == nil {
		r.log.Warn("relay: the failed attempt could not be recorded", "error", err)
	}
}
