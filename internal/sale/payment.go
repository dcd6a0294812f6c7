package sale

import (
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/money"
)

// Method is how a customer pays.
type Method string

// The methods. CARD and VOUCHER are known but not built yet.
const (
	Cash    Method = "CASH"
	QR      Method = "QR"
	Card    Method = "CARD"
	Voucher Method = "VOUCHER"
)

// PaymentStatus is a payment's state.
type PaymentStatus string

// The states of a payment. PENDING → CAPTURED | FAILED | EXPIRED | CANCELLED |
// UNKNOWN; UNKNOWN → CAPTURED | FAILED; CASH may go CAPTURED → CANCELLED while
// its basket is unpaid.
const (
	Pending   PaymentStatus = "PENDING"
	Captured  PaymentStatus = "CAPTURED"
	Failed    PaymentStatus = "FAILED"
	Expired   PaymentStatus = "EXPIRED"
	Cancelled PaymentStatus = "CANCELLED"
	Unknown   PaymentStatus = "UNKNOWN"
)

// holds tells whether a payment in this state claims its amount.
func (s PaymentStatus) holds() bool { return s == Pending || s == Unknown || s == Captured }

// Payment is one tender of a transaction, in minor units.
type Payment struct {
	ID            uuid.UUID     `json:"id"`
	TransactionID uuid.UUID     `json:"transaction_id"`
	Method        Method        `json:"method"`
	Provider      string        `json:"provider,omitempty"`
	Reference     string        `json:"reference,omitempty"` // the provider's
	Status        PaymentStatus `json:"status"`
	Amount        money.Amount  `json:"amount"`   // what it applies to the transaction
	Tendered      money.Amount  `json:"tendered"` // what the customer gave
	Change        money.Amount  `json:"change"`   // tendered − amount; only CASH gives change
	QRPayload     string        `json:"qr_payload,omitempty"`
	ExpiresAt     *time.Time    `json:"expires_at,omitempty"`
	CreatedAt     time.Time     `json:"created_at"`
	CapturedAt    *time.Time    `json:"captured_at,omitempty"`
}

// MaxPayments of a basket, whatever became of them: a void tells of each that it
// cancels.
const MaxPayments = 500

// Tender is what a till asks for when it takes a payment.
type Tender struct {
	ID       uuid.UUID
	Method   Method
	Provider string
	Amount   money.Amount
	Tendered money.Amount // 0: the same as Amount
}

// Due is what no payment claims yet: total − Σ(PENDING + UNKNOWN + CAPTURED).
func (t *Transaction) Due() money.Amount {
	due := t.Total()
	for i := range t.Payments {
		if t.Payments[i].Status.holds() {
			due -= t.Payments[i].Amount
		}
	}
	return due
}

// Pay adds a payment: CASH is CAPTURED at once, everything else starts PENDING.
// Faults: transaction_empty (409), too_many_payments and those of the tender (422).
func (t *Transaction) Pay(tender Tender, now time.Time) (*Payment, error) {
	if err := t.open(); err != nil {
		return nil, err
	}
	if len(t.Live()) == 0 {
		return nil, fault.New(fault.Conflict, "transaction_empty", "there is nothing in this basket")
	}
	if len(t.Payments) >= MaxPayments {
		return nil, fault.New(fault.Invalid, "too_many_payments", "%d payments of this basket were begun", len(t.Payments)).
			Advise("void this basket and open another")
	}
	p := Payment{ID: tender.ID, TransactionID: t.ID, Method: tender.Method, Provider: tender.Provider, Status: Pending,
		Amount: tender.Amount, Tendered: tender.Tendered, CreatedAt: now}
	if p.Tendered == 0 {
		p.Tendered = p.Amount
	}
	p.Change = p.Tendered - p.Amount
	if err := p.check(t.Due()); err != nil {
		return nil, err
	}
	if p.Method == Cash {
		p.Status, p.CapturedAt = Captured, &now
	}
	t.Payments = append(t.Payments, p)
	t.Version++
	return &t.Payments[len(t.Payments)-1], nil
}

func (p *Payment) check(due money.Amount) error {
	switch {
	case p.Amount < 1:
		return fault.New(fault.Invalid, "amount_invalid", "an amount is at least 1").At("amount")
	case p.Amount > due:
		return fault.New(fault.Invalid, "amount_exceeds_due", "only %s is due", due).At("amount").
			Advise("for cash, the note's value goes into tendered").With("due", due)
	case p.Tendered < p.Amount:
		return fault.New(fault.Invalid, "tendered_too_small", "tendered is less than the amount it pays").At("tendered")
	case p.Tendered > money.Max:
		return fault.New(fault.Invalid, "amount_invalid", "tendered is at most %s", money.Max).At("tendered")
	case p.Change > 0 && p.Method != Cash:
		return fault.New(fault.Invalid, "tendered_not_cash", "only cash gives change").At("tendered")
	}
	return nil
}

// cancellable: PENDING, or cash that can be given back.
func (p *Payment) cancellable() bool {
	return p.Status == Pending || (p.Method == Cash && p.Status == Captured)
}

// Payment finds one of the transaction's payments.
func (t *Transaction) Payment(id uuid.UUID) (*Payment, error) {
	for i := range t.Payments {
		if t.Payments[i].ID == id {
			return &t.Payments[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "payment_not_found", "there is no such payment")
}

// CancelPayment takes a payment back. A payment that is cancelled already stays
// so without an error: pressing twice is not a mistake.
func (t *Transaction) CancelPayment(id uuid.UUID) (*Payment, error) {
	p, err := t.Payment(id)
	if err != nil || p.Status == Cancelled {
		return p, err
	}
	if err := t.open(); err != nil {
		return nil, err
	}
	if !p.cancellable() {
		return nil, fault.New(fault.Conflict, "payment_not_cancellable", "a %s payment that is %s cannot be cancelled", p.Method, p.Status)
	}
	p.Status = Cancelled
	t.Version++
	return p, nil
}

// Settle is what a provider reports of a payment: CAPTURED, FAILED, EXPIRED or
// UNKNOWN. It returns whether the state changed. A report that repeats the state
// changes nothing; a capture for a payment that was given up changes nothing
// either and is an exception: money came in for nothing, and somebody must look.
func (t *Transaction) Settle(id uuid.UUID, reported PaymentStatus, now time.Time) (p *Payment, changed, exception bool, err error) {
	p, err = t.Payment(id)
	if err != nil {
		return nil, false, false, err
	}
	switch {
	case p.Status == reported:
		return p, false, false, nil
	case p.Status == Pending, p.Status == Unknown && (reported == Captured || reported == Failed):
		p.Status = reported
		if reported == Captured {
			p.CapturedAt = &now
		}
		t.Version++
		return p, true, false, nil
	case reported == Captured && !p.Status.holds():
		return p, false, true, nil
	}
	return nil, false, false, fault.New(fault.Conflict, "payment_settled", "this payment is %s and stays so", p.Status)
}
