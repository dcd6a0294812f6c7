package intake

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Delivery is a batch on its way in, with all that is known of it before the
// database is asked.
type Delivery struct {
	batch      *wire.Batch
	brokenAt   int64                // the first id whose hash is wrong; 0 if none
	aggregates []uuid.UUID          // that the events are about, each once
	entries    []projection.Entry   // the batch's events, read
	ready      *pgx.Batch           // what is written if the batch begins where HQ's log ends; nil if it is to be refused
	verdicts   []projection.Verdict // what then becomes of the events
	careful    bool                 // PostgreSQL refused the projections: go by savepoints
	behind     int64                // events that the store has behind it; negative: it has written more since it said
	said       bool                 // it has said how many
	prepared   time.Duration        // that Prepare took
}

// Prepare does everything for a batch that needs no database: fields, the hash
// chain, reading of payloads, and the statements that are going to write it. A
// stream prepares the next batch while the last one is written. The error is a
// refusal (batch_invalid).
func Prepare(batch *wire.Batch) (*Delivery, error) {
	started := time.Now()
	if err := batch.Validate(); err != nil {
		return nil, err
	}
	d := &Delivery{batch: batch, brokenAt: batch.BrokenAt(), aggregates: aggregateIDs(batch)}
	if d.brokenAt == 0 { // else it is going to be refused
		d.entries = projection.ReadAll(batch.Events)
		if err := d.makeReady(); err != nil {
			return nil, err
		}
	}
	d.prepared = time.Since(started)
	return d, nil
}

// makeReady writes the statements down that nearly every batch needs: HQ has all
// that is before it, nothing of it, and nothing set aside that it goes on about.
func (d *Delivery) makeReady() error {
	ctx, b := context.Background(), d.batch // nothing is sent, so nothing can be called off
	d.ready = &pgx.Batch{}
	last := &b.Events[len(b.Events)-1]
	err := queries.AdvanceIfNext(ctx, postgres.IntoBatch(d.ready), hqdb.AdvanceIfNextParams{StoreID: b.StoreID, Epoch: b.Epoch,
		Upto: b.FirstID - 1, Hash: b.PrevHash[:], NewUpto: last.ID, NewHash: last.Hash[:], AggregateIds: d.aggregates})
	if err != nil {
		return err
	}
	writes := &pgx.Batch{}
	pipe := postgres.IntoBatch(writes)
	run := projection.NewRun(b.StoreID, d.entries, nil)
	if err := run.Queue(ctx, pipe); err != nil {
		return err
	}
	d.verdicts = run.Verdicts()
	if err := keep(ctx, pipe, b.StoreID, d.verdicts); err != nil {
		return err
	}
	sql, args := postgres.OneStatement(writes) // no table is written by two of them
	d.ready.Queue(sql, args...)
	return nil
}
