package projection

import (
	"context"

	"tiem/internal/hq/hqdb"
)

// SetAside records in hq_quarantine those verdicts that are not Applied. A row
// that is there already counts one more attempt.
func SetAside(ctx context.Context, db hqdb.DBTX, storeID string, verdicts []Verdict) error {
	rows := hqdb.SetAsideParams{StoreID: storeID}
	for _, v := range verdicts {
		if v.State == Applied {
			continue
		}
		e := v.Entry.Event
		rows.Ids = append(rows.Ids, e.ID)
		rows.EventIds = append(rows.EventIds, e.EventID)
		rows.AggregateIds = append(rows.AggregateIds, e.AggregateID)
		rows.Types = append(rows.Types, e.Type)
		rows.States = append(rows.States, v.State)
		rows.Codes = append(rows.Codes, v.Code)
		rows.Messages = append(rows.Messages, v.Message)
	}
	if len(rows.Ids) == 0 {
		return nil
	}
	return queries.SetAside(ctx, db, rows)
}
