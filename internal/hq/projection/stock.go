package projection

import (
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// maxMovement is the most that one movement may move or leave, either way: ten
// billion units, in thousandths. It keeps the sums of a batch far from overflow.
const maxMovement sale.Quantity = 10_000_000_000 * sale.One

// verifyStock checks what can be known without a stock-take. BalanceAfter is
// the store's word: compared in hq_inventory, never a reason to refuse.
func (e *Entry) verifyStock() error {
	s := e.Stock
	switch {
	case s.Reason == "" || len(s.Reason) > maxText:
		return invalid("reason is missing or too long")
	case s.Reference.IsNil():
		return invalid("reference is missing")
	case s.Reason == wire.ReasonSale && s.Reference != e.Event.AggregateID:
		return invalid("reference is not the sale that the event is about")
	case len(s.Movements) == 0:
		return invalid("there are no movements")
	}
	for i, m := range s.Movements {
		switch {
		case m.ItemID.IsNil():
			return invalid("movement %d has no item_id", i+1)
		case tooLong(m.SKU, m.Name):
			return invalid("a text of movement %d is too long", i+1)
		case beyond(m.Quantity) || beyond(m.BalanceAfter):
			return invalid("movement %d is out of range", i+1)
		}
	}
	return nil
}

func beyond(q sale.Quantity) bool { return q > maxMovement || q < -maxMovement }
