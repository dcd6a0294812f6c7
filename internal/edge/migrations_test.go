package edge_test

import (
	"database/sql"
	"io/fs"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx", which goose needs
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// Every migration can be stepped up and down again, one by one, and down leaves
// nothing of what up made.
func TestMigrationsStepUpAndDown(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, nil)
	db, provider := steps(t, url)
	files, err := fs.Glob(edgedb.Migrations, "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)

	var before []string // what is there before each step
	for range files {
		before = append(before, schema(t, db))
		_, err := provider.UpByOne(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, before[len(before)-1], schema(t, db))
		_, err = provider.Down(t.Context())
		require.NoError(t, err)
		require.Equal(t, before[len(before)-1], schema(t, db), "down is the way back")
		_, err = provider.UpByOne(t.Context())
		require.NoError(t, err)
	}
	_, err = provider.UpByOne(t.Context())
	require.ErrorIs(t, err, goose.ErrNoNextVersion)
	newest := schema(t, db)
	_, err = db.ExecContext(t.Context(), someRows+changedPrices)
	require.NoError(t, err)
	for i, earlier := range slices.Backward(before) {
		_, err := provider.Down(t.Context())
		require.NoError(t, err)
		require.Equal(t, earlier, schema(t, db))
		_, err = provider.UpByOne(t.Context())
		require.NoError(t, err, "step %d up again, over what a shop has written", i+1)
		_, err = provider.Down(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, postgres.Migrate(t.Context(), url, edgedb.Migrations))
	require.Equal(t, newest, schema(t, db), "and up again")
	require.NoError(t, postgres.Migrate(t.Context(), url, edgedb.Migrations), "twice is harmless")
}

// Migration 00007 turns tax lines from rows into a column, and its way back turns
// them into rows: whatever a shop has sold, with the same sums.
func TestTaxLinesMoveWithTheirSales(t *testing.T) {
	t.Parallel()
	db, provider := steps(t, postgrestest.NewURL(t, nil))
	_, err := provider.UpTo(t.Context(), 6)
	require.NoError(t, err)
	const rows = `select transaction_id::text || ' ' || tax_code || ' ' || rate_bp || ' ' || base || ' ' || tax from tax_lines order by 1`
	exec := func(text string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), text)
		require.NoError(t, err)
	}
	exec(`insert into terminals (terminal_id, store_id, name, token_hash) values ('T1', 'S1', '', decode(repeat('01', 32), 'hex'));
		insert into staff (cashier_id, store_id, name, role, token_hash) values ('C1', 'S1', 'Lan', 'cashier', decode(repeat('03', 32), 'hex'));
		insert into transactions (id, store_id, terminal_id, cashier_id, status, currency, created_at, updated_at)
		select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'S1', 'T1', 'C1', 'DRAFT', 'VND', now(), now() from generate_series(1, 3) n;
		insert into tax_lines values ('00000000-0000-7000-8000-000000000001', 'STANDARD', 800, 9007199254740993, 7), ('00000000-0000-7000-8000-000000000001', 'EXEMPT', 0, 5000, 0);
		update transactions set status = 'PAID', version = 2, finalized_at = now(), business_date = '2026-11-22', receipt_seq = right(id::text, 1)::int,
		  receipt_no = 'S1-T1-' || right(id::text, 7), gross = 9007199254746000, discount = 0, tax = 7, total = 9007199254746000
		where id <> '00000000-0000-7000-8000-000000000003'`)
	before := lines(t, db, rows)
	require.Len(t, before, 2)

	_, err = provider.UpTo(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, []string{
		`PAID [{"tax": 0, "base": 5000, "rate_bp": 0, "tax_code": "EXEMPT"}, {"tax": 7, "base": 9007199254740993, "rate_bp": 800, "tax_code": "STANDARD"}]`,
		"PAID []", "DRAFT none",
	}, lines(t, db, "select status || ' ' || coalesce(tax_lines::text, 'none') from transactions order by id"))
	_, err = provider.DownTo(t.Context(), 6)
	require.NoError(t, err)
	require.Equal(t, before, lines(t, db, rows))
	_, err = provider.UpTo(t.Context(), 7)
	require.NoError(t, err)
}

