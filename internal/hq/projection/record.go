package projection

import (
	"context"

	"tiem/internal/hq/hqdb"
)

// Record writes what became of events that hq_inbox holds already: their state,
// and hq_quarantine with it.
func Record(ctx context.Context, db hqdb.DBTX, storeID string, verdicts []Verdict) error {
	byState := map[string][]int64{}
	for _, v := range verdicts {
		byState[v.State] = append(byState[v.State], v.Entry.Event.ID)
	}
	for state, ids := range byState {
		if err := queries.SetInboxState(ctx, db, state, storeID, ids); err != nil {
			return err
		}
	}
	if applied := byState[Applied]; len(applied) > 0 {
		if err := queries.LetGo(ctx, db, storeID, applied); err != nil {
			return err
		}
	}
	return SetAside(ctx, db, storeID, verdicts)
}
