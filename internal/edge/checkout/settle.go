package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/payment/fake"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Simulate settles a payment of the fake provider as a customer's phone would.
// Faults: payment_not_simulated (409) for a payment of anybody else.
func (d *Desk) Simulate(ctx context.Context, by Caller, id uuid.UUID, outcome sale.PaymentStatus) (PaymentReply, error) {
	known, err := d.Payment(ctx, id)
	if err != nil {
		return PaymentReply{}, err
	}
	if known.Provider != fake.Name {
		return PaymentReply{}, fault.New(fault.Conflict, "payment_not_simulated", "only payments of the provider fake can be simulated")
	}
	return d.settle(ctx, by, known, outcome)
}

// settle writes what a provider reports of a payment. A capture is an event at
// once, in the same transaction, whether or not the sale is finalized yet: the
// money is in. A capture for a payment that was given up is kept for a person.
func (d *Desk) settle(ctx context.Context, by Caller, known sale.Payment, reported sale.PaymentStatus) (PaymentReply, error) {
	return d.changePayment(ctx, by, known.TransactionID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) (int, *sale.Payment, []outbox.Draft, error) {
		p, changed, exception, err := s.t.Settle(known.ID, reported, now)
		if err != nil {
			return 0, nil, nil, err
		}
		if exception {
			return 200, p, nil, d.queueException(ctx, tx, s, p, reported, now)
		}
		if !changed {
			return 200, p, nil, nil
		}
		if err := queuePayment(ctx, tx, p, "", now); err != nil {
			return 0, nil, nil, err
		}
		if reported != sale.Captured {
			return 200, p, nil, nil
		}
		draft, err := d.paymentCaptured(s, p, now)
		return 200, p, []outbox.Draft{draft}, err
	})
}

func (d *Desk) queueException(ctx context.Context, tx *postgres.Tx, s *stored, p *sale.Payment, reported sale.PaymentStatus, now time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fault.Wrap(err, fault.Internal, "no_randomness", "no id could be made")
	}
	return edgedb.New().InsertPaymentException(ctx, tx.Queued(), edgedb.InsertPaymentExceptionParams{ID: id, PaymentID: p.ID,
		TransactionID: s.t.ID, StoreID: s.t.StoreID, TerminalID: s.t.TerminalID, CashierID: s.acting, Reported: string(reported),
		FoundStatus: string(p.Status), ReportedAt: now})
}

// SweepPayments settles the fake provider's payments that are older than
// captureAfter (0: never) as CAPTURED, and expires PENDING payments whose time
// is up. It returns how many it settled.
func (d *Desk) SweepPayments(ctx context.Context, captureAfter time.Duration) (int, error) {
	now := d.now()
	var paidIfBefore *time.Time
	if captureAfter > 0 {
		before := now.Add(-captureAfter)
		paidIfBefore = &before
	}
	due, err := edgedb.New().DuePayments(ctx, d.DB, fake.Name, paidIfBefore, &now)
	if err != nil {
		return 0, postgres.Fault(err)
	}
	settled := 0
	for _, p := range due {
		outcome := sale.Expired
		if p.Captured {
			outcome = sale.Captured
		}
		_, err := d.settle(ctx, Caller{}, sale.Payment{ID: p.ID, TransactionID: p.TransactionID}, outcome)
		if err != nil && fault.KindOf(err) != fault.Conflict { // a conflict: the till was faster
			return settled, err
		}
		settled++
	}
	return settled, nil
}