// Migration 00009 gives every basket to whoever was its cashier, sold ones among
// them, and puts the guards back.
func TestEveryBasketWasOpenedBySomebody(t *testing.T) {
	t.Parallel()
	db, provider := steps(t, postgrestest.NewURL(t, nil))
	_, err := provider.UpTo(t.Context(), 8)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `insert into terminals (terminal_id, store_id, name, token_hash) values ('T1', 'S1', '', decode(repeat('01', 32), 'hex'));
		insert into staff (cashier_id, store_id, name, role) values ('C1', 'S1', 'Lan', 'cashier'), ('C2', 'S1', 'Hoa', 'cashier');
		insert into transactions (id, store_id, terminal_id, cashier_id, status, currency, created_at, updated_at)
		select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'S1', 'T1', 'C' || n, 'DRAFT', 'VND', now(), now() from generate_series(1, 2) n;
		update transactions set status = 'VOIDED', version = 2 where cashier_id = 'C2'`)
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), 9)
	require.NoError(t, err)
	require.Equal(t, []string{"C1 DRAFT", "C2 VOIDED"}, lines(t, db, "select opened_by || ' ' || status from transactions order by id"))
	_, err = db.ExecContext(t.Context(), "update transactions set version = 9 where cashier_id = 'C2'")
	require.ErrorContains(t, err, "never changes")
}

// changedPrices adds to someRows what people do to prices, in an open basket and in
// one that is voided then, and a print.
const changedPrices = `
	insert into line_items (transaction_id, line_no, store_id, terminal_id, cashier_id, item_id, sku, name, unit, category, age_restricted, quantity_milli, unit_price, gross,
	  discount, discount_reason, list_price, price_reason, tax_code, added_at, changed_by)
	select id, 3, 'S1', 'T1', 'C1', gen_random_uuid(), 'SKU', 'Tên', 'cái', 'Loại', false, 1000, 5000, 5000, 700, 'móp', 6000, 'giá trên kệ', 'STANDARD', now(), 'M1'
	from transactions where status in ('DRAFT', 'SUSPENDED');
	update transactions set status = 'VOIDED', version = 9 where status = 'SUSPENDED';
	insert into receipt_prints (transaction_id, copy_no, terminal_id, cashier_id, printed_at) values ('00000000-0000-7000-8000-000000000001', 0, 'T1', 'C1', now());`

// Migration 00009's way back forgets why prices were changed, and who did what;
// what was paid stays, and the way up again takes it.
func TestChangedPricesStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	db, provider := steps(t, postgrestest.NewURL(t, nil))
	_, err := provider.UpTo(t.Context(), 9)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), someRows+changedPrices)
	require.NoError(t, err)
	const prices = "select concat_ws(' ', right(transaction_id::text, 1), line_no, unit_price, gross, discount) from line_items order by transaction_id, line_no"
	before := lines(t, db, prices)
	require.Contains(t, before, "3 3 5000 5000 700")
	require.Contains(t, before, "4 3 5000 5000 700", "of a basket that is voided: nothing changes it but a migration")

	_, err = provider.DownTo(t.Context(), 8)
	require.NoError(t, err)
	require.Equal(t, before, lines(t, db, prices))
	_, err = provider.UpTo(t.Context(), 9)
	require.NoError(t, err)
	require.Equal(t, before, lines(t, db, prices))
	require.Equal(t, []string{"0 none none 8", "700 - none 2"}, lines(t, db, `select concat_ws(' ', discount, coalesce(discount_reason, 'none'), coalesce(list_price::text, 'none'), count(*))
		from line_items group by discount, discount_reason, list_price order by 1`))
	_, err = db.ExecContext(t.Context(), "update line_items set discount_reason = 'x'"+ofVoided)
	require.ErrorContains(t, err, "its rows never change", "the guards are back")
}

