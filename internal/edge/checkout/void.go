package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Void gives a basket up and cancels its cash and PENDING payments. A basket
// that is VOIDED already stays so without an error.
func (d *Desk) Void(ctx context.Context, by Caller, id uuid.UUID) (Reply, error) {
	return d.change(ctx, by, id, 200, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		if s.t.Status == sale.Voided {
			return nil, nil
		}
		cancelled, err := s.t.Void()
		for _, p := range cancelled {
			if err := queuePayment(ctx, tx, p, now); err != nil {
				return nil, err
			}
		}
		return nil, err
	}))
}

// queuePayment writes a payment's new state together with COMMIT.
func queuePayment(ctx context.Context, tx *postgres.Tx, p *sale.Payment, now time.Time) error {
	return edgedb.New().UpdatePayment(ctx, tx.Queued(), edgedb.UpdatePaymentParams{ID: p.ID, Status: string(p.Status), Reference: p.Reference, QRPayload: p.QRPayload,
		ExpiresAt: p.ExpiresAt, UpdatedAt: now, CapturedAt: p.CapturedAt})
}
