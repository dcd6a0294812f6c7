package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
)

// Suspend parks a basket, payments and all, until a till resumes it.
func (d *Desk) Suspend(ctx context.Context, by Caller, id uuid.UUID) (Reply, error) {
	return d.change(ctx, by, id, 200, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		if err := s.t.Suspend(); err != nil {
			return nil, err
		}
		return nil, audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: by.TerminalID, CashierID: s.acting, Action: audit.BasketSuspended,
			Subject: s.t.ID.String()})
	}))
}
