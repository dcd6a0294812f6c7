package projection

import "tiem/internal/money"

// methodCash is the only method that gives change.
const methodCash = "CASH"

// verifyPayment checks change = tendered − amount, and that only cash gives any.
func (e *Entry) verifyPayment() error {
	p := e.Payment
	switch {
	case p.PaymentID.IsNil():
		return invalid("payment_id is missing")
	case p.TransactionID.IsNil() || p.TransactionID != e.Event.AggregateID:
		return invalid("transaction_id is not the event's aggregate")
	case p.Method == "" || tooLong(p.Method, p.Provider, p.Reference):
		return invalid("method is missing or a text is too long")
	case p.CapturedAt.IsZero():
		return invalid("captured_at is missing")
	case p.Amount < 1 || p.Amount > money.Max || p.Tendered > money.Max:
		return invalid("an amount is out of range")
	case p.Change != p.Tendered-p.Amount || p.Change < 0:
		return mismatch("change is %s, tendered − amount is %s − %s", p.Change, p.Tendered, p.Amount)
	case p.Change > 0 && p.Method != methodCash:
		return mismatch("%s gave change of %s: only cash does", p.Method, p.Change)
	}
	return nil
}
