package edge_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/postgres"
)

// Rows of a small shop: a sale (…01) with its payments, a voided basket (…02),
// an open one (…03) and a suspended one (…04).
const someRows = `
	insert into terminals (terminal_id, store_id, name, token_hash) values ('T1', 'S1', 'Till 1', decode(repeat('01', 32), 'hex')), ('T2', 'S1', 'Till 2', decode(repeat('02', 32), 'hex'));
	insert into receipt_counters (terminal_id, last_seq) values ('T1', 1), ('T2', 0);
	insert into staff (cashier_id, store_id, name, role) values ('C1', 'S1', 'Lan', 'cashier'), ('M1', 'S1', 'Mai', 'manager');
	insert into transactions (id, store_id, terminal_id, cashier_id, opened_by, status, currency, created_at, updated_at)
	select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'S1', 'T1', 'C1', 'C1', 'DRAFT', 'VND', now(), now() from generate_series(1, 4) n;
	insert into line_items (transaction_id, line_no, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, age_restricted, quantity_milli, unit_price, gross, tax_code, added_at)
	select id, n, 'S1', 'T1', 'C1', gen_random_uuid(), 'SKU', 'Tên', 'cái', 'Loại', false, 1000, 6000, 6000, 'STANDARD', now() from transactions, generate_series(1, 2) n;
	update line_items set removed_at = now() where line_no = 2;
	insert into line_overrides (transaction_id, override_no, line_no, store_id, terminal_id, cashier_id, approved_by, kind, before, after, reason, at)
	select id, 1, 1, 'S1', 'T1', 'C1', 'M1', 'DISCOUNT', 0, 0, 'hộp móp', now() from transactions;
	insert into payments (id, transaction_id, store_id, terminal_id, cashier_id, method, provider, status, amount, tendered, created_at, updated_at, captured_at) values
	('00000000-0000-7000-8000-000000000011', '00000000-0000-7000-8000-000000000001', 'S1', 'T1', 'C1', 'CASH', '', 'CAPTURED', 6000, 10000, now(), now(), now()),
	('00000000-0000-7000-8000-000000000012', '00000000-0000-7000-8000-000000000003', 'S1', 'T1', 'C1', 'QR', 'fake', 'PENDING', 1000, 1000, now(), now(), null),
	('00000000-0000-7000-8000-000000000013', '00000000-0000-7000-8000-000000000003', 'S1', 'T1', 'C1', 'QR', 'fake', 'CAPTURED', 1000, 1000, now(), now(), now()),
	('00000000-0000-7000-8000-000000000014', '00000000-0000-7000-8000-000000000003', 'S1', 'T1', 'C1', 'QR', 'fake', 'UNKNOWN', 1000, 1000, now(), now(), null),
	('00000000-0000-7000-8000-000000000015', '00000000-0000-7000-8000-000000000003', 'S1', 'T1', 'C1', 'QR', 'fake', 'CANCELLED', 1000, 1000, now(), now(), null),
	('00000000-0000-7000-8000-000000000016', '00000000-0000-7000-8000-000000000003', 'S1', 'T1', 'C1', 'CASH', '', 'CAPTURED', 1000, 1000, now(), now(), now());
	update transactions set status = 'PAID', version = 2, finalized_at = now(), business_date = '2026-11-22', receipt_seq = 1, receipt_no = 'S1-T1-0000001',
	  gross = 6000, discount = 0, tax = 444, total = 6000, tax_lines = '[{"tax_code": "STANDARD", "rate_bp": 800, "base": 5556, "tax": 444}]' where id = '00000000-0000-7000-8000-000000000001';
	update transactions set status = 'VOIDED', version = 2 where id = '00000000-0000-7000-8000-000000000002';
	update transactions set status = 'SUSPENDED', version = 2 where id = '00000000-0000-7000-8000-000000000004';
	insert into outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, business_date, payload, hash, published_at)
	select n, 'S1', 1, gen_random_uuid(), gen_random_uuid(), 'Noted', 1, now(), '2026-11-22', '{}', decode(repeat('04', 32), 'hex'), case n when 1 then now() end from generate_series(1, 2) n;
	update outbox_head set last_id = 2, last_hash = decode(repeat('04', 32), 'hex');`

