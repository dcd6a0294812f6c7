package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
)

// Resume makes a basket the calling till's own, with all that was scanned and
// paid: a suspended one, or one of a till that died over it. Faults, all 409:
// transaction_not_suspended for one's own, transaction_resumed_elsewhere if
// another till was faster, and those of a paid or voided one.
func (d *Desk) Resume(ctx context.Context, by Caller, id uuid.UUID) (Reply, error) {
	return d.change(ctx, by, id, 200, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		from := s.t.TerminalID
		takenOver, err := s.t.Resume(by.TerminalID, s.acting, now)
		if err != nil {
			return nil, err
		}
		entry := audit.Entry{At: now, TerminalID: by.TerminalID, CashierID: s.acting, Action: audit.BasketResumed, Subject: s.t.ID.String(),
			Detail: map[string]any{"from_terminal": from, "opened_by": s.t.OpenedBy}}
		if takenOver {
			entry.Action = audit.BasketTakenOver
		}
		return nil, audit.Write(ctx, tx, entry)
	})
}
