package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/audit"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// CancelPayment takes a PENDING payment, or cash of an unpaid basket, back. Cash
// that another cashier took, in a basket that somebody else opened, takes the
// permission void_others, of the caller or of somebody who approves. A payment
// that is CANCELLED already stays so without an error. Faults: payment_not_found
// (404), permission_needed (403), payment_not_cancellable (409).
func (d *Desk) CancelPayment(ctx context.Context, by Caller, paymentID uuid.UUID) (PaymentReply, error) {
	known, err := d.Payment(ctx, paymentID)
	if err != nil {
		return PaymentReply{}, err
	}
	return d.changePayment(ctx, by, known.TransactionID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) (int, *sale.Payment, []outbox.Draft, error) {
		if err := s.t.HeldBy(by.TerminalID); err != nil {
			return 0, nil, nil, err
		}
		p, err := d.cancel(ctx, tx, by, s, paymentID, now)
		return 200, p, nil, err
	})
}

func (d *Desk) cancel(ctx context.Context, tx *postgres.Tx, by Caller, s *stored, paymentID uuid.UUID, now time.Time) (*sale.Payment, error) {
	p, err := s.t.Payment(paymentID)
	if err != nil {
		return nil, err
	}
	was := p.Status
	if p, err = s.t.CancelPayment(paymentID); err != nil || was == sale.Cancelled {
		return p, err
	}
	approvedBy, err := d.mayGiveBack(ctx, tx, by, s, p, was, now)
	if err != nil {
		return nil, err
	}
	if err := queuePayment(ctx, tx, p, s.acting, now); err != nil {
		return nil, err
	}
	return p, audit.Write(ctx, tx, audit.Entry{At: now, TerminalID: by.TerminalID, CashierID: s.acting, ApprovedBy: approvedBy, Action: audit.PaymentCancelled,
		Subject: s.t.ID.String(), Detail: map[string]any{"payment_id": p.ID.String(), "method": string(p.Method), "amount": p.Amount, "was": string(was),
			"taken_by": s.takenBy[p.ID], "opened_by": s.t.OpenedBy}})
}
