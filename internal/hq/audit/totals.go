package audit

import (
	"context"
	"fmt"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/projection"
)

// move adds an event's movements to the stock that must be.
func (v *verification) move(e *projection.Entry) {
	for _, m := range e.Stock.Movements {
		item := v.stock[m.ItemID]
		if item == nil {
			item = &hqdb.HQInventory{ItemID: m.ItemID}
			v.stock[m.ItemID] = item
		}
		item.OnHandMilli += int64(m.Quantity)
		item.EdgeBalanceMilli, item.EdgeBalanceID = int64(m.BalanceAfter), e.Event.ID
		item.SKU, item.Name = m.SKU, m.Name
	}
}

// totals checks what only the end of the log shows: the stock, that no table
// has a row too many, that nothing was sold and voided, and that each sale is paid
// by its payments.
func (v *verification) totals(ctx context.Context) error {
	if err := v.counts(ctx); err != nil {
		return err
	}
	if err := v.compareStock(ctx); err != nil {
		return err
	}
	if err := v.soldOrVoided(ctx); err != nil {
		return err
	}
	return v.balance(ctx)
}

// soldOrVoided checks that no transaction is both.
func (v *verification) soldOrVoided(ctx context.Context) error {
	both, err := queries.SoldAndVoided(ctx, v.tx, v.report.StoreID)
	if err != nil || len(both) == 0 {
		return err
	}
	return &BadRowError{rowName("hq_voided_baskets", v.report.StoreID, both[0].TransactionID),
		fmt.Sprintf("event %d gave it up, and it is a sale in hq_transactions", both[0].InboxID)}
}

func (v *verification) counts(ctx context.Context) error {
	n, err := queries.CountProjections(ctx, v.tx, v.report.StoreID)
	if err != nil {
		return err
	}
	for _, t := range []struct {
		table     string
		got, want int64
	}{
		{"hq_transactions", n.Transactions, v.report.Sales},
		{"hq_line_items", n.LineItems, v.lines},
		{"hq_tax_lines", n.TaxLines, v.taxLines},
		{"hq_payments", n.Payments, v.report.Payments},
		{"hq_voided_baskets", n.VoidedBaskets, v.report.Voids},
		{"hq_overrides", n.Overrides, v.overrides},
	} {
		if t.got != t.want {
			return &BadRowError{t.table + " " + v.report.StoreID, fmt.Sprintf("has %d rows, the log makes %d", t.got, t.want)}
		}
	}
	return nil
}

func (v *verification) compareStock(ctx context.Context) error {
	rows, err := queries.InventoryOf(ctx, v.tx, v.report.StoreID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		name := rowName("hq_inventory", v.report.StoreID, row.ItemID)
		want := v.stock[row.ItemID]
		if want == nil {
			return &BadRowError{name, "no movement made it"}
		}
		delete(v.stock, row.ItemID)
		if err := same(name, want.EdgeBalanceID, []field{
			{"on_hand_milli", row.OnHandMilli, want.OnHandMilli},
			{"edge_balance_milli", row.EdgeBalanceMilli, want.EdgeBalanceMilli},
			{"edge_balance_id", row.EdgeBalanceID, want.EdgeBalanceID},
			{"sku", row.SKU, want.SKU},
			{"name", row.Name, want.Name},
		}); err != nil {
			return err
		}
		v.report.Items++
		if row.Drift {
			v.report.Drifting++
		}
	}
	for id, want := range v.stock {
		return &BadRowError{rowName("hq_inventory", v.report.StoreID, id), fmt.Sprintf("is missing: event %d moved it", want.EdgeBalanceID)}
	}
	return nil
}

// balance checks total = Σ captured per sale. Two sales are excused: one of
// which an event is set aside, and the one that the log ends in, whose payment
// may be on its way (a sale's events are consecutive).
func (v *verification) balance(ctx context.Context) error {
	sales, err := queries.UnbalancedSales(ctx, v.tx, v.report.StoreID)
	if err != nil {
		return err
	}
	for _, s := range sales {
		if v.heldUp[s.TransactionID] || s.TransactionID == v.last {
			continue
		}
		return &BadRowError{rowName("hq_transactions", v.report.StoreID, s.TransactionID),
			fmt.Sprintf("the total of %s is %d, its payments are %d", s.ReceiptNo, s.Total, s.Captured)}
	}
	return nil
}
