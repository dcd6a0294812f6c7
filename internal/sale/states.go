package sale

import (
	"time"

	"tiem/internal/fault"
	"tiem/internal/money"
)

// HeldBy refuses a terminal that does not hold the basket.
func (t *Transaction) HeldBy(terminalID string) error {
	if t.TerminalID != terminalID {
		return fault.New(fault.Forbidden, "basket_held_elsewhere", "terminal %s holds this basket", t.TerminalID).
			Advise("suspend it there and resume it here")
	}
	return nil
}

// open refuses everything but a DRAFT, with the code of the state it is in.
func (t *Transaction) open() error {
	switch t.Status {
	case Draft:
		return nil
	case Suspended:
		return fault.New(fault.Conflict, "transaction_suspended", "this basket is suspended").Advise("resume it first")
	case Paid:
		return fault.New(fault.Conflict, "transaction_paid", "this sale is paid: it never changes").
			Advise("a correction is a new document")
	case Voided:
		return fault.New(fault.Conflict, "transaction_voided", "this basket was voided").Advise("open a new one")
	}
	return fault.New(fault.Internal, "status_unknown", "status %q", t.Status)
}

func (t *Transaction) linesMayChange() error {
	if err := t.open(); err != nil {
		return err
	}
	for i := range t.Payments {
		if t.Payments[i].Status.holds() {
			return fault.New(fault.Conflict, "payments_exist", "the lines are frozen: a payment has begun").
				Advise("cancel the payment first")
		}
	}
	return nil
}

// CheckPayable refuses to finalize what is not fully and finally paid. It does
// not change the state: Finalize does, once the receipt number is known.
func (t *Transaction) CheckPayable() error {
	if err := t.open(); err != nil {
		return err
	}
	if len(t.Live()) == 0 {
		return fault.New(fault.Conflict, "transaction_empty", "there is nothing in this basket")
	}
	var captured money.Amount
	for i := range t.Payments {
		switch t.Payments[i].Status {
		case Captured:
			captured += t.Payments[i].Amount
		case Pending, Unknown:
			return fault.New(fault.Conflict, "payment_incomplete", "a payment is still %s", t.Payments[i].Status).
				Advise("wait for it or cancel it").With("payment_id", t.Payments[i].ID)
		case Failed, Expired, Cancelled:
		}
	}
	if total := t.Total(); captured != total {
		return fault.New(fault.Conflict, "payment_incomplete", "%s of %s is paid", captured, total).
			Advise("add a payment for the rest").With("due", total-captured)
	}
	return nil
}

// Finalize makes the transaction PAID.
func (t *Transaction) Finalize(receiptNo, businessDate string, now time.Time) {
	t.Status, t.ReceiptNo, t.BusinessDate, t.FinalizedAt = Paid, receiptNo, businessDate, &now
	t.Version++
}

// Void gives a basket up. Cash that was taken is given back and PENDING payments
// are cancelled; other money that was or may have been taken forbids it. It
// returns the payments that it cancelled.
func (t *Transaction) Void() ([]*Payment, error) {
	if t.Status != Suspended {
		if err := t.open(); err != nil {
			return nil, err
		}
	}
	var cancel []*Payment
	for i := range t.Payments {
		p := &t.Payments[i]
		switch {
		case p.cancellable():
			cancel = append(cancel, p)
		case p.Status.holds():
			return nil, fault.New(fault.Conflict, "payment_captured",
				"a %s payment of %s is %s", p.Method, p.Amount, p.Status).
				Advise("refund it first; a basket whose money may have been taken cannot be voided").With("payment_id", p.ID)
		}
	}
	for _, p := range cancel {
		p.Status = Cancelled
	}
	t.Status = Voided
	t.Version++
	return cancel, nil
}

// Suspend parks the basket.
func (t *Transaction) Suspend() error {
	if err := t.open(); err != nil {
		return err
	}
	t.Status = Suspended
	t.Version++
	return nil
}

// Resume makes a suspended basket the terminal's own.
func (t *Transaction) Resume(terminalID string) error {
	if t.Status == Draft {
		return fault.New(fault.Conflict, "transaction_not_suspended", "this basket is not suspended")
	}
	if t.Status != Suspended {
		return t.open()
	}
	t.Status, t.TerminalID = Draft, terminalID
	t.Version++
	return nil
}
