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
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	provider, err := goose.NewProvider(goose.DialectPostgres, db, edgedb.Migrations)
	require.NoError(t, err)
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
	for _, earlier := range slices.Backward(before) {
		_, err := provider.Down(t.Context())
		require.NoError(t, err)
		require.Equal(t, earlier, schema(t, db))
	}
	require.NoError(t, postgres.Migrate(t.Context(), url, edgedb.Migrations))
	require.Equal(t, newest, schema(t, db), "and up again")
	require.NoError(t, postgres.Migrate(t.Context(), url, edgedb.Migrations), "twice is harmless")
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
