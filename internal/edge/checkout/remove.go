package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/staff"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// RemoveLine strikes a line out. The last one of a basket that somebody else
// opened takes the permission void_others, of the caller or of somebody who
// approves: an empty basket is as good as a voided one. Faults: line_not_found
// (404), permission_needed (403), payments_exist (409).
func (d *Desk) RemoveLine(ctx context.Context, by Caller, id uuid.UUID, lineNo int32) (Reply, error) {
	return d.change(ctx, by, id, 200, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		line, err := s.t.RemoveLine(lineNo, now) // first: nobody is asked to approve what cannot be
		if err != nil {
			return nil, err
		}
		approvedBy, err := d.mayEmpty(ctx, tx, by, s, now)
		if err != nil {
			return nil, err
		}
		line.ChangedBy = s.acting
		if err := queueLine(ctx, tx, s.t.ID, line); err != nil {
			return nil, err
		}
		return nil, audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: by.TerminalID, CashierID: s.acting, ApprovedBy: approvedBy, Action: audit.LineRemoved,
			Subject: s.t.ID.String(), Detail: map[string]any{"line_no": line.LineNo, "sku": line.SKU, "amount": line.Amount, "opened_by": s.t.OpenedBy}})
	}))
}

// mayEmpty tells who answers for a line that was removed; nobody has to while
// there are others.
func (d *Desk) mayEmpty(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, now time.Time) (approvedBy string, err error) {
	if len(s.t.Live()) > 0 {
		return "", nil
	}
	return d.mayVoid(ctx, tx, by, s, now)
}

// mayVoid tells who answers for giving up a basket, or what makes it one; nobody
// has to for one's own.
func (d *Desk) mayVoid(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, now time.Time) (approvedBy string, err error) {
	if s.acting == s.t.OpenedBy {
		return "", nil
	}
	return d.permit(ctx, tx, by, s, staff.VoidOthers, now)
}

// mayGiveBack tells who answers for a payment that is cancelled; was is its state
// before. Cash that somebody else took goes out of their drawer, so in a basket
// of somebody else's it takes the permission void_others.
func (d *Desk) mayGiveBack(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, p *sale.Payment, was sale.PaymentStatus, now time.Time,
) (approvedBy string, err error) {
	if was != sale.Captured || s.takenBy[p.ID] == s.acting {
		return "", nil
	}
	return d.mayVoid(ctx, tx, by, s, now)
}
