package intake

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/failpoint"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// codeNotNext is the SQLSTATE of intake_advance for a batch that is not simply
// the next one: see migration 00003.
const codeNotNext = "TM001"

// commit runs one of the delivery's two transactions: follow or look.
func (in *Intake) commit(ctx context.Context, write func(context.Context, *postgres.Tx) (wire.Ack, error)) (ack wire.Ack, err error) {
	err = in.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		if ack, err = write(ctx, tx); err != nil {
			return err
		}
		failpoint.Hit("intake.before_commit")
		return nil
	})
	if err != nil {
		return wire.Ack{}, err
	}
	failpoint.Hit("intake.after_commit")
	return ack, nil
}

// follow queues what was made ready: lock, check and writes travel with COMMIT
// in one round trip. If the batch is not the next one, the database says so
// (codeNotNext) and nothing has happened.
func (d *Delivery) follow(_ context.Context, tx *postgres.Tx) (wire.Ack, error) {
	for _, q := range d.ready.QueuedQueries {
		tx.Queue(q.SQL, q.Arguments...)
	}
	return d.acknowledge(&hqdb.Stream{LockStreamRow: hqdb.LockStreamRow{ReceivedUpto: d.batch.FirstID - 1, ChainHash: d.batch.PrevHash[:]}}, d.verdicts), nil
}

// look locks the stream, reads what HQ has of the batch, and decides.
func (d *Delivery) look(ctx context.Context, tx *postgres.Tx) (wire.Ack, error) {
	b := d.batch
	stream, err := hqdb.OpenStream(ctx, tx, b.StoreID, b.FirstID-1, b.LastID(), d.aggregates)
	if err != nil {
		return wire.Ack{}, err
	}
	if err := held(&stream).Judge(b, d.brokenAt); err != nil {
		return wire.Ack{}, err
	}
	verdicts, err := d.write(ctx, tx, &stream)
	if err != nil {
		return wire.Ack{}, err
	}
	return d.acknowledge(&stream, verdicts), nil
}

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
	if err := keep(ctx, pipe, b.StoreID, verdicts); err != nil {
		return nil, err
	}
	last := b.Events[len(b.Events)-1].Hash
	return verdicts, queries.AdvanceStream(ctx, pipe, b.LastID(), last[:], b.StoreID, s.ReceivedUpto)
}

// keep queues the events themselves, and what is set aside of them.
func keep(ctx context.Context, pipe postgres.Pipeline, storeID string, verdicts []projection.Verdict) error {
	if err := queries.InsertInbox(ctx, pipe, inboxRows(storeID, verdicts)); err != nil {
		return err
	}
	return projection.SetAside(ctx, pipe, storeID, verdicts)
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
