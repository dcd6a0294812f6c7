package projection

import (
	"context"

	"tiem/internal/hq/hqdb"
)

// Record writes what became of events that hq_inbox holds already: their state,
// and hq_quarantine with it.
func Record(ctx context.Context, db hqdb.DBTX, storeID string, verdicts []Verdict) error {
	ids, states := make([]int64, len(verdicts)), make([]string, len(verdicts))
	var applied []int64
	for i, v := range verdicts {
		ids[i], states[i] = v.Entry.Event.ID, v.State
		if v.State == Applied {
			applied = append(applied, ids[i])
		}
	}
	if err := queries.SetInboxStates(ctx, db, storeID, ids, states); err != nil {
		return err
	}
	if len(applied) > 0 {
		if err := queries.LetGo(ctx, db, storeID, applied); err != nil {
			return err
		}
	}
	return SetAside(ctx, db, storeID, verdicts)
}
