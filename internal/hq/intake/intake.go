package intake

import (
	"context"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
	lines   lines // of each store's own callers
	gate    *gate // of backlogs' batches
	hall    *gate // of stores that open a stream
	metrics metrics
}

// New returns an intake that writes to db and registers its metrics with registry.
func New(db *postgres.DB, registry prometheus.Registerer) *Intake {
	most := min(runtime.GOMAXPROCS(0), backlogsAtOnce)
	return &Intake{db: db, gate: newGate(most), hall: newGate(most), metrics: newMetrics(registry)}
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

// Commit is the rest of Accept. A Delivery is committed once.
func (in *Intake) Commit(ctx context.Context, d *Delivery) (wire.Ack, error) {
	part, err := in.lines.enter(ctx, d.batch.StoreID)
	if err != nil {
		return wire.Ack{}, err
	}
	defer part()
	return in.pass(ctx, d)
}

// pass writes a delivery when it is its turn at the gate.
func (in *Intake) pass(ctx context.Context, d *Delivery) (ack wire.Ack, err error) {
	leave, err := in.gate.enter(ctx, d.Live())
	if err != nil {
		return wire.Ack{}, err
	}
	defer func() { leave(written(ack, err)) }()
	return in.observed(ctx, d)
}

// written is how many events the gate learns from: a batch that failed, or was
// there already, says nothing about how long an event takes.
func written(ack wire.Ack, err error) int {
	if err != nil {
		return 0
	}
	return ack.Accepted + len(ack.Errors)
}

// observed is accept with its metrics and traces.
func (in *Intake) observed(ctx context.Context, d *Delivery) (wire.Ack, error) {
	started := time.Now()
	ack, err := in.accept(ctx, d)
	if err == nil {
		in.metrics.observe(ack, d.prepared+time.Since(started))
		traceCommitted(ctx, d.batch, started.Add(-d.prepared), time.Now())
	}
	return ack, err
}

func (in *Intake) accept(ctx context.Context, d *Delivery) (wire.Ack, error) {
	write := d.follow
	if d.ready == nil {
		write = d.look
	}
	ack, err := in.commit(ctx, write)
	if postgres.SQLState(err) == codeNotNext {
		ack, err = in.commit(ctx, d.look)
	}
	if projection.Refused(err) != nil { // or hq_inbox refused an event_id: then it does so again
		d.careful = true
		ack, err = in.commit(ctx, d.look)
	}
	if postgres.Constraint(err) == "hq_inbox_event_id_key" {
		return wire.Ack{}, in.reused(ctx, d.batch, err)
	}
	return ack, err
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
