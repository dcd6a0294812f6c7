package quarantine

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/postgres"
)

// Item is an event that is set aside, and why.
type Item struct {
	StoreID     string    `json:"store_id"`
	ID          int64     `json:"id"`
	EventID     uuid.UUID `json:"event_id"`
	AggregateID uuid.UUID `json:"aggregate_id"`
	Type        string    `json:"type"`
	State       string    `json:"state"` // QUARANTINED or WAITING
	Code        string    `json:"code"`
	Message     string    `json:"message"`
	Attempts    int32     `json:"attempts"`
	FirstSeen   time.Time `json:"first_seen"`
	LastTried   time.Time `json:"last_tried"`
}

// Page says which items to list.
type Page struct {
	Store      string // only this store's; all if empty
	AfterStore string // the item to go on behind: its store and id
	AfterID    int64
	Limit      int32
}

// List returns items ordered by store and id.
func (q *Quarantine) List(ctx context.Context, page Page) ([]Item, error) {
	rows, err := queries.ListQuarantine(ctx, q.db, page.AfterStore, page.AfterID, page.Store, page.Limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	items := make([]Item, len(rows))
	for i, row := range rows {
		items[i] = Item(row)
	}
	return items, nil
}
