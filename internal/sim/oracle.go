package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// Figures are what the oracle counted, money in minor units.
type Figures struct {
	Events      int64            `json:"events"`
	Head        wire.Hash        `json:"head"` // of the last event
	Sales       int              `json:"sales"`
	Lines       int              `json:"lines"`
	Payments    int              `json:"payments"`
	Total       money.Amount     `json:"total"` // Σ lines = Σ captured = Σ tendered − Σ change
	Tax         money.Amount     `json:"tax"`
	Tendered    money.Amount     `json:"tendered"`
	Change      money.Amount     `json:"change"`
	OpenMoney   money.Amount     `json:"open_money"`   // captured for baskets that are not sales yet
	Voids       int              `json:"voids"`        // baskets that were given up
	VoidedTotal money.Amount     `json:"voided_total"` // what they would have cost
	Discount    money.Amount     `json:"discount"`     // of the sales
	Overrides   int              `json:"overrides"`    // discounts given and prices set, of sales and voids
	Items       int              `json:"items"`        // that ever moved
	Short       int              `json:"short"`        // items with less than nothing on the shelf
	Receipts    map[string]int64 `json:"receipts"`     // the last number of each terminal
	PerType     map[string]int64 `json:"per_type"`     // events
	Acked       int              `json:"acknowledged"`
	Quarantined int64            `json:"quarantined"`
	Retried     int64            `json:"retried"` // events with more than one try at the edge; of some, no byte left the shop
}

// soldSale is what the log says of one sale, as far as later checks need it.
type soldSale struct {
	id        int64 // of its SaleRecorded
	terminal  string
	cashier   string
	approved  string // by whom, of its overrides; empty: nobody had to
	receiptNo string
	total     money.Amount
	change    money.Amount
	left      map[uuid.UUID]sale.Quantity // what its lines say has left the shelf
	moved     int64                       // id of its InventoryAdjusted
	lines     []lineSum
}

// money that was captured for a transaction.
type captured struct {
	firstID          int64
	amount, tendered money.Amount
	change           money.Amount
}

// oracle reads a store's log, event by event, next to what HQ holds, and knows
// at each point what must be true. It is pure: pages, tills and clocks are its
// caller's.
type oracle struct {
	storeID  string
	figures  Figures
	prev     wire.Hash
	eventIDs map[uuid.UUID]int64
	sales    map[uuid.UUID]*soldSale
	voids    map[uuid.UUID]*voidedBasket
	receipts map[string]int64 // receipt_no → id
	money    map[uuid.UUID]*captured
	payments map[uuid.UUID]int64
	stock    map[uuid.UUID]sale.Quantity
	skus     map[uuid.UUID]string
}

func newOracle(storeID string) *oracle {
	return &oracle{
		storeID: storeID, eventIDs: map[uuid.UUID]int64{}, sales: map[uuid.UUID]*soldSale{}, voids: map[uuid.UUID]*voidedBasket{}, receipts: map[string]int64{},
		money: map[uuid.UUID]*captured{}, payments: map[uuid.UUID]int64{}, stock: map[uuid.UUID]sale.Quantity{}, skus: map[uuid.UUID]string{},
		figures: Figures{Receipts: map[string]int64{}, PerType: map[string]int64{}},
	}
}

// next judges the log's next event. hq is what HQ holds at this place of its
// log, or nil if it ends before.
func (o *oracle) next(e *wire.Event, hq *HQEvent) *DifferenceError {
	want := o.figures.Events + 1
	switch {
	case e.ID != want:
		return o.differs("D", want, "", "the edge's log has a gap or a repeat", fmt.Sprintf("id %d", want), fmt.Sprintf("id %d", e.ID))
	case e.StoreID != o.storeID:
		return o.differs("D", e.ID, "", "the event is another store's", o.storeID, e.StoreID)
	case o.eventIDs[e.EventID] != 0:
		return o.differs("D", e.ID, "", "its event_id stands in the log twice", "an event_id of its own", fmt.Sprintf("that of event %d", o.eventIDs[e.EventID]))
	}
	if chained := e.Chain(o.prev); chained != e.Hash {
		return o.differs("D", e.ID, "", "the hash chain does not verify: the event is not what was written", chained.String(), e.Hash.String())
	}
	if d := o.compare(e, hq); d != nil {
		return d
	}
	o.eventIDs[e.EventID], o.prev = e.ID, e.Hash
	o.figures.Events, o.figures.Head = e.ID, e.Hash
	o.figures.PerType[e.Type]++
	return o.read(e)
}

