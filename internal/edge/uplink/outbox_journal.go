package uplink

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// The rows of sync_cursors that are the uplink's.
const (
	cursorAcked     = "uplink.acked"     // HQ's received_upto; it may fall
	cursorPublished = "uplink.published" // every event up to it was acknowledged once
)

// OutboxJournal is the outbox in the edge's PostgreSQL. None of its transactions
// is open while the network is used, and hardly one waits for the disk, which is
// the tills': a mark that a crash took back is made again at the next hello, from
// HQ's own watermark. Only what HQ set aside is waited for: HQ tells it once.
type OutboxJournal struct{ db *postgres.DB }

// NewJournal returns the journal in db, which stays the caller's.
func NewJournal(db *postgres.DB) *OutboxJournal { return &OutboxJournal{db: db} }

// Head implements Journal.
func (j *OutboxJournal) Head(ctx context.Context) (wire.Hello, error) {
	row, err := edgedb.New().GetHello(ctx, j.db)
	if err != nil {
		return wire.Hello{}, postgres.Fault(err)
	}
	hello := wire.Hello{StoreID: row.StoreID, Epoch: row.Epoch, Head: row.LastID, OldestRetained: row.FirstID, SchemaVersions: outbox.Versions()}
	copy(hello.HeadHash[:], row.LastHash)
	return hello, nil
}

// Read implements Journal. Rows that somebody has locked are passed over, and so
// is what is behind them: it is found the next time.
func (j *OutboxJournal) Read(ctx context.Context, after int64, limit, maxBytes int) ([]wire.Event, error) {
	var rows []edgedb.ClaimEventsRow
	err := j.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		rows, err = edgedb.Claim(ctx, tx, after, int32(limit))
		return err
	})
	if err != nil {
		return nil, postgres.Fault(err)
	}
	events, payload := make([]wire.Event, 0, len(rows)), 0
	for _, row := range rows {
		payload += len(row.Payload)
		if row.ID != after+1+int64(len(events)) || (payload > maxBytes && len(events) > 0) {
			break
		}
		events = append(events, event(row))
	}
	return events, nil
}

func event(r edgedb.ClaimEventsRow) wire.Event {
	e := wire.Event{StoreID: r.StoreID, Epoch: r.Epoch, ID: r.ID, EventID: r.EventID, AggregateID: r.AggregateID, Type: r.Type, Version: r.Version,
		OccurredAt: r.OccurredAt, TerminalID: r.TerminalID, CashierID: r.CashierID, BusinessDate: r.BusinessDate.Format(wire.DateLayout),
		Payload: r.Payload, TraceParent: r.Traceparent}
	copy(e.Hash[:], r.Hash)
	return e
}

// HashOf implements Journal.
func (j *OutboxJournal) HashOf(ctx context.Context, id int64) (hash wire.Hash, found bool, err error) {
	stored, err := edgedb.New().HashOf(ctx, j.db, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return hash, false, nil
	}
	copy(hash[:], stored)
	return hash, err == nil, postgres.Fault(err)
}

// Mark implements Journal.
func (j *OutboxJournal) Mark(ctx context.Context, upto int64, setAside []wire.EventError) error {
	return j.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q := edgedb.New()
		if len(setAside) == 0 { // what HQ set aside is told once
			if err := q.CommitLater(ctx, tx.Queued()); err != nil {
				return err
			}
		}
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

// Failed implements Journal.
func (j *OutboxJournal) Failed(ctx context.Context, first, last int64, reason string) error {
	return j.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		q := edgedb.New()
		if err := q.CommitLater(ctx, tx.Queued()); err != nil { // a count that is lost with the power does no harm
			return err
		}
		return q.MarkFailed(ctx, tx.Queued(), &reason, first, last)
	})
}
