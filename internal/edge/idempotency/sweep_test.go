package idempotency_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/idempotency"
)

func TestForgettingIsInSmallBatches(t *testing.T) {
	c := newCounter(t)
	for _, sql := range []string{
		`insert into idempotency_keys (terminal_id, key, request_hash, status, body, created_at)
		 select 'T1', n::text, decode(repeat('00', 32), 'hex'), 200, '{}', now() - interval '36 days' from generate_series(1, 1201) n`,
		`insert into idempotency_keys (terminal_id, key, request_hash, status, body, created_at) values ('T1', 'new', decode(repeat('00', 32), 'hex'), 200, '{}', now())`,
		`create table statements (n bigint)`,
		`create function count_rows() returns trigger language plpgsql as $$ begin insert into statements select count(*) from gone; return null; end $$`,
		`create trigger counts after delete on idempotency_keys referencing old table as gone for each statement execute function count_rows()`,
	} {
		_, err := c.db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	n, err := idempotency.Sweep(t.Context(), c.db, time.Now())
	require.NoError(t, err)
	require.EqualValues(t, 1201, n)
	require.Equal(t, 1, c.rows(t, "idempotency_keys"))
	var sizes string
	require.NoError(t, c.db.QueryRow(t.Context(), "select string_agg(n::text, ' ') from statements").Scan(&sizes))
	require.Equal(t, "500 500 201", sizes)
}
