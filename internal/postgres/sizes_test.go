package postgres_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, nil)
	const slot = "tiem_sizes_test"
	_, err := db.Exec(t.Context(), "select pg_create_physical_replication_slot($1, true)", slot)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "create table t as select repeat('x', 1000) from generate_series(1, 3000)")
	require.NoError(t, err)
	s, err := postgres.ReadSizes(t.Context(), db)
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.WAL, int64(16<<20), "a segment at least")
	require.GreaterOrEqual(t, s.Database, int64(3_000_000))
	require.Len(t, s.Slots, 1)
	require.Equal(t, slot, s.Slots[0].Name)
	require.GreaterOrEqual(t, s.Slots[0].Retained, int64(3_000_000), "what was written since")
	_, err = db.Exec(t.Context(), "select pg_drop_replication_slot($1)", slot)
	require.NoError(t, err)
	db.Close()
	_, err = postgres.ReadSizes(t.Context(), db)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// An account that may not ask is no fault: what it may not know is unknown.
func TestSizesForAnOrdinaryAccount(t *testing.T) {
	t.Parallel()
	link := postgrestest.NewURL(t, nil)
	admin, err := postgres.Open(t.Context(), link, postgres.PoolConfig{})
	require.NoError(t, err)
	defer admin.Close()
	_, err = admin.Exec(t.Context(), "create role tiem_sizes_reader login")
	require.NoError(t, err)
	u, err := url.Parse(link)
	require.NoError(t, err)
	u.User = url.User("tiem_sizes_reader")
	reader, err := postgres.Open(t.Context(), u.String(), postgres.PoolConfig{})
	require.NoError(t, err)
	s, err := postgres.ReadSizes(t.Context(), reader)
	reader.Close()
	require.NoError(t, err)
	require.Equal(t, postgres.Unknown, s.WAL)
	require.Positive(t, s.Database)
	_, err = admin.Exec(t.Context(), "drop role tiem_sizes_reader")
	require.NoError(t, err)
}