// compare is edge = HQ for one event. The hash covers the whole envelope and
// the payload, and was recomputed.
func (o *oracle) compare(e *wire.Event, hq *HQEvent) *DifferenceError {
	const same = "edge=HQ"
	edge := fmt.Sprintf("%s %s %s", e.Type, e.EventID, e.Hash)
	switch {
	case hq == nil:
		return o.differs(same, e.ID, "", "HQ does not have the event: its log ends before", edge, "nothing")
	case hq.ID != e.ID:
		return o.differs(same, e.ID, "", "HQ's log has a gap or a repeat", fmt.Sprintf("id %d", e.ID), fmt.Sprintf("id %d", hq.ID))
	case hq.EventID != e.EventID || hq.Type != e.Type || hq.Hash != e.Hash:
		return o.differs(same, e.ID, "", "HQ has another event", edge, fmt.Sprintf("%s %s %s", hq.Type, hq.EventID, hq.Hash))
	case hq.State != stateApplied:
		return o.differs("A", e.ID, "", "HQ has the event, but not its effect", stateApplied, hq.State)
	}
	return nil
}

// read takes in what the event says.
func (o *oracle) read(e *wire.Event) *DifferenceError {
	switch e.Type {
	case wire.TypeSaleRecorded:
		var s wire.SaleRecorded
		if err := wire.DecodePayload(e.Payload, &s); err != nil {
			return o.unreadable(e, err)
		}
		return o.sale(e, &s)
	case wire.TypeInventoryAdjusted:
		var s wire.InventoryAdjusted
		if err := wire.DecodePayload(e.Payload, &s); err != nil {
			return o.unreadable(e, err)
		}
		return o.moves(e, &s)
	case wire.TypePaymentCaptured:
		var p wire.PaymentCaptured
		if err := wire.DecodePayload(e.Payload, &p); err != nil {
			return o.unreadable(e, err)
		}
		return o.payment(e, &p)
	case wire.TypeBasketVoided:
		var v wire.BasketVoided
		if err := wire.DecodePayload(e.Payload, &v); err != nil {
			return o.unreadable(e, err)
		}
		return o.void(e, &v)
	}
	return nil // a later version's: it is compared, and means nothing to these invariants
}

func (o *oracle) unreadable(e *wire.Event, err error) *DifferenceError {
	return o.differs("C", e.ID, "", "its payload cannot be read", "a "+e.Type, err.Error())
}

// end judges what must be true behind the last event.
func (o *oracle) end() *DifferenceError {
	for _, id := range o.salesInOrder() {
		if d := o.settled(id, o.sales[id]); d != nil {
			return d
		}
	}
	for _, id := range o.voidsInOrder() {
		if m := o.money[id]; m != nil {
			return o.differs("C", m.firstID, "basket "+id.String(), "money was captured for a basket that was given up", "none", m.amount.String())
		}
	}
	for id, m := range o.money {
		if o.sales[id] == nil {
			o.figures.OpenMoney += m.amount
		}
	}
	o.figures.Items = len(o.stock)
	for _, q := range o.stock {
		if q < 0 {
			o.figures.Short++
		}
	}
	return nil
}

// salesInOrder are the sales by event id, so that the first difference is the
// same each time.
func (o *oracle) salesInOrder() []uuid.UUID {
	return slices.SortedFunc(maps.Keys(o.sales), func(a, b uuid.UUID) int { return cmp.Compare(o.sales[a].id, o.sales[b].id) })
}

func (o *oracle) voidsInOrder() []uuid.UUID {
	return slices.SortedFunc(maps.Keys(o.voids), func(a, b uuid.UUID) int { return cmp.Compare(o.voids[a].id, o.voids[b].id) })
}

func (o *oracle) differs(invariant string, id int64, about, what, want, got string) *DifferenceError {
	return &DifferenceError{Invariant: invariant, StoreID: o.storeID, ID: id, About: about, What: what, Want: want, Got: got}
}
