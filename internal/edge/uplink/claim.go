package uplink

import (
	"context"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// claim reads the next batch behind the cursor; nil if there is nothing to send.
// Its transaction is over before the network is used.
func (r *Relay) claim(ctx context.Context, at *cursor) (*wire.Batch, error) {
	limit := r.cfg.Batch
	if at.backlog && at.attempts == 0 && !r.cfg.Traffic.Busy() { // while failing, a small probe is enough
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

func event(r edgedb.ClaimEventsRow) wire.Event {
	e := wire.Event{StoreID: r.StoreID, Epoch: r.Epoch, ID: r.ID, EventID: r.EventID, AggregateID: r.AggregateID, Type: r.Type, Version: r.Version,
		OccurredAt: r.OccurredAt, TerminalID: r.TerminalID, CashierID: r.CashierID, BusinessDate: r.BusinessDate.Format(wire.DateLayout),
		Payload: r.Payload, TraceParent: r.Traceparent}
	copy(e.Hash[:], r.Hash)
	return e
}
