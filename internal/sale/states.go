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
			Advise("resume it here: then it is yours")
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

// Finalize makes the transaction PAID, by the cashier who took the money.
func (t *Transaction) Finalize(cashierID, receiptNo, businessDate string, now time.Time) {
	t.Status, t.CashierID, t.ReceiptNo, t.BusinessDate, t.FinalizedAt = Paid, cashierID, receiptNo, businessDate, &now
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

// ResumeGrace is how long a basket that was resumed is safe from being taken
// over: the other of two people who reach for it at once is told so, instead of
// taking it out of the first one's hands.
const ResumeGrace = 3 * time.Second

// Resume makes a basket the terminal's own: a suspended one, or one that
// another terminal holds and cannot finish because it died (takenOver). Its
// payments stay as they are. From then on the other terminal is refused.
func (t *Transaction) Resume(terminalID, cashierID string, now time.Time) (takenOver bool, err error) {
	if t.Status != Suspended {
		if err := t.takeOver(terminalID, now); err != nil {
			return false, err
		}
		takenOver = true
	}
	t.Status, t.TerminalID, t.CashierID, t.ResumedAt = Draft, terminalID, cashierID, &now
	t.Version++
	return takenOver, nil
}

func (t *Transaction) takeOver(terminalID string, now time.Time) error {
	if err := t.open(); err != nil {
		return err
	}
	if t.TerminalID == terminalID {
		return fault.New(fault.Conflict, "transaction_not_suspended", "this basket is not suspended")
	}
	if t.ResumedAt == nil {
		return nil
	}
	if since := now.Sub(*t.ResumedAt); since >= 0 && since < ResumeGrace { // less than 0: the clock was set back
		return fault.New(fault.Conflict, "transaction_resumed_elsewhere", "terminal %s resumed this basket just now", t.TerminalID).
			Advise("leave it there; if that till is dead, try again in a moment")
	}
	return nil
}
