package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Void gives a basket up, cancels its cash and PENDING payments, and tells HQ
// what was in it. A basket that somebody else opened takes the permission
// void_others, of the caller or of somebody who approves; having resumed it does
// not make it one's own. reason may be empty. A basket that is VOIDED already
// stays so without an error.
func (d *Desk) Void(ctx context.Context, by Caller, id uuid.UUID, reason string) (Reply, error) {
	if reason != "" {
		if err := sale.CheckReason(reason); err != nil {
			return Reply{}, err
		}
	}
	return d.change(ctx, by, id, 200, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		if s.t.Status == sale.Voided {
			return nil, nil
		}
		cancelled, err := s.t.Void() // first: nobody is asked to approve what cannot be
		if err != nil {
			return nil, err
		}
		approvedBy, err := d.mayVoid(ctx, tx, by, s, now)
		if err != nil {
			return nil, err
		}
		for _, p := range cancelled {
			if err := queuePayment(ctx, tx, p, s.acting, now); err != nil {
				return nil, err
			}
		}
		voided, err := d.basketVoided(s, cancelled, reason, approvedBy, now)
		if err != nil {
			return nil, err
		}
		return []outbox.Draft{voided}, audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: by.TerminalID, CashierID: s.acting, ApprovedBy: approvedBy,
			Action: audit.BasketVoided, Subject: s.t.ID.String(), Reason: reason, Detail: map[string]any{"opened_by": s.t.OpenedBy, "total": s.t.Total()}})
	}))
}

// queuePayment writes a payment's new state together with COMMIT. changedBy is
// who cancelled it; empty: its provider or the clock brought it there.
func queuePayment(ctx context.Context, tx *postgres.Tx, p *sale.Payment, changedBy string, now time.Time) error {
	return edgedb.New().UpdatePayment(ctx, tx.Queued(), edgedb.UpdatePaymentParams{ID: p.ID, Status: string(p.Status), Reference: p.Reference, QRPayload: p.QRPayload,
		ExpiresAt: p.ExpiresAt, UpdatedAt: now, CapturedAt: p.CapturedAt, ChangedBy: orNil(changedBy)})
}
