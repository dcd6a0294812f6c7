package intake

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Received is an event as HQ holds it, without what it says.
type Received struct {
	ID         int64     `json:"id"`
	EventID    uuid.UUID `json:"event_id"`
	Type       string    `json:"type"`
	Hash       wire.Hash `json:"hash"`
	ReceivedAt time.Time `json:"received_at"`
	State      string    `json:"state" enum:"APPLIED,QUARANTINED,WAITING"`
}

// Events returns at most limit events of a store with an id above after, ascending.
func (in *Intake) Events(ctx context.Context, storeID string, after int64, limit int32) ([]Received, error) {
	rows, err := queries.ListInbox(ctx, in.db, storeID, after, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	events := make([]Received, len(rows))
	for i, r := range rows {
		events[i] = Received{r.ID, r.EventID, r.Type, wire.Hash(r.Hash), r.ReceivedAt, r.State}
	}
	return events, nil
}
