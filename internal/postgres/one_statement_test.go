package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// Writes that are joined write the same rows, with their own parameters, and one
// that is refused refuses all of them.
func TestWritesAsOneStatement(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, nil)
	_, err := db.Exec(t.Context(), "create table a (id int primary key, word text); create table b (id int primary key)")
	require.NoError(t, err)
	write := func(words []string, ids []int32) error {
		writes := &pgx.Batch{}
		writes.Queue("-- name: A :exec\ninsert into a select n, (select w[n] from (select $2::text[] as w) x) from generate_series(1, $1::int) n", len(words), words)
		writes.Queue("insert into b select unnest($1::int[])", ids)
		sql, args := postgres.OneStatement(writes)
		again, _ := postgres.OneStatement(writes)
		require.Equal(t, sql, again)
		return db.InTx(t.Context(), func(_ context.Context, tx *postgres.Tx) error {
			tx.Queue(sql, args...)
			return nil
		})
	}
	require.NoError(t, write([]string{"một", "hai"}, []int32{7, 8, 9}))
	var words string
	var ids int64
	require.NoError(t, db.QueryRow(t.Context(), "select string_agg(word, ' ' order by id), (select sum(id) from b) from a").Scan(&words, &ids))
	require.Equal(t, "một hai", words)
	require.EqualValues(t, 24, ids)

	_, err = db.Exec(t.Context(), "delete from a")
	require.NoError(t, err)
	require.Equal(t, "b_pkey", postgres.Constraint(write([]string{"ba"}, []int32{7})))
	require.NoError(t, db.QueryRow(t.Context(), "select count(*) from a").Scan(&ids))
	require.Zero(t, ids, "the first write went with the second")
}

// More statements than are kept are joined all the same, and all of them.
func TestManyWritesAsOneStatement(t *testing.T) {
	t.Parallel()
	text := func(n int) (string, int) {
		writes := &pgx.Batch{}
		for i := range n {
			writes.Queue("insert into t values ($1, $2)", i, i)
		}
		sql, args := postgres.OneStatement(writes)
		return sql, len(args)
	}
	for _, n := range []int{1, 12, 13, 20} {
		for range 2 { // the second time it is known
			sql, args := text(n)
			require.Equal(t, n, strings.Count(sql, "insert into t"))
			require.Contains(t, sql, fmt.Sprintf("($%d, $%d)", 2*n-1, 2*n))
			require.Equal(t, 2*n, args)
		}
	}
}

func TestNoWritesAreNoStatement(t *testing.T) {
	t.Parallel()
	sql, args := postgres.OneStatement(&pgx.Batch{})
	require.Empty(t, sql)
	require.Empty(t, args)
}
