package fleet_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func setup(t *testing.T) (*postgres.DB, *fleet.Fleet) {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	return db, fleet.New(db)
}

func TestAddShowsATokenOnceAndKeepsItsHash(t *testing.T) {
	db, f := setup(t)
	token, err := f.Add(t.Context(), "S1", "  Nguyễn Trãi ")
	require.NoError(t, err)
	require.Regexp(t, "^[0-9a-f]{64}$", token)

	var row string
	require.NoError(t, db.QueryRow(t.Context(), "select s::text from stores s").Scan(&row))
	require.NotContains(t, row, token)
	require.Contains(t, row, "Nguyễn Trãi")

	store, err := f.Get(t.Context(), "S1")
	require.NoError(t, err)
	require.EqualValues(t, 1, store.Epoch)
	require.Zero(t, store.ReceivedUpto)
	require.Nil(t, store.LastSeen)
	require.Nil(t, store.LagEvents)

	other, err := f.Add(t.Context(), "S2", "Lê Lợi")
	require.NoError(t, err)
	require.NotEqual(t, token, other)
}

func TestAddRefuses(t *testing.T) {
	_, f := setup(t)
	_, err := f.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	for name, c := range map[string]struct{ id, name, code string }{
		"a store that is there": {"S1", "Again", "store_exists"},
		"an empty id":           {"", "x", "store_id_invalid"},
		"a hyphen":              {"S-1", "x", "store_id_invalid"},
		"a long id":             {strings.Repeat("S", 17), "x", "store_id_invalid"},
		"Vietnamese letters":    {"TIỆM", "x", "store_id_invalid"},
		"no name":               {"S2", "  ", "store_name_invalid"},
		"a long name":           {"S2", strings.Repeat("ệ", 201), "store_name_invalid"},
		"NUL in the name":       {"S2", "a\x00b", "store_name_invalid"},
	} {
		_, err := f.Add(t.Context(), c.id, c.name)
		require.Equal(t, c.code, fault.CodeOf(err), name)
	}
	stores, err := f.List(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, stores, 1)
	_, err = f.Add(t.Context(), "S2", strings.Repeat("ệ", 200))
	require.NoError(t, err)
}

func TestARotatedTokenReplacesTheOldOneAtOnce(t *testing.T) {
	_, f := setup(t)
	old, err := f.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	id, err := f.Authenticate(t.Context(), old)
	require.NoError(t, err)
	require.Equal(t, "S1", id)

	fresh, err := f.Rotate(t.Context(), "S1")
	require.NoError(t, err)
	_, err = f.Authenticate(t.Context(), old)
	require.Equal(t, "token_invalid", fault.CodeOf(err))
	require.Equal(t, fault.Unauthorized, fault.KindOf(err))
	id, err = f.Authenticate(t.Context(), fresh)
	require.NoError(t, err)
	require.Equal(t, "S1", id)

	_, err = f.Rotate(t.Context(), "S9")
	require.Equal(t, "store_unknown", fault.CodeOf(err))
	_, err = f.Authenticate(t.Context(), "")
	require.Equal(t, "token_missing", fault.CodeOf(err))
}

func TestListPages(t *testing.T) {
	_, f := setup(t)
	for _, id := range []string{"S3", "S1", "S2"} {
		_, err := f.Add(t.Context(), id, id)
		require.NoError(t, err)
	}
	page, err := f.List(t.Context(), "S1", 1)
	require.NoError(t, err)
	require.Len(t, page, 1)
	require.Equal(t, "S2", page[0].StoreID)
	_, err = f.Get(t.Context(), "S9")
	require.Equal(t, "store_unknown", fault.CodeOf(err))
}

func TestTouchAndLag(t *testing.T) {
	db, f := setup(t)
	_, err := f.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	require.NoError(t, f.Touch(t.Context(), "S1"))
	_, err = db.Exec(t.Context(), "update store_streams set claimed_head = 7, received_upto = 5")
	require.NoError(t, err)
	store, err := f.Get(t.Context(), "S1")
	require.NoError(t, err)
	require.NotNil(t, store.LastSeen)
	require.EqualValues(t, 2, *store.LagEvents)
}

// A store that asks where HQ stands costs no flush of the disk, and it asks every
// minute. What the trigger sees is what COMMIT goes by.
func TestStandingDoesNotWaitForTheDisk(t *testing.T) {
	db, f := setup(t)
	_, err := f.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	for _, sql := range []string{
		"create table seen (setting text)",
		"create function look() returns trigger language plpgsql as $$ begin insert into seen values (current_setting('synchronous_commit')); return null; end $$",
		"create constraint trigger looks after update on store_streams deferrable initially deferred for each row execute function look()",
	} {
		_, err := db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	at, err := f.Standing(t.Context(), "S1", 7)
	require.NoError(t, err)
	require.Equal(t, "S1", at.StoreID)
	var setting, after string
	require.NoError(t, db.QueryRow(t.Context(), "select setting from seen").Scan(&setting))
	require.Equal(t, "off", setting)
	require.NoError(t, db.QueryRow(t.Context(), "select current_setting('synchronous_commit')").Scan(&after))
	require.Equal(t, "on", after, "for this question only")
	_, err = f.Standing(t.Context(), "S2", 7)
	require.Equal(t, "store_unknown", fault.CodeOf(err))
}
