package projection

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// Apply writes the run's events now, each or none of it, and sets aside those
// that PostgreSQL refuses. An error is the database's own trouble and condemns
// no event; the transaction is then lost.
func (r *Run) Apply(ctx context.Context, tx *postgres.Tx) error {
	return r.applyPart(ctx, tx, r.entries)
}

// applyPart tries entries as a whole and halves them if that is refused: left
// before right, so that every event is decided after all before it.
func (r *Run) applyPart(ctx context.Context, tx *postgres.Tx, entries []Entry) error {
	part := r.applicable(entries)
	if len(part) == 0 {
		return nil
	}
	refusal, err := r.try(ctx, tx, part)
	if err != nil || refusal == nil {
		return err
	}
	if len(part) == 1 {
		r.setAside(part[0], refusal)
		return nil
	}
	half := len(entries) / 2
	if err := r.applyPart(ctx, tx, entries[:half]); err != nil {
		return err
	}
	return r.applyPart(ctx, tx, entries[half:])
}

// try writes part under a savepoint, in one round trip; a refusal leaves no trace of it.
func (r *Run) try(ctx context.Context, tx *postgres.Tx, part []*Entry) (*fault.Error, error) {
	batch := &pgx.Batch{}
	batch.Queue("savepoint part")
	if err := write(ctx, postgres.IntoBatch(batch), r.storeID, part); err != nil {
		return nil, err
	}
	batch.Queue("release savepoint part")
	err := tx.Send(ctx, batch)
	refusal := Refused(err)
	if refusal == nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, "rollback to savepoint part")
	return refusal, err
}
