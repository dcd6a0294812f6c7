package httpapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/wire"
)

// requireInvariants checks A to D of design.md §3, as far as the edge can.
func requireInvariants(t testing.TB, s *shop) {
	t.Helper()
	events := s.events(0) // D: no gap, no repeat, and the chain verifies
	requireEverySaleIsInTheLogOnce(t, s, events)
	requireMoneyAddsUp(t, s)
	requireStockAddsUp(t, s, events)
	requireReceiptsCount(t, s)
}

// A: a PAID transaction has one SaleRecorded, one InventoryAdjusted, and one
// PaymentCaptured for each captured payment; a VOIDED one has one BasketVoided;
// nothing else has any.
func requireEverySaleIsInTheLogOnce(t testing.TB, s *shop, events []wire.Event) {
	t.Helper()
	logged := map[string]int{}
	for _, e := range events {
		switch e.Type {
		case wire.TypePaymentCaptured:
			logged[e.Type+" "+payload[wire.PaymentCaptured](s, e).PaymentID.String()]++
		case wire.TypeInventoryAdjusted:
			if payload[wire.InventoryAdjusted](s, e).Reason == wire.ReasonSale {
				logged[e.Type+" "+e.AggregateID.String()]++
			}
		default:
			logged[e.Type+" "+e.AggregateID.String()]++
		}
	}
	want := map[string]int{}
	for _, id := range column(t, s, "select id::text from transactions where status = 'PAID'") {
		want["SaleRecorded "+id], want["InventoryAdjusted "+id] = 1, 1
	}
	for _, id := range column(t, s, "select id::text from transactions where status = 'VOIDED'") {
		want["BasketVoided "+id] = 1
	}
	for _, id := range column(t, s, `select p.id::text from payments p join transactions t on t.id = p.transaction_id
		where p.status = 'CAPTURED' and (t.status = 'PAID' or p.method <> 'CASH')`) {
		want["PaymentCaptured "+id] = 1
	}
	require.Equal(t, want, logged)
}

// C, money: Σ lines = total = Σ captured = Σ tendered − Σ change = Σ(base + tax).
func requireMoneyAddsUp(t testing.TB, s *shop) {
	t.Helper()
	require.Empty(t, column(t, s, `
		select t.id || ': total ' || t.total from transactions t where status = 'PAID' and not (
		  t.total = t.gross - t.discount
		  and t.total = (select coalesce(sum(gross - discount), 0) from line_items where transaction_id = t.id and removed_at is null)
		  and t.total = (select coalesce(sum(amount), 0) from payments where transaction_id = t.id and status = 'CAPTURED')
		  and t.total = (select coalesce(sum(base + tax), 0) from jsonb_to_recordset(t.tax_lines) x (base bigint, tax bigint))
		  and t.tax = (select coalesce(sum(tax), 0) from jsonb_to_recordset(t.tax_lines) x (base bigint, tax bigint)))`), "a sale whose sums do not add up")
	require.Empty(t, column(t, s, `select id::text from payments where tendered < amount or (method <> 'CASH' and tendered <> amount)`))
}

// C, stock: opening + movements = on hand, and the last balance is the stock.
func requireStockAddsUp(t testing.TB, s *shop, events []wire.Event) {
	t.Helper()
	moved, balance := map[string]sale.Quantity{}, map[string]sale.Quantity{}
	for _, e := range events {
		if e.Type != wire.TypeInventoryAdjusted {
			continue
		}
		for _, m := range payload[wire.InventoryAdjusted](s, e).Movements {
			moved[m.SKU] += m.Quantity
			require.Equal(t, moved[m.SKU], m.BalanceAfter, "event %d: the balance after each movement of %s", e.ID, m.SKU)
			balance[m.SKU] = m.BalanceAfter
		}
	}
	for _, row := range column(t, s, "select sku || ' ' || on_hand_milli from local_inventory join local_catalog using (item_id)") {
		var sku string
		var onHand sale.Quantity
		_, err := fmt.Sscan(row, &sku, (*int64)(&onHand))
		require.NoError(t, err)
		require.Equal(t, moved[sku], onHand, "movements of %s", sku)
	}
	require.Empty(t, column(t, s, `
		select c.sku from local_inventory i join local_catalog c using (item_id)
		where on_hand_milli <> coalesce(opening_milli, 0) - (select coalesce(sum(quantity_milli), 0) from line_items l
		  join transactions t on t.id = l.transaction_id where t.status = 'PAID' and l.removed_at is null and l.item_id = i.item_id)`),
		"opening stock less what was sold is what is there")
}

// D, receipts: 1, 2, 3, … for each till, as its counter says.
func requireReceiptsCount(t testing.TB, s *shop) {
	t.Helper()
	require.Empty(t, column(t, s, `
		select c.terminal_id from receipt_counters c left join transactions t on t.terminal_id = c.terminal_id and t.status = 'PAID'
		group by c.terminal_id, c.last_seq
		having count(t.id) <> c.last_seq or coalesce(max(t.receipt_seq), 0) <> c.last_seq or count(distinct t.receipt_seq) <> count(t.id)`),
		"a till whose receipts have a gap or a repeat")
	require.Empty(t, column(t, s, `select receipt_no from transactions where status = 'PAID'
		and receipt_no <> store_id || '-' || terminal_id || '-' || lpad(receipt_seq::text, 7, '0')`))
}

func column(t testing.TB, s *shop, sql string) []string {
	t.Helper()
	rows, err := s.app.DB.Query(s.t.Context(), sql)
	require.NoError(t, err)
	defer rows.Close()
	var values []string
	for rows.Next() {
		var v string
		require.NoError(t, rows.Scan(&v))
		values = append(values, v)
	}
	require.NoError(t, rows.Err())
	return values
}
