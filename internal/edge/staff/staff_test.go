package staff_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func people(t *testing.T) *staff.People {
	t.Helper()
	t.Parallel()
	return &staff.People{DB: postgrestest.New(t, edgedb.Migrations), StoreID: "S1"}
}

func TestOnlyStaffMayAct(t *testing.T) {
	all := people(t)
	token, err := all.Add(t.Context(), "C1", "Lan", staff.Cashier)
	require.NoError(t, err)
	require.Len(t, token, 64)
	_, err = all.Add(t.Context(), "M1", "Minh", staff.Manager)
	require.NoError(t, err)
	require.NoError(t, all.MayAct(t.Context(), "C1"))
	require.NoError(t, all.MayAct(t.Context(), "M1"))
	_, err = all.DB.Exec(t.Context(), "update staff set disabled_at = now() where cashier_id = 'C1'")
	require.NoError(t, err)
	for _, id := range []string{"C1", "C9", "", "c1", "' or true --"} {
		err := all.MayAct(t.Context(), id)
		require.Equal(t, "cashier_not_allowed", fault.CodeOf(err), "%q", id)
		require.Equal(t, fault.Forbidden, fault.KindOf(err))
	}
	var kept int
	require.NoError(t, all.DB.QueryRow(t.Context(), "select count(*) from staff where staff::text like '%' || $1 || '%'", token).Scan(&kept))
	require.Zero(t, kept, "the token itself is kept nowhere")
}

// A database that does not answer is no proof that somebody may not act.
func TestNobodyIsRefusedForAnOutage(t *testing.T) {
	all := people(t)
	all.DB.Close()
	err := all.MayAct(t.Context(), "C1")
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	_, err = all.List(t.Context())
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}

func TestAPersonIsAddedOnce(t *testing.T) {
	all := people(t)
	_, err := all.Add(t.Context(), "C1", "Lan", staff.Cashier)
	require.NoError(t, err)
	_, err = all.Add(t.Context(), "C1", "Another", staff.Manager)
	require.Equal(t, "staff_exists", fault.CodeOf(err))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	_, err = all.Add(t.Context(), "C 2", "Minh", staff.Cashier)
	require.Equal(t, "cashier_id_invalid", fault.CodeOf(err))
	for _, role := range []staff.Role{"", "owner", "Manager"} {
		_, err = all.Add(t.Context(), "C2", "Minh", role)
		require.Equal(t, "role_invalid", fault.CodeOf(err))
	}
	list, err := all.List(t.Context())
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, []any{"C1", "Lan", staff.Cashier}, []any{list[0].ID, list[0].Name, list[0].Role})
	require.Nil(t, list[0].DisabledAt)
	require.False(t, list[0].CreatedAt.IsZero())
}
