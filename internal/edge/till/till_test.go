package till_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// terminals are none yet, of a store whose manager is M1.
func terminals(t *testing.T) *till.Terminals {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	_, err := db.Exec(t.Context(), "insert into staff (cashier_id, store_id, name, role) values ('M1', 'S1', 'Minh', 'manager')")
	require.NoError(t, err)
	return &till.Terminals{DB: db, StoreID: "S1"}
}

func TestATillIsKnownByItsToken(t *testing.T) {
	all := terminals(t)
	first, err := all.Add(t.Context(), "T1", "Till 1", false)
	require.NoError(t, err)
	second, err := all.Add(t.Context(), "T2", "Till 2", false)
	require.NoError(t, err)
	for token, want := range map[string]string{first: "T1", second: "T2"} {
		id, err := all.ByToken(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, want, id)
	}
	for token, code := range map[string]string{"": "token_missing", "x": "token_invalid", first[1:]: "token_invalid", first + " ": "token_invalid"} {
		_, err := all.ByToken(t.Context(), token)
		require.Equal(t, code, fault.CodeOf(err))
		require.Equal(t, fault.Unauthorized, fault.KindOf(err))
	}
	var kept int
	require.NoError(t, all.DB.QueryRow(t.Context(), "select count(*) from terminals where terminals::text like '%' || $1 || '%'", first).Scan(&kept))
	require.Zero(t, kept, "the token itself is kept nowhere")
	var counter int64
	require.NoError(t, all.DB.QueryRow(t.Context(), "select last_seq from receipt_counters where terminal_id = 'T1'").Scan(&counter))
	require.Zero(t, counter, "a till comes with its receipt numbers")
}

func TestATillIsAddedOnce(t *testing.T) {
	all := terminals(t)
	token, err := all.Add(t.Context(), "T1", "Till 1", false)
	require.NoError(t, err)
	var running sync.WaitGroup
	var added atomic.Int32
	for range 8 {
		running.Go(func() {
			if _, err := all.Add(t.Context(), "T2", "Till 2", false); err == nil {
				added.Add(1)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, 1, added.Load())
	_, err = all.Add(t.Context(), "T1", "Another", false)
	require.Equal(t, "terminal_exists", fault.CodeOf(err))
	require.ErrorContains(t, err, "--rotate")
	_, err = all.ByToken(t.Context(), token)
	require.NoError(t, err, "a refusal leaves the token alone")
	for _, id := range []string{"", "T 1", "T-1", "T1\n", "Tủ", "12345678901234567"} {
		_, err := all.Add(t.Context(), id, "x", false)
		require.Equal(t, "terminal_id_invalid", fault.CodeOf(err), "%q", id)
	}
}

func TestANewTokenReplacesTheOld(t *testing.T) {
	all := terminals(t)
	old, err := all.Add(t.Context(), "T1", "Till 1", true) // nothing to rotate: it is added
	require.NoError(t, err)
	_, err = all.DB.Exec(t.Context(), "update receipt_counters set last_seq = last_seq + 1")
	require.NoError(t, err)
	_, err = all.DB.Exec(t.Context(), "update terminals set revoked_at = now()")
	require.NoError(t, err)
	_, err = all.ByToken(t.Context(), old)
	require.Equal(t, "token_invalid", fault.CodeOf(err), "a revoked till is nobody")
	list, err := all.List(t.Context())
	require.NoError(t, err)
	require.NotNil(t, list[0].RevokedAt)

	fresh, err := all.Add(t.Context(), "T1", "ignored", true)
	require.NoError(t, err)
	_, err = all.ByToken(t.Context(), old)
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	id, err := all.ByToken(t.Context(), fresh)
	require.NoError(t, err)
	require.Equal(t, "T1", id)
	var counter int64
	require.NoError(t, all.DB.QueryRow(t.Context(), "select last_seq from receipt_counters").Scan(&counter))
	require.EqualValues(t, 1, counter, "receipt numbers go on")
}

func TestListing(t *testing.T) {
	all := terminals(t)
	for _, id := range []string{"T2", "T10", "T1"} {
		_, err := all.Add(t.Context(), id, "Till "+id, false)
		require.NoError(t, err)
	}
	list, err := all.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, []string{"T1", "T10", "T2"}, []string{list[0].ID, list[1].ID, list[2].ID})
	require.Equal(t, "Till T1", list[0].Name)
	require.Nil(t, list[0].RevokedAt)
}
