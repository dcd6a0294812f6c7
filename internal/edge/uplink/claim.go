package uplink

import (
	"bytes"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Alarms of our own, beside those that HQ's refusals raise.
const (
	codeHQAhead = "hq_ahead"    // HQ holds more than this store ever wrote
	codeHole    = "outbox_hole" // HQ needs an event that is gone here
)

// The rows of sync_cursors that are the uplink's.
const (
	cursorAcked     = "uplink.acked"     // HQ's received_upto; it may fall
	cursorPublished = "uplink.published" // every event up to it was acknowledged once
)

// claim reads the next batch behind the cursor; nil if there is nothing to send.
// Its transaction is over before the network is used.
func (r *Relay) claim(ctx context.Context, at *cursor) (*wire.Batch, error) {
	limit := r.cfg.Batch
	if at.backlog && at.attempts == 0 { // while failing, a small probe is enough
		limit = r.cfg.BatchBacklog
	}
	if at.limit > 0 {
		limit = min(limit, at.limit)
	}
	limit = min(limit, wire.MaxBatchEvents)
	var rows []edgedb.ClaimEventsRow
	var head edgedb.GetHeadRow
	err := r.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		rows, head, err = edgedb.Claim(ctx, tx, at.id, int32(limit))
		return err
	})
	if err != nil {
		return nil, err
	}
	batch := &wire.Batch{FirstID: at.id + 1, PrevHash: at.hash, Epoch: head.Epoch}
	payload := 0
	for _, row := range rows {
		payload += len(row.Payload)
		if row.ID != at.id+1+int64(len(batch.Events)) || (payload > maxPayload && len(batch.Events) > 0) {
			break
		}
		batch.StoreID = row.StoreID
		batch.Events = append(batch.Events, event(row))
	}
	at.backlog = len(rows) == limit
	if len(batch.Events) == 0 {
		return nil, r.hole(ctx, at.id+1, head.LastID)
	}
	return batch, nil
}

// hole refuses to wait for an event that will never come: HQ asks for id, the
// log goes on to head, and the row is gone. (A row that is there and was passed
// over is locked by somebody else for a moment.)
func (r *Relay) hole(ctx context.Context, id, head int64) error {
	if id > head {
		return nil
	}
	_, err := edgedb.New().HashOf(ctx, r.db, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.Conflict, codeHole, "HQ needs event %d, which this store does not have any more", id).
			Advise("run store-edge outbox verify; see docs/sync-protocol.md, «Recovery»")
	}
	return postgres.Fault(err)
}

func event(r edgedb.ClaimEventsRow) wire.Event {
	e := wire.Event{StoreID: r.StoreID, Epoch: r.Epoch, ID: r.ID, EventID: r.EventID, AggregateID: r.AggregateID, Type: r.Type, Version: r.Version,
		OccurredAt: r.OccurredAt, TerminalID: r.TerminalID, CashierID: r.CashierID, BusinessDate: r.BusinessDate.Format(wire.DateLayout),
		Payload: r.Payload, TraceParent: r.Traceparent}
	copy(e.Hash[:], r.Hash)
	return e
}

// ours makes sure that (id, hash) is a point of this store's log: HQ ahead of it
// means that this box was restored from an older backup, another hash that two
// boxes wrote under one name. Neither may ever be overwritten.
func (r *Relay) ours(ctx context.Context, id int64, hash wire.Hash) error {
	if id == 0 {
		return nil
	}
	stored, err := edgedb.New().HashOf(ctx, r.db, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		if head, err := edgedb.New().GetHead(ctx, r.db); err != nil || id <= head.LastID {
			return postgres.Fault(err) // retired long ago; HQ checks the chain behind it
		}
		return fault.New(fault.Conflict, codeHQAhead, "HQ holds event %d, which this store does not have", id).
			Advise("was this store restored from an older backup? see docs/sync-protocol.md, «Recovery»")
	case err != nil:
		return postgres.Fault(err)
	case !bytes.Equal(stored, hash[:]):
		return fault.New(fault.Conflict, wire.CodeFork, "HQ's hash of event %d is not ours", id).
			Advise("two boxes wrote as this store; see docs/sync-protocol.md, «Fork»")
	}
	return nil
}

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
