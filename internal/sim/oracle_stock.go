package sim

import (
	"fmt"
	"maps"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/sale"
	"tiem/internal/wire"
)

// moves takes in an InventoryAdjusted. The edge counts under a row lock that it
// holds until the event has its place in the log, so each balance must be the
// sum of the movements up to it.
func (o *oracle) moves(e *wire.Event, s *wire.InventoryAdjusted) *DifferenceError {
	if s.Reason == wire.ReasonSale {
		if d := o.sold(e, s); d != nil {
			return d
		}
	}
	for _, m := range s.Movements {
		o.stock[m.ItemID] += m.Quantity
		o.skus[m.ItemID] = m.SKU
		if o.stock[m.ItemID] != m.BalanceAfter {
			return o.differs("C", e.ID, "item "+m.SKU, "the balance is not the sum of the movements", o.stock[m.ItemID].String(), m.BalanceAfter.String())
		}
	}
	return nil
}

// sold: a sale takes off the stock exactly what its lines say, once.
func (o *oracle) sold(e *wire.Event, s *wire.InventoryAdjusted) *DifferenceError {
	sold := o.sales[s.Reference]
	about := "transaction " + s.Reference.String()
	switch {
	case sold == nil:
		return o.differs("C", e.ID, about, "stock was taken for a sale that is not in the log before", "its SaleRecorded", "none")
	case sold.moved != 0:
		return o.differs("C", e.ID, about, "the sale took its goods off the stock twice", "once", fmt.Sprintf("in event %d, too", sold.moved))
	}
	sold.moved = e.ID
	moved := map[uuid.UUID]sale.Quantity{}
	for _, m := range s.Movements {
		moved[m.ItemID] -= m.Quantity
	}
	if !maps.Equal(moved, sold.left) {
		return o.differs("C", e.ID, "receipt "+sold.receiptNo, "what left the stock is not what was sold", fmt.Sprint(sold.left), fmt.Sprint(moved))
	}
	return nil
}

// inventory: opening + movements = stock at the edge.
func (o *oracle) inventory(stock []StockEntry) *DifferenceError {
	seen := map[uuid.UUID]bool{}
	for _, entry := range stock {
		seen[entry.ItemID] = true
		if sum := o.stock[entry.ItemID]; sum != entry.OnHand {
			return o.differs("C", 0, "item "+entry.SKU, "the edge's stock is not opening + movements", sum.String(), entry.OnHand.String())
		}
	}
	for id, sku := range o.skus {
		if !seen[id] {
			return o.differs("C", 0, "item "+sku, "the item moved, but the edge has no stock of it", o.stock[id].String(), "no row")
		}
	}
	return nil
}
