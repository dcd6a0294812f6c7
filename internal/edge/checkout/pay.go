package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/payment"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// PaymentReply is the answer to a payment's change.
type PaymentReply = idempotency.Reply[sale.Payment]

// Pay takes a payment for what is due. CASH is captured at once. A QR is
// committed as PENDING first, then its provider is asked for the code, so a
// provider that hangs never holds a lock and never hides an intent.
func (d *Desk) Pay(ctx context.Context, by Caller, id uuid.UUID, tender sale.Tender) (PaymentReply, error) {
	provider, err := d.provider(&tender)
	if err != nil { // unless it was possible when the same request came first
		if reply, found, recallErr := idempotency.Recall[sale.Payment](ctx, d.DB, by.Once); found || recallErr != nil {
			return reply, recallErr
		}
		return PaymentReply{}, err
	}
	if tender.ID.IsNil() {
		if tender.ID, err = uuid.NewV7(); err != nil {
			return PaymentReply{}, fault.Wrap(err, fault.Internal, "no_randomness", "no payment id could be made")
		}
	}
	begun, err := d.begin(ctx, by, id, tender)
	if err != nil || provider == nil || begun.Body.Status != sale.Pending || begun.Body.QRPayload != "" {
		return begun, err
	}
	return d.charge(ctx, by, begun, provider)
}

// provider is who makes a QR for the tender; nil for CASH.
func (d *Desk) provider(tender *sale.Tender) (payment.Provider, error) {
	if tender.Method == sale.Cash {
		if tender.Provider != "" {
			return nil, fault.New(fault.Invalid, "provider_unexpected", "cash has no provider").At("provider")
		}
		return nil, nil
	}
	unavailable := fault.New(fault.Invalid, "method_unavailable", "%s payments are not available here", tender.Method).At("method").
		Advise("take cash, or try another method")
	if tender.Method != sale.QR {
		return nil, unavailable
	}
	if tender.Provider == "" && len(d.Providers) == 1 {
		for name := range d.Providers {
			tender.Provider = name
		}
	}
	p, ok := d.Providers[tender.Provider]
	if !ok {
		return nil, unavailable
	}
	return p, nil
}

// begin commits the payment: CAPTURED for cash, PENDING for a provider. The same
// id again is the same payment, with status 200.
func (d *Desk) begin(ctx context.Context, by Caller, id uuid.UUID, tender sale.Tender) (PaymentReply, error) {
	reply, err := d.changePayment(ctx, by, id, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) (int, *sale.Payment, []outbox.Draft, error) {
		if err := s.t.HeldBy(by.TerminalID); err != nil {
			return 0, nil, nil, err
		}
		if known, err := s.t.Payment(tender.ID); err == nil {
			return 200, known, nil, sameTender(known, tender)
		}
		p, err := s.t.Pay(tender, now)
		if err != nil {
			return 0, nil, nil, err
		}
		err = edgedb.New().InsertPayment(ctx, tx.Queued(), edgedb.InsertPaymentParams{ID: p.ID, TransactionID: s.t.ID, StoreID: d.StoreID, TerminalID: by.TerminalID,
			CashierID: s.acting, ShiftID: s.t.ShiftID, Method: string(p.Method), Provider: p.Provider, Status: string(p.Status),
			Amount: int64(p.Amount), Tendered: int64(p.Tendered), CreatedAt: p.CreatedAt, CapturedAt: p.CapturedAt})
		return 201, p, nil, err
	})
	if postgres.Constraint(err) == "payments_pkey" { // another transaction's
		return reply, errPaymentID
	}
	return reply, err
}

// chargeTimeout is how long a provider may take. It is less than a till's call
// may take (httpapi), so that there is time left to write the answer down.
const chargeTimeout = 5 * time.Second

