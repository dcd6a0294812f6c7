package audit

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
)

// Record is an entry as it is stored.
type Record struct {
	ID         int64          `json:"id"`
	At         time.Time      `json:"at"`
	TerminalID string         `json:"terminal_id,omitempty" doc:"absent: not at a till"`
	CashierID  string         `json:"cashier_id,omitempty" doc:"who acted; absent: nobody who was signed in, such as the command line on the shop's server"`
	ApprovedBy string         `json:"approved_by,omitempty" doc:"whose PIN stood for it"`
	Action     Action         `json:"action"`
	Subject    string         `json:"subject,omitempty" doc:"a transaction's, terminal's or person's id"`
	Reason     string         `json:"reason,omitempty"`
	Detail     jsontext.Value `json:"detail" doc:"an object"`
}

// List are at most limit entries behind the id after, in the order of their ids.
// An id is given out before its transaction commits, so ids may have gaps, and
// of two entries of the same moment the later id may be seen first.
func List(ctx context.Context, db *postgres.DB, after int64, limit int32) ([]Record, error) {
	rows, err := edgedb.New().ListAudit(ctx, db, after, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	list := make([]Record, len(rows))
	for i, r := range rows {
		list[i] = Record{ID: r.ID, At: r.At, TerminalID: r.TerminalID, CashierID: r.CashierID, ApprovedBy: r.ApprovedBy,
			Action: Action(r.Action), Subject: r.Subject, Reason: r.Reason, Detail: jsontext.Value(r.Detail)}
	}
	return list, nil
}
