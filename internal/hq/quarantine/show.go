package quarantine

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// Detail is an item with what the event says.
type Detail struct {
	Item

	OccurredAt   time.Time `json:"occurred_at"`
	ReceivedAt   time.Time `json:"received_at"`
	BusinessDate string    `json:"business_date"`
	Payload      string    `json:"payload"` // the exact text that was hashed
}

// Show returns one item. An event that is not set aside is not found
// (not_quarantined).
func (q *Quarantine) Show(ctx context.Context, storeID string, id int64) (Detail, error) {
	row, err := queries.GetQuarantined(ctx, q.db, storeID, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Detail{}, notQuarantined(storeID, id)
	}
	if err != nil {
		return Detail{}, postgres.Fault(err)
	}
	return Detail{
		Item: Item{
			StoreID: row.StoreID, ID: row.ID, EventID: row.EventID, AggregateID: row.AggregateID, Type: row.Type,
			State: row.State, Code: row.Code, Message: row.Message, Attempts: row.Attempts,
			FirstSeen: row.FirstSeen, LastTried: row.LastTried,
		},
		OccurredAt: row.OccurredAt, ReceivedAt: row.ReceivedAt,
		BusinessDate: row.BusinessDate.Format(wire.DateLayout), Payload: row.Payload,
	}, nil
}

func notQuarantined(storeID string, id int64) error {
	return fault.New(fault.NotFound, "not_quarantined", "event %d of store %.16q is not in quarantine", id, storeID).
		Advise("hq-platform quarantine list shows what is")
}
