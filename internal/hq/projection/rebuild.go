package projection

import (
	"context"
	"maps"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
)

const rebuildBatch = 500 // events that are in memory at once

// Rebuilt counts what a rebuild did.
type Rebuilt struct {
	Events   int64 `json:"events"`    // of the store's log
	SetAside int64 `json:"set_aside"` // of them, quarantined or waiting now
}

// Rebuild throws a store's projections away and makes them again from hq_inbox,
// in one transaction: readers see the old rows until they see the new ones. The
// store's intake waits meanwhile (its edge is told to try again). Events that
// were set aside are tried again, those that are refused now are set aside.
func Rebuild(ctx context.Context, db *postgres.DB, storeID string) (Rebuilt, error) {
	var done Rebuilt
	err := db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		done = Rebuilt{}
		if _, err := tx.Exec(ctx, "set local statement_timeout = 0"); err != nil { // years of a store take their time
			return err
		}
		if _, err := queries.LockStream(ctx, tx, storeID); err != nil {
			return err
		}
		if err := clearStore(ctx, tx, storeID); err != nil {
			return err
		}
		held := map[uuid.UUID]int64{}
		for after := int64(0); ; {
			verdicts, err := rebuildPart(ctx, tx, storeID, after, held)
			if err != nil || len(verdicts) == 0 {
				return err
			}
			for _, v := range verdicts {
				after = v.Entry.Event.ID
				done.Events++
				if v.State != Applied {
					done.SetAside++
				}
			}
		}
	})
	if fault.KindOf(err) == fault.NotFound {
		return Rebuilt{}, fault.New(fault.NotFound, "store_unknown", "HQ has no store %.16q", storeID)
	}
	return done, err
}

// rebuildPart applies the next events of the log and adds the aggregates that
// it holds up to held.
func rebuildPart(ctx context.Context, tx *postgres.Tx, storeID string, after int64, held map[uuid.UUID]int64) ([]Verdict, error) {
	rows, err := queries.ReadInbox(ctx, tx, storeID, after, rebuildBatch)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	stored := make([]Stored, len(rows))
	for i, row := range rows {
		stored[i] = Stored(row)
	}
	run := NewRun(storeID, ReadStored(storeID, stored), held)
	if err := run.Apply(ctx, tx); err != nil {
		return nil, err
	}
	verdicts := run.Verdicts()
	maps.Copy(held, run.held)
	return verdicts, Record(ctx, tx, storeID, verdicts)
}

func clearStore(ctx context.Context, tx *postgres.Tx, storeID string) error {
	tables := []func(context.Context, hqdb.DBTX, string) error{
		queries.ClearTransactions, queries.ClearLineItems, queries.ClearTaxLines, queries.ClearPayments, queries.ClearInventory,
		queries.ClearVoidedBaskets, queries.ClearOverrides,
	}
	for _, empty := range tables {
		if err := empty(ctx, tx, storeID); err != nil {
			return err
		}
	}
	return nil
}