// Migration 00008 takes the tokens of people away and gives them no PINs, and its
// way back gives tokens that nobody has: they are still who they were.
func TestPeopleOfBeforeStay(t *testing.T) {
	t.Parallel()
	db, provider := steps(t, postgrestest.NewURL(t, nil))
	exec := func(text string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), text)
		require.NoError(t, err)
	}
	_, err := provider.UpTo(t.Context(), 7)
	require.NoError(t, err)
	exec(`insert into staff (cashier_id, store_id, name, role, token_hash, disabled_at) values
		('C1', 'S1', 'Lan', 'cashier', sha256('c1'), null), ('C2', 'S1', 'Hoa', 'cashier', sha256('c2'), '2026-11-01T00:00:00Z'), ('M1', 'S1', 'Mai', 'manager', sha256('m1'), null);
		insert into terminals (terminal_id, store_id, name, token_hash) values ('T1', 'S1', '', sha256('t1'))`)
	const who = "select concat_ws(' ', cashier_id, name, role, disabled_at is null) from staff order by 1"
	before := lines(t, db, who)
	require.Equal(t, []string{"C1 Lan cashier t", "C2 Hoa cashier f", "M1 Mai manager t"}, before)
	_, err = provider.UpTo(t.Context(), 8)
	require.NoError(t, err)
	require.Equal(t, before, lines(t, db, who))
	require.Equal(t, []string{"t"}, lines(t, db, "select distinct (pin_hash is null)::text::char(1) from staff"))
	exec(`insert into sessions values (sha256('s'), 'T1', 'C1', now(), now() + interval '1 h', null);
		insert into approvals values (sha256('a'), 'T1', 'C1', 'M1', 'discount', gen_random_uuid(), now(), now() + interval '1 h', null);
		insert into pairing_codes values (sha256('c'), 'T9', 'T9', '', now(), now() + interval '1 h', null);
		insert into pin_attempts values ('C1', '', 1, now()); insert into audit_log (at, action) values (now(), 'staff.added');
		insert into staff (cashier_id, store_id, name, role) values ('C3', 'S1', 'Tú', 'cashier')`)
	_, err = provider.DownTo(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, []string{"4 4 0"}, lines(t, db, "select concat_ws(' ', count(*), count(distinct token_hash), count(*) filter (where token_hash in (sha256('c1'), sha256('c2'), sha256('m1')))) from staff"))
	_, err = provider.UpTo(t.Context(), 8)
	require.NoError(t, err)
	require.Equal(t, append(before[:2:2], "C3 Tú cashier t", before[2]), lines(t, db, who))
}

// Events that were retired cannot be told from lost ones without outbox_start.
func TestRetentionIsNotTakenBack(t *testing.T) {
	t.Parallel()
	db, provider := steps(t, postgrestest.NewURL(t, nil))
	_, err := provider.UpTo(t.Context(), 5)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "update outbox_start set first_id = 7")
	require.NoError(t, err)
	_, err = provider.DownTo(t.Context(), 4)
	require.ErrorContains(t, err, "events were retired")
}

// steps goes up and down the migrations of an empty database.
func steps(t *testing.T, url string) (*sql.DB, *goose.Provider) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	provider, err := goose.NewProvider(goose.DialectPostgres, db, edgedb.Migrations)
	require.NoError(t, err)
	return db, provider
}

func lines(t *testing.T, db *sql.DB, query string) (found []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		found = append(found, line)
	}
	require.NoError(t, rows.Err())
	return found
}

// schema lists the tables with their columns, the triggers, constraints, indexes
// and functions of the public schema, goose's own apart.
func schema(t *testing.T, db *sql.DB) string {
	t.Helper()
	var text string
	require.NoError(t, db.QueryRowContext(t.Context(), `
		select coalesce(string_agg(what, E'\n' order by what), '') from (
		  select format('%s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) as what
		    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
		  union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
		  union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
		  union all select indexdef from pg_indexes where schemaname = 'public'
		  union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
		) as everything where what not like '%goose_db_version%'`).Scan(&text))
	return text
}
