package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Summary is an unfinished basket in a list; amounts are in minor units.
type Summary struct {
	ID         uuid.UUID    `json:"id"`
	TerminalID string       `json:"terminal_id"` // that holds it
	CashierID  string       `json:"cashier_id"`
	OpenedBy   string       `json:"opened_by"`
	Status     sale.Status  `json:"status"` // DRAFT or SUSPENDED
	CreatedAt  time.Time    `json:"created_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
	Lines      int32        `json:"lines"` // not removed
	Total      money.Amount `json:"total"`
	Paid       money.Amount `json:"paid"` // Σ CAPTURED
}

// Unfinished says which baskets are wanted.
type Unfinished struct {
	Statuses   []sale.Status
	TerminalID string    // empty: of every terminal
	After      uuid.UUID // above this id
}

// Unfinished are the baskets that are neither paid nor voided, by id.
func (d *Desk) Unfinished(ctx context.Context, which Unfinished, most int32) ([]Summary, error) {
	statuses := make([]string, len(which.Statuses))
	for i, s := range which.Statuses {
		statuses[i] = string(s)
	}
	rows, err := edgedb.New().ListOpen(ctx, d.DB, statuses, which.After, which.TerminalID, most)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	list := make([]Summary, len(rows))
	for i, r := range rows {
		list[i] = Summary{ID: r.ID, TerminalID: r.TerminalID, CashierID: r.CashierID, OpenedBy: r.OpenedBy, Status: sale.Status(r.Status),
			CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Lines: r.Lines, Total: money.Amount(r.Total), Paid: money.Amount(r.Paid)}
	}
	return list, nil
}
