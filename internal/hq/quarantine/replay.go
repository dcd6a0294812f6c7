package quarantine

import (
	"context"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
)

// Result is what became of the events of a replay.
type Result struct {
	Applied int    `json:"applied"`
	Refused []Item `json:"refused"` // still set aside, with the present reason
}

// Replay tries the quarantined event id of a store again, and those that wait
// behind it. One that only waits itself is a conflict (event_waiting) that names
// the event to replay.
func (q *Quarantine) Replay(ctx context.Context, storeID string, id int64) (Result, error) {
	var result Result
	err := q.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		result = Result{Refused: []Item{}}
		if _, err := queries.LockStream(ctx, tx, storeID); err != nil {
			return err
		}
		held, err := heldBy(ctx, tx, storeID, id)
		if err != nil {
			return err
		}
		result, err = replay(ctx, tx, storeID, held)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		return Result{}, notQuarantined(storeID, id)
	}
	return result, err
}

// ReplayAll tries every quarantined event of a store, each in its own
// transaction, in id order. An error ends it; what was applied by then stays.
func (q *Quarantine) ReplayAll(ctx context.Context, storeID string) (Result, error) {
	all := Result{Refused: []Item{}}
	first, err := queries.FirstQuarantined(ctx, q.db, storeID)
	if err != nil {
		return all, postgres.Fault(err)
	}
	for _, f := range first {
		result, err := q.Replay(ctx, storeID, f.ID)
		if fault.CodeOf(err) == "not_quarantined" {
			continue // somebody else was faster
		}
		if err != nil {
			return all, err
		}
		all.Applied += result.Applied
		all.Refused = append(all.Refused, result.Refused...)
	}
	return all, nil
}

// heldBy reads the quarantined event and those that wait behind it.
func heldBy(ctx context.Context, tx *postgres.Tx, storeID string, id int64) ([]projection.Stored, error) {
	row, err := queries.GetQuarantined(ctx, tx, storeID, id)
	if err != nil {
		return nil, err
	}
	rows, err := queries.ReadHeld(ctx, tx, storeID, row.AggregateID)
	if err != nil {
		return nil, err
	}
	if first := rows[0].ID; first != id {
		return nil, fault.New(fault.Conflict, "event_waiting", "event %d waits behind event %d", id, first).
			Advise("replay event %d; this one follows it", first).With("id", first)
	}
	held := make([]projection.Stored, len(rows))
	for i, r := range rows {
		held[i] = projection.Stored(hqdb.ReadInboxRow(r))
	}
	return held, nil
}

func replay(ctx context.Context, tx *postgres.Tx, storeID string, held []projection.Stored) (Result, error) {
	run := projection.NewRun(storeID, projection.ReadStored(storeID, held), map[uuid.UUID]int64{})
	if err := run.Apply(ctx, tx); err != nil {
		return Result{}, err
	}
	verdicts := run.Verdicts()
	result := Result{Refused: []Item{}}
	for _, v := range verdicts {
		e := v.Entry.Event
		if v.State == projection.Applied {
			result.Applied++
			continue
		}
		result.Refused = append(result.Refused, Item{
			StoreID: storeID, ID: e.ID, EventID: e.EventID, AggregateID: e.AggregateID, Type: e.Type,
			State: v.State, Code: v.Code, Message: v.Message,
		})
	}
	return result, projection.Record(ctx, tx.Queued(), storeID, verdicts)
}
