package intake

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// write queues everything of the delivery that is new, to travel with COMMIT,
// and says what became of each new event.
func (d *Delivery) write(ctx context.Context, tx *postgres.Tx, s *hqdb.Stream) ([]projection.Verdict, error) {
	b, pipe := d.batch, tx.Queued()
	if b.LastID() <= s.ReceivedUpto { // nothing is new, but the store was heard
		return nil, queries.TouchStream(ctx, pipe, b.StoreID)
	}
	fresh := s.ReceivedUpto + 1 - b.FirstID // index of the first new event
	run := projection.NewRun(b.StoreID, d.entries[fresh:], s.Held)
	if d.careful {
		if err := run.Apply(ctx, tx); err != nil {
			return nil, err
		}
	} else if err := run.Queue(ctx, pipe); err != nil {
		return nil, err
	}
	verdicts := run.Verdicts()
	if err := queries.InsertInbox(ctx, pipe, inboxRows(b.StoreID, verdicts)); err != nil {
		return nil, err
	}
	if err := projection.SetAside(ctx, pipe, b.StoreID, verdicts); err != nil {
		return nil, err
	}
	last := b.Events[len(b.Events)-1].Hash
	return verdicts, queries.AdvanceStream(ctx, pipe, b.LastID(), last[:], b.StoreID, s.ReceivedUpto)
}

func inboxRows(storeID string, verdicts []projection.Verdict) hqdb.InsertInboxParams {
	rows := hqdb.InsertInboxParams{StoreID: storeID}
	for i := range verdicts {
		e := verdicts[i].Entry.Event
		day, _ := time.Parse(wire.DateLayout, e.BusinessDate) // Batch.Validate has read it
		rows.Ids = append(rows.Ids, e.ID)
		rows.Epochs = append(rows.Epochs, e.Epoch)
		rows.EventIds = append(rows.EventIds, e.EventID)
		rows.AggregateIds = append(rows.AggregateIds, e.AggregateID)
		rows.Types = append(rows.Types, e.Type)
		rows.Versions = append(rows.Versions, e.Version)
		rows.OccurredAts = append(rows.OccurredAts, e.OccurredAt)
		rows.TerminalIds = append(rows.TerminalIds, e.TerminalID)
		rows.CashierIds = append(rows.CashierIds, e.CashierID)
		rows.BusinessDates = append(rows.BusinessDates, day)
		rows.Payloads = append(rows.Payloads, e.Payload)
		rows.Hashes = append(rows.Hashes, e.Hash[:])
		rows.Traceparents = append(rows.Traceparents, e.TraceParent)
		rows.States = append(rows.States, verdicts[i].State)
	}
	return rows
}

func eventIDs(b *wire.Batch) []uuid.UUID {
	ids := make([]uuid.UUID, len(b.Events))
	for i := range b.Events {
		ids[i] = b.Events[i].EventID
	}
	return ids
}

func aggregateIDs(b *wire.Batch) []uuid.UUID {
	seen := make(map[uuid.UUID]struct{}, len(b.Events))
	for i := range b.Events {
		seen[b.Events[i].AggregateID] = struct{}{}
	}
	return slices.Collect(maps.Keys(seen))
}
