package hqtest

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"tiem/internal/postgres"
)

// Projections is every row that HQ made of its stores' events, the state of
// each event, and what is set aside, table by table as sorted text. Times of
// HQ's own clock and counts of attempts are left out.
func Projections(ctx context.Context, db *postgres.DB) (map[string][]string, error) {
	dump := map[string][]string{}
	for table, sql := range map[string]string{
		"hq_transactions":   "select t::text from hq_transactions t",
		"hq_line_items":     "select t::text from hq_line_items t",
		"hq_tax_lines":      "select t::text from hq_tax_lines t",
		"hq_payments":       "select t::text from hq_payments t",
		"hq_inventory":      "select t::text from hq_inventory t",
		"hq_voided_baskets": "select v::text from hq_voided_baskets v",
		"hq_overrides":      "select o::text from hq_overrides o",
		"hq_inbox":          "select (store_id, id, event_id, hash, state)::text from hq_inbox",
		"hq_quarantine":     "select (store_id, id, event_id, state, code, message)::text from hq_quarantine",
		"store_streams":     "select (store_id, epoch, received_upto, chain_hash)::text from store_streams",
	} {
		rows, err := db.Query(ctx, sql)
		if err != nil {
			return nil, err
		}
		text, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		slices.Sort(text)
		dump[table] = text
	}
	return dump, nil
}