const (
	paid      = " where id = '00000000-0000-7000-8000-000000000001'"
	voided    = " where id = '00000000-0000-7000-8000-000000000002'"
	draft     = " where id = '00000000-0000-7000-8000-000000000003'"
	suspended = " where id = '00000000-0000-7000-8000-000000000004'"
	ofPaid    = " where transaction_id = '00000000-0000-7000-8000-000000000001'"
	ofVoided  = " where transaction_id = '00000000-0000-7000-8000-000000000002'"
	ofDraft   = " where transaction_id = '00000000-0000-7000-8000-000000000003'"
	cash      = " where id = '00000000-0000-7000-8000-000000000011'"
	pending   = " where id = '00000000-0000-7000-8000-000000000012'"
	captured  = " where id = '00000000-0000-7000-8000-000000000013'"
	unknown   = " where id = '00000000-0000-7000-8000-000000000014'"
	cancelled = " where id = '00000000-0000-7000-8000-000000000015'"
	openCash  = " where id = '00000000-0000-7000-8000-000000000016'"
)

const (
	never  = "23001" // restrict_violation: a trigger says that this must never happen
	check  = "23514" // check_violation
	twice  = "23505" // unique_violation
	noSuch = "23503" // foreign_key_violation
)

// The database itself refuses what must never happen, for the day when the
// program has a bug.
func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	app := small(t)
	for _, c := range []struct{ name, state, sql string }{
		{"a paid sale goes back to draft", never, "update transactions set status = 'DRAFT', version = 9" + paid},
		{"a paid sale is voided", never, "update transactions set status = 'VOIDED', version = 9" + paid},
		{"a paid sale gets another total", never, "update transactions set total = 1, gross = 1, tax = 0, version = 9" + paid},
		{"a paid sale gets another business date", never, "update transactions set business_date = '2020-01-01', version = 9" + paid},
		{"a paid sale gets another receipt", never, "update transactions set receipt_no = 'X', version = 9" + paid},
		{"a paid sale is touched at all", never, "update transactions set updated_at = now(), version = 9" + paid},
		{"a voided basket is opened again", never, "update transactions set status = 'DRAFT', version = 9" + voided},
		{"a voided basket is paid", never, "update transactions set status = 'PAID', version = 9" + voided},
		{"a suspended basket is paid", never, paidWith(suspended)},
		{"a draft is paid without a receipt", check, "update transactions set status = 'PAID', version = 9" + draft},
		{"a draft has a receipt already", check, "update transactions set receipt_no = 'S1-T1-0000002', receipt_seq = 2, version = 9" + draft},
		{"a draft has a total already", check, "update transactions set gross = 1, discount = 0, tax = 0, total = 1, version = 9" + draft},
		{"a total is not gross less discount", check, "update transactions set status = 'PAID', version = 9, finalized_at = now(), business_date = '2026-11-22', receipt_seq = 2, receipt_no = 'S1-T1-0000002', gross = 6000, discount = 0, tax = 1, total = 5999" + draft},
		{"a tax is more than the total", check, "update transactions set status = 'PAID', version = 9, finalized_at = now(), business_date = '2026-11-22', receipt_seq = 2, receipt_no = 'S1-T1-0000002', gross = 1, discount = 0, tax = 2, total = 1" + draft},
		{"a state that nobody knows", check, "update transactions set status = 'LOST', version = 9" + draft},
		{"the receipt number of another sale", twice, "update transactions set status = 'PAID', version = 9, finalized_at = now(), business_date = '2026-11-22', receipt_seq = 1, receipt_no = 'S1-T1-000000X', gross = 1, discount = 0, tax = 0, total = 1, tax_lines = '[]'" + draft},
		{"the receipt of another sale", twice, "update transactions set status = 'PAID', version = 9, finalized_at = now(), business_date = '2026-11-22', receipt_seq = 7, receipt_no = 'S1-T1-0000001', gross = 1, discount = 0, tax = 0, total = 1, tax_lines = '[]'" + draft},
		{"a version that does not grow", never, "update transactions set updated_at = now()" + draft},
		{"a line number that shrinks", never, "update transactions set last_line_no = -1, version = 9" + draft},
		{"another store's basket", never, "update transactions set store_id = 'S2', version = 9" + draft},
		{"another currency", never, "update transactions set currency = 'USD', version = 9" + draft},
		{"another creation", never, "update transactions set created_at = '2020-01-01', version = 9" + draft},
		{"a basket becomes somebody else's", never, "update transactions set opened_by = 'M1', version = 9" + draft},
		{"a cashier whom nobody knows", noSuch, "update transactions set cashier_id = 'C9', version = 9" + draft},
		{"another id", never, "update transactions set id = gen_random_uuid(), version = 9" + suspended},
		{"a till that nobody registered", noSuch, "update transactions set terminal_id = 'T9', version = 9" + draft},
		{"a paid sale is deleted", never, "delete from transactions" + paid},
		{"a draft is deleted", never, "delete from transactions" + draft},
		{"a basket is born paid", never, "insert into transactions (id, store_id, terminal_id, cashier_id, opened_by, status, currency, created_at, updated_at, finalized_at, business_date, receipt_seq, receipt_no, gross, discount, tax, total) values (gen_random_uuid(), 'S1', 'T1', 'C1', 'C1', 'PAID', 'VND', now(), now(), now(), '2026-11-22', 9, 'X', 0, 0, 0, 0)"},
		{"a basket is born suspended", never, "insert into transactions (id, store_id, terminal_id, cashier_id, opened_by, status, currency, created_at, updated_at) values (gen_random_uuid(), 'S1', 'T1', 'C1', 'C1', 'SUSPENDED', 'VND', now(), now())"},

		{"a line is added to a paid sale", never, "insert into line_items select transaction_id, 9, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, barcode, age_restricted, quantity_milli, unit_price, gross, discount, tax_code, added_at, null from line_items" + ofPaid + " and line_no = 1"},
		{"a line of a paid sale changes", never, "update line_items set quantity_milli = 2000, gross = 12000" + ofPaid + " and line_no = 1"},
		{"a line of a paid sale is removed", never, "update line_items set removed_at = now()" + ofPaid + " and line_no = 1"},
		{"a line of a paid sale is deleted", never, "delete from line_items" + ofPaid},
		{"a line of a voided basket changes", never, "update line_items set quantity_milli = 2000" + ofVoided + " and line_no = 1"},
		{"a scanned price changes", never, "update line_items set unit_price = 1, gross = 1" + ofDraft + " and line_no = 1"},
		{"a scanned price changes, and another one is said to be it", never, "update line_items set unit_price = 5000, gross = 5000, list_price = 7000, price_reason = 'x'" + ofDraft + " and line_no = 1"},
		{"an override of nothing", check, "update line_items set list_price = 6000, price_reason = 'x'" + ofDraft + " and line_no = 1"},
		{"a price for no reason", check, "update line_items set unit_price = 5000, gross = 5000, list_price = 6000" + ofDraft + " and line_no = 1"},
		{"a reason for no price", check, "update line_items set price_reason = 'x'" + ofDraft + " and line_no = 1"},
		{"a discount for no reason", check, "update line_items set discount = 1" + ofDraft + " and line_no = 1"},
		{"a reason for no discount", check, "update line_items set discount_reason = 'x'" + ofDraft + " and line_no = 1"},
		{"a discount on a paid sale", never, "update line_items set discount = 1, discount_reason = 'x'" + ofPaid + " and line_no = 1"},
		{"a price of a removed line", never, "update line_items set unit_price = 5000, gross = 5000, list_price = 6000, price_reason = 'x'" + ofDraft + " and line_no = 2"},
		{"what was done to a price changes", never, "update line_overrides set reason = 'y'" + ofDraft},
		{"what was done to a price is deleted", never, "delete from line_overrides" + ofPaid},
		{"somebody approves themselves", check, newOverride(ofDraft, "2, 1", "'C1', 'C1', 'PRICE', 1, 2, 'x'")},
		{"an override of another kind", check, newOverride(ofDraft, "2, 1", "'C1', null, 'GIFT', 1, 2, 'x'")},
		{"an override for no reason", check, newOverride(ofDraft, "2, 1", "'C1', null, 'PRICE', 1, 2, ''")},
		{"an override below zero", check, newOverride(ofDraft, "2, 1", "'C1', null, 'PRICE', 1, -2, 'x'")},
		{"an override of no line", noSuch, newOverride(ofDraft, "2, 3", "'C1', null, 'PRICE', 1, 2, 'x'")},
		{"an override by nobody", noSuch, newOverride(ofDraft, "2, 1", "'C9', null, 'PRICE', 1, 2, 'x'")},
		{"an override again", twice, newOverride(ofDraft, "1, 1", "'C1', null, 'PRICE', 1, 2, 'x'")},
		{"an override in a paid sale", never, newOverride(ofPaid, "2, 1", "'C1', null, 'PRICE', 1, 2, 'x'")},
		{"a scanned item becomes another", never, "update line_items set item_id = gen_random_uuid()" + ofDraft + " and line_no = 1"},
		{"a scanned name changes", never, "update line_items set name = 'Bia'" + ofDraft + " and line_no = 1"},
		{"a scanned unit changes", never, "update line_items set unit = 'thùng'" + ofDraft + " and line_no = 1"},
		{"a scanned tax code changes", never, "update line_items set tax_code = 'ZERO'" + ofDraft + " and line_no = 1"},
		{"a scanned barcode changes", never, "update line_items set barcode = '1'" + ofDraft + " and line_no = 1"},
		{"a line of a draft is deleted", never, "delete from line_items" + ofDraft + " and line_no = 1"},
		{"a line gets another number", never, "update line_items set line_no = 7" + ofDraft + " and line_no = 1"},
		{"a removed line comes back", never, "update line_items set removed_at = null" + ofDraft + " and line_no = 2"},
		{"a line of nothing", check, "update line_items set quantity_milli = 0" + ofDraft + " and line_no = 1"},
		{"a line of more than 9,999.999", check, "update line_items set quantity_milli = 10000000" + ofDraft + " and line_no = 1"},
		{"a discount beyond the gross", check, "update line_items set discount = 6001" + ofDraft + " and line_no = 1"},
		{"a line number again", twice, "insert into line_items select transaction_id, 1, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, barcode, age_restricted, quantity_milli, unit_price, gross, discount, tax_code, added_at, null from line_items" + ofDraft + " and line_no = 2"},
		{"the tax lines of a paid sale change", never, "update transactions set version = 9, tax_lines = '[]'" + paid},
		{"a sale is paid without tax lines", check, strings.Replace(paidWith(draft), ", tax_lines = '[]'", "", 1)},
		{"a draft has tax lines", check, "update transactions set version = 9, tax_lines = '[]'" + draft},
		{"tax lines that are no list", check, strings.Replace(paidWith(draft), "'[]'", "'{}'", 1)},
		{"a line without a sale", "23503", "insert into line_items select gen_random_uuid(), 1, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, barcode, age_restricted, quantity_milli, unit_price, gross, discount, tax_code, added_at, null from line_items" + ofDraft + " and line_no = 1"},

		{"a captured payment waits again", never, "update payments set status = 'PENDING'" + captured},
		{"a captured payment failed", never, "update payments set status = 'FAILED'" + captured},
		{"a captured QR is cancelled", never, "update payments set status = 'CANCELLED'" + captured},
		{"cash of a paid sale is cancelled", never, "update payments set status = 'CANCELLED'" + cash},
		{"a cancelled payment is captured", never, "update payments set status = 'CAPTURED', captured_at = now()" + cancelled},
		{"an unknown payment waits again", never, "update payments set status = 'PENDING'" + unknown},
		{"an unknown payment is cancelled", never, "update payments set status = 'CANCELLED'" + unknown},
		{"an unknown payment expires", never, "update payments set status = 'EXPIRED'" + unknown},
		{"a capture without a time", check, "update payments set status = 'CAPTURED'" + pending},
		{"a payment's amount changes", never, "update payments set amount = 999, tendered = 999" + pending},
		{"a payment's tender changes", never, "update payments set tendered = 20000" + openCash},
		{"a payment becomes cash", never, "update payments set method = 'CASH'" + pending},
		{"a payment moves to another basket", never, "update payments set transaction_id = '00000000-0000-7000-8000-000000000004'" + pending},
		{"a payment is deleted", never, "delete from payments" + pending},
		{"a payment of a paid sale is deleted", never, "delete from payments" + cash},
		{"a payment into a paid sale", never, newPayment("'00000000-0000-7000-8000-000000000001'", "'CASH'", "1", "1")},
		{"a payment into a voided basket", never, newPayment("'00000000-0000-7000-8000-000000000002'", "'CASH'", "1", "1")},
		{"a payment of nothing", check, newPayment("'00000000-0000-7000-8000-000000000003'", "'CASH'", "0", "0")},
		{"less tendered than paid", check, newPayment("'00000000-0000-7000-8000-000000000003'", "'CASH'", "5", "4")},
		{"change for a QR", check, newPayment("'00000000-0000-7000-8000-000000000003'", "'QR'", "5", "6")},

		{"an event's payload changes", never, "update outbox set payload = '{ }' where id = 2"},
		{"a published event's payload changes", never, "update outbox set payload = '{ }' where id = 1"},
		{"an event's hash changes", never, "update outbox set hash = decode(repeat('05', 32), 'hex') where id = 2"},
		{"an event gets another id", never, "update outbox set id = 9 where id = 2"},
		{"an event happened at another time", never, "update outbox set occurred_at = now() where id = 2"},
		{"an event is unpublished", never, "update outbox set published_at = null where id = 1"},
		{"an event is published again", never, "update outbox set published_at = now() + interval '1 s' where id = 1"},
		{"an event that HQ does not have is deleted", never, "delete from outbox where id = 2"},
		{"an event id again", twice, "insert into outbox (id, store_id, epoch, event_id, aggregate_id, type, version, occurred_at, business_date, payload, hash) select 3, 'S1', 1, event_id, aggregate_id, type, 1, now(), business_date, '{}', hash from outbox where id = 2"},
		{"the log falls back", never, "update outbox_head set last_id = 1"},
		{"the epoch falls back", never, "update outbox_head set epoch = 0"},
		{"the log becomes another store's", never, "update outbox_head set store_id = 'S2'"},
		{"the head is deleted", never, "delete from outbox_head"},
		{"a second head", check, "insert into outbox_head (singleton, store_id) values (false, 'S1')"},

		{"receipt numbers jump", never, "update receipt_counters set last_seq = last_seq + 2 where terminal_id = 'T1'"},
		{"receipt numbers fall back", never, "update receipt_counters set last_seq = 0 where terminal_id = 'T1'"},
		{"receipt numbers stand still", never, "update receipt_counters set last_seq = last_seq where terminal_id = 'T1'"},
		{"a counter moves to another till", never, "update receipt_counters set terminal_id = 'T2', last_seq = last_seq + 1 where terminal_id = 'T1'"},
		{"a counter is deleted", never, "delete from receipt_counters where terminal_id = 'T1'"},

		{"the database becomes another store's", never, "update store set store_id = 'S2'"},
		{"the currency changes", never, "update store set currency = 'USD'"},
		{"the store is deleted", never, "delete from store"},
		{"a second store", check, "insert into store (singleton, store_id, currency) values (false, 'S2', 'VND')"},
		{"a till with a line break", check, "insert into terminals (terminal_id, store_id, name, token_hash) values (E'T3\n', 'S1', 'x', decode(repeat('09', 32), 'hex'))"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := app.DB.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
				_, err := tx.Exec(ctx, c.sql)
				return errors.Join(err, errUndo) // what was not refused is not kept either
			})
			require.Equal(t, c.state, postgres.SQLState(err), "%v", err)
		})
	}
	requireUntouched(t, app)
}

