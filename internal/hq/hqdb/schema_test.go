package hqdb_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// What the program must not do, the database refuses.
func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	shop := hqtest.NewShop("S1")
	tea := hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One}
	shop.Sell(tea)
	shop.Void(tea, hqtest.Line{Item: tea.Item, Quantity: sale.One, Discount: 1_000})
	_, err = intake.New(db, prometheus.NewRegistry()).Accept(t.Context(), shop.All())
	require.NoError(t, err)

	for name, c := range map[string]struct{ sql, state string }{
		"a changed payload":        {"update hq_inbox set payload = payload", "23001"},
		"a changed hash":           {"update hq_inbox set hash = hash", "23001"},
		"a changed id":             {"update hq_inbox set id = 9 where id = 3", "23001"},
		"a changed arrival":        {"update hq_inbox set received_at = now()", "23001"},
		"a deleted event":          {"delete from hq_inbox where id = 3", "23001"},
		"an emptied log":           {"truncate hq_inbox", "23001"},
		"a state of its own":       {"update hq_inbox set state = 'LOST'", "23514"},
		"a total that is no sum":   {"update hq_transactions set total = total + 1", "23514"},
		"a payment for nothing":    {"update hq_payments set amount = 0, tendered = change", "23514"},
		"change that is no rest":   {"update hq_payments set change = change + 1", "23514"},
		"a discount above gross":   {"update hq_line_items set discount = gross + 1, amount = -1", "23514"},
		"a quantity of nothing":    {"update hq_line_items set quantity_milli = 0", "23514"},
		"a void by nobody":         {"update hq_voided_baskets set opened_by = ''", "23514"},
		"a void of less than 0":    {"update hq_voided_baskets set total = -1", "23514"},
		"an override as a gift":    {"update hq_overrides set kind = 'GIFT'", "23514"},
		"an override for nothing":  {"update hq_overrides set reason = ''", "23514"},
		"a short token hash":       {"update stores set token_hash = 'x'", "23514"},
		"a store id with a hyphen": {"update stores set store_id = 'S-1'", "23514"},
		"a watermark below zero":   {"update store_streams set received_upto = -1", "23514"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := db.Exec(t.Context(), c.sql)
			require.Equal(t, c.state, postgres.SQLState(err), "%v", err)
		})
	}
	_, err = db.Exec(t.Context(), "update hq_inbox set state = 'QUARANTINED'")
	require.NoError(t, err, "the state is HQ's own word and may change")
}

// Every table of store data leads its primary key with store_id, and no foreign
// key crosses tables, so that HQ can be distributed by store_id.
func TestStoreIDLeadsEveryKey(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	var bad []string
	require.NoError(t, db.QueryRow(t.Context(), `
		select coalesce(array_agg(c.conname::text), '{}')
		from pg_constraint c
		join pg_class r on r.oid = c.conrelid
		join pg_namespace n on n.oid = r.relnamespace and n.nspname = 'public'
		where r.relname <> 'goose_db_version' and r.relname <> 'stores' and (
		      c.contype = 'f'
		   or c.contype in ('p', 'u') and (
		        select a.attname from pg_attribute a where a.attrelid = r.oid and a.attnum = c.conkey[1]) <> 'store_id')`).Scan(&bad))
	require.Empty(t, bad)
}