// charge asks the provider for the code and writes it down, with the payment and
// with the stored answer. A definite refusal makes the payment FAILED and the
// stored answer is forgotten, because failures are not stored; anything else
// leaves it PENDING, and a retry asks again: the payment's id keeps the provider
// from charging twice.
func (d *Desk) charge(ctx context.Context, by Caller, begun PaymentReply, provider payment.Provider) (PaymentReply, error) {
	p := begun.Body
	asking, cancel := context.WithTimeout(ctx, chargeTimeout)
	defer cancel()
	charge, refused := provider.Create(asking, payment.Intent{PaymentID: p.ID, TransactionID: p.TransactionID, StoreID: d.StoreID,
		TerminalID: by.TerminalID, Amount: p.Amount, Currency: d.Currency, CreatedAt: p.CreatedAt})
	if refused != nil && !definite(refused) {
		return PaymentReply{}, fault.Wrap(refused, fault.Unavailable, "provider_unavailable", "%s did not answer", provider.Name()).
			Advise("try again, or cancel the payment and take cash")
	}
	reply, err := d.changePayment(ctx, Caller{}, p.TransactionID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) (int, *sale.Payment, []outbox.Draft, error) {
		p, err := s.t.Payment(begun.Body.ID)
		if err != nil {
			return 0, nil, nil, err
		}
		if p.Status == sale.Pending && p.QRPayload == "" { // else it was charged, settled or cancelled meanwhile: that stands
			if refused != nil {
				p.Status = sale.Failed
			} else {
				p.Reference, p.QRPayload, p.ExpiresAt = charge.Reference, charge.QRPayload, &charge.ExpiresAt
			}
			s.t.Version++
			if err := queuePayment(ctx, tx, p, "", now); err != nil {
				return 0, nil, nil, err
			}
		}
		if refused != nil {
			return begun.Status, p, nil, idempotency.Forget(ctx, tx, by.Once)
		}
		return begun.Status, p, nil, idempotency.Amend(ctx, tx, by.Once, *p)
	})
	if err == nil && refused != nil {
		return PaymentReply{}, refused
	}
	return reply, err
}

// definite tells whether the provider certainly did not register the charge. An
// error that nobody classified is a doubt.
func definite(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Malformed, fault.Conflict, fault.Forbidden, fault.NotFound, fault.Unauthorized:
		return true
	default:
		return false
	}
}

func sameTender(known *sale.Payment, tender sale.Tender) error {
	if tender.Tendered == 0 {
		tender.Tendered = tender.Amount
	}
	if known.Method != tender.Method || known.Provider != tender.Provider || known.Amount != tender.Amount || known.Tendered != tender.Tendered {
		return errPaymentID
	}
	return nil
}

var errPaymentID = fault.New(fault.Conflict, "payment_id_conflict", "another payment has this id").At("id").
	Advise("mint a new UUIDv7 for a new payment")

// Payment returns one payment; payment_not_found (404).
func (d *Desk) Payment(ctx context.Context, id uuid.UUID) (sale.Payment, error) {
	row, err := edgedb.New().GetPayment(ctx, d.DB, id)
	err = postgres.Fault(err)
	if fault.KindOf(err) == fault.NotFound {
		return sale.Payment{}, fault.New(fault.NotFound, "payment_not_found", "there is no such payment").At("id")
	}
	if err != nil {
		return sale.Payment{}, err
	}
	return paymentOf(row), nil
}

// changePayment is change for a rule whose answer is a payment.
func (d *Desk) changePayment(ctx context.Context, by Caller, id uuid.UUID,
	apply func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) (int, *sale.Payment, []outbox.Draft, error),
) (PaymentReply, error) {
	return locked(ctx, d, by, id, nil, func(ctx context.Context, tx *postgres.Tx, s *stored) (int, sale.Payment, error) {
		now := d.now()
		before := s.t.Version
		status, p, drafts, err := apply(ctx, tx, s, now)
		if err != nil {
			return 0, sale.Payment{}, err
		}
		if err := touch(ctx, tx, s, before, now); err != nil {
			return 0, sale.Payment{}, err
		}
		return status, *p, d.Log.Append(ctx, tx, drafts...)
	})
}