// TRUNCATE passes by the guards of rows, so each table has one of its own.
func TestNoTableIsCutOff(t *testing.T) {
	t.Parallel()
	app := small(t)
	for _, table := range []string{"transactions", "line_items", "payments", "receipt_counters", "outbox", "outbox_head", "line_overrides"} {
		_, err := app.DB.Exec(t.Context(), "truncate "+table+" cascade")
		require.Equal(t, never, postgres.SQLState(err), "%s: %v", table, err)
		require.Contains(t, postgres.Constraint(err), table, "its own guard, not that of a table behind it")
	}
	requireUntouched(t, app)
}

var errUndo = errors.New("undo")

func newPayment(transaction, method, amount, tendered string) string {
	return "insert into payments (id, transaction_id, store_id, terminal_id, cashier_id, method, status, amount, tendered, created_at, updated_at, captured_at) values (gen_random_uuid(), " +
		transaction + ", 'S1', 'T1', 'C1', " + method + ", 'CAPTURED', " + amount + ", " + tendered + ", now(), now(), now())"
}

// newOverride adds an override: number and line; who, approved by, kind, before, after, reason.
func newOverride(transaction, which, what string) string {
	return "insert into line_overrides (transaction_id, override_no, line_no, store_id, terminal_id, cashier_id, approved_by, kind, before, after, reason, at) select transaction_id, " +
		which + ", 'S1', 'T1', " + what + ", now() from line_items" + transaction + " and line_no = 1"
}

