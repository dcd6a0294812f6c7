package intake

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/failpoint"
	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

var queries = hqdb.New()

// Intake accepts batches. It is safe for concurrent use.
type Intake struct {
	db      *postgres.DB
	metrics metrics
}

// New returns an intake that writes to db and registers its metrics with registry.
func New(db *postgres.DB, registry prometheus.Registerer) *Intake {
	return &Intake{db: db, metrics: newMetrics(registry)}
}

// Accept stores and applies what is new in batch, and answers with HQ's
// watermark once that is committed. The caller has checked that the sender may
// speak for batch.StoreID. A refusal has one of wire's codes; any other fault
// means that nothing is known to be stored: send again later.
func (in *Intake) Accept(ctx context.Context, batch *wire.Batch) (wire.Ack, error) {
	d, err := Prepare(batch)
	if err != nil {
		return wire.Ack{}, err
	}
	return in.Commit(ctx, d)
}

// Prepare does everything for a batch that needs no database: fields, the hash
// chain, reading of payloads. A stream prepares the next batch while the last
// one is written. The error is a refusal (batch_invalid).
func Prepare(batch *wire.Batch) (*Delivery, error) {
	started := time.Now()
	if err := batch.Validate(); err != nil {
		return nil, err
	}
	d := &Delivery{batch: batch, brokenAt: batch.BrokenAt(), aggregates: aggregateIDs(batch)}
	if d.brokenAt == 0 { // else it is going to be refused
		d.entries = projection.ReadAll(batch.Events)
	}
	d.prepared = time.Since(started)
	return d, nil
}

// Commit is the rest of Accept. A Delivery is committed once.
func (in *Intake) Commit(ctx context.Context, d *Delivery) (wire.Ack, error) {
	started := time.Now()
	ack, err := in.accept(ctx, d)
	if err == nil {
		in.metrics.observe(ack, d.prepared+time.Since(started))
		traceCommitted(ctx, d.batch, started.Add(-d.prepared), time.Now())
	}
	return ack, err
}

func (in *Intake) accept(ctx context.Context, d *Delivery) (wire.Ack, error) {
	ack, err := in.commit(ctx, d)
	if projection.Refused(err) != nil { // or hq_inbox refused an event_id: then it does so again
		d.careful = true
		ack, err = in.commit(ctx, d)
	}
	if postgres.Constraint(err) == "hq_inbox_event_id_key" {
		return wire.Ack{}, in.reused(ctx, d.batch, err)
	}
	return ack, err
}

// Delivery is a batch on its way in, with all that is known of it before the
// database is asked.
type Delivery struct {
	batch      *wire.Batch
	brokenAt   int64              // the first id whose hash is wrong; 0 if none
	aggregates []uuid.UUID        // that the events are about, each once
	entries    []projection.Entry // the batch's events, read
	careful    bool               // PostgreSQL refused the projections: go by savepoints
	prepared   time.Duration      // that Prepare took
}

// commit runs the delivery's transaction.
func (in *Intake) commit(ctx context.Context, d *Delivery) (ack wire.Ack, err error) {
	err = in.db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		b := d.batch
		stream, err := hqdb.OpenStream(ctx, tx, b.StoreID, b.FirstID-1, b.LastID(), d.aggregates)
		if err != nil {
			return err
		}
		if err := held(&stream).Judge(b, d.brokenAt); err != nil {
			return err
		}
		verdicts, err := d.write(ctx, tx, &stream)
		if err != nil {
			return err
		}
		ack = d.acknowledge(&stream, verdicts)
		failpoint.Hit("intake.before_commit")
		return nil
	})
	if err != nil {
		return wire.Ack{}, err
	}
	failpoint.Hit("intake.after_commit")
	return ack, nil
}

// reused names the event of the batch whose event_id stands under another id.
func (in *Intake) reused(ctx context.Context, batch *wire.Batch, cause error) error {
	e := fault.Wrap(cause, fault.Conflict, wire.CodeEventIDReused, "an event_id of the batch stands under another id already").
		Advise("this is a bug or a copied database at the store: stop sending and look")
	ids := make(map[string]int64, len(batch.Events))
	for i := range batch.Events {
		event := &batch.Events[i]
		if first, ok := ids[event.EventID.String()]; ok {
			return e.With("event_id", event.EventID).With("at_id", event.ID).With("stands_at_id", first)
		}
		ids[event.EventID.String()] = event.ID
	}
	found, err := queries.FindEventIDs(ctx, in.db, batch.StoreID, eventIDs(batch))
	if err != nil {
		return postgres.Fault(err)
	}
	for _, f := range found {
		if at := ids[f.EventID.String()]; at != f.ID {
			return e.With("event_id", f.EventID).With("at_id", at).With("stands_at_id", f.ID)
		}
	}
	return e
}