func paidWith(where string) string {
	return "update transactions set status = 'PAID', version = 9, finalized_at = now(), business_date = '2026-11-22', receipt_seq = 2, receipt_no = 'S1-T1-0000002', gross = 6000, discount = 0, tax = 444, total = 6000, tax_lines = '[]'" + where
}

func small(t *testing.T) *edge.App {
	t.Helper()
	app := open(t)
	_, err := app.DB.Exec(t.Context(), someRows)
	require.NoError(t, err)
	return app
}

func requireUntouched(t *testing.T, app *edge.App) {
	t.Helper()
	var counts string
	require.NoError(t, app.DB.QueryRow(t.Context(), `select concat_ws(' ', (select count(*) from transactions), (select count(*) from line_items),
		(select count(*) from payments), (select count(*) from outbox), (select last_seq from receipt_counters where terminal_id = 'T1'))`).Scan(&counts))
	require.Equal(t, "4 8 6 2 1", counts)
}

// The guards let pass what the program does: else they would be cheap.
func TestTheDatabaseAllows(t *testing.T) {
	t.Parallel()
	app := small(t)
	for _, c := range []struct{ name, sql string }{
		{"a quantity in a draft", "update line_items set quantity_milli = 2000, gross = 12000" + ofDraft + " and line_no = 1"},
		{"a price is overridden", "update line_items set unit_price = 5000, gross = 5000, list_price = 6000, price_reason = 'x'" + ofDraft + " and line_no = 1"},
		{"and again", "update line_items set unit_price = 4000, gross = 4000" + ofDraft + " and line_no = 1"},
		{"and taken back", "update line_items set unit_price = 6000, gross = 6000, list_price = null, price_reason = null" + ofDraft + " and line_no = 1"},
		{"a discount", "update line_items set discount = 6000, discount_reason = 'x'" + ofDraft + " and line_no = 1"},
		{"and its record", newOverride(ofDraft, "2, 1", "'C1', null, 'DISCOUNT', 0, 6000, 'x'")},
		{"a line is removed from a draft", "update line_items set removed_at = now()" + ofDraft + " and line_no = 1"},
		{"a pending payment is captured", "update payments set status = 'CAPTURED', captured_at = now()" + pending},
		{"an unknown payment turns out", "update payments set status = 'FAILED'" + unknown},
		{"cash of an open basket is given back", "update payments set status = 'CANCELLED'" + openCash},
		{"a basket is suspended", "update transactions set status = 'SUSPENDED', version = 2" + draft},
		{"and resumed by another till", "update transactions set status = 'DRAFT', terminal_id = 'T2', cashier_id = 'M1', resumed_at = now(), version = 3" + draft},
		{"and paid", paidWith(draft)},
		{"a suspended basket is voided", "update transactions set status = 'VOIDED', version = 9" + suspended},
		{"the next receipt", "update receipt_counters set last_seq = last_seq + 1 where terminal_id = 'T1'"},
		{"an event is published", "update outbox set published_at = now(), publish_attempts = 1, last_error = null where id = 2"},
		{"a published event is retired", "delete from outbox where id = 1"},
		{"a new epoch", "update outbox_head set epoch = 2"},
	} {
		_, err := app.DB.Exec(t.Context(), c.sql)
		require.NoError(t, err, c.name)
	}
}
