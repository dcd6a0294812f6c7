package edge_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

// A database belongs to the first store that is configured for it.
func TestADatabaseBelongsToOneStore(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, edgedb.Migrations)
	attach := func(storeID, currency string, writes bool) (*edge.App, error) {
		cfg := settings()
		cfg.DatabaseURL, cfg.StoreID, cfg.Currency = url, storeID, currency
		return edge.Attach(t.Context(), cfg, nil, writes)
	}
	_, err := attach("", "VND", false)
	requireConfigFault(t, err, "EDGE_STORE_ID") // nobody's yet
	_, err = attach("", "VND", true)
	requireConfigFault(t, err, "EDGE_STORE_ID")

	app, err := attach("S1", "VND", false)
	require.NoError(t, err)
	require.NoError(t, app.Close())
	_, err = attach("S2", "VND", false)
	requireConfigFault(t, err, "EDGE_STORE_ID")
	require.Equal(t, "store_mismatch", fault.CodeOf(err))
	require.ErrorContains(t, err, "S1")
	_, err = attach("s1", "VND", true)
	requireConfigFault(t, err, "EDGE_STORE_ID")
	_, err = attach("S1", "USD", true)
	requireConfigFault(t, err, "EDGE_CURRENCY")

	_, err = attach("", "VND", true)
	requireConfigFault(t, err, "EDGE_STORE_ID") // a command that writes says for whom
	app, err = attach("", "VND", false)
	require.NoError(t, err, "a command that reads takes the database's word")
	require.Equal(t, "S1", app.Desk.StoreID)
	require.NoError(t, app.Close())
}

func TestASchemaThatIsNotOurs(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.DatabaseURL = postgrestest.NewURL(t, nil)
	_, err := edge.Attach(t.Context(), cfg, nil, true)
	require.Equal(t, "schema_missing", fault.CodeOf(err))
	require.Equal(t, 1, fault.ExitCode(err))
	require.ErrorContains(t, err, "migrate")
	require.NoError(t, edge.Migrate(t.Context(), cfg, nil))
	require.NoError(t, edge.Migrate(t.Context(), cfg, nil))
	app, err := edge.Open(t.Context(), cfg, nil)
	require.NoError(t, err)

	_, err = app.DB.Exec(t.Context(), "insert into goose_db_version (version_id, is_applied) values (999, true)")
	require.NoError(t, err)
	require.NoError(t, app.Close())
	_, err = edge.Open(t.Context(), cfg, nil)
	require.Equal(t, "schema_newer", fault.CodeOf(err), "an older program does not write to a newer schema")
	require.Equal(t, 78, fault.ExitCode(err))
	_, err = edge.Attach(t.Context(), cfg, nil, false)
	require.Error(t, err)
}

func TestADatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.DatabaseURL = "postgres://u:secret@127.0.0.1:1/edge?connect_timeout=1"
	_, err := edge.Open(t.Context(), cfg, nil)
	require.Error(t, err)
	require.Equal(t, 1, fault.ExitCode(err))
	cfg.DatabaseURL = "postgres://u:secret@[::1/edge"
	_, err = edge.Open(t.Context(), cfg, nil)
	requireConfigFault(t, err, "EDGE_DATABASE_URL")
	require.NotContains(t, err.Error(), "secret")
	cfg.StoreID = ""
	for _, writing := range []error{edge.Migrate(t.Context(), cfg, nil), second(edge.Open(t.Context(), cfg, nil))} {
		requireConfigFault(t, writing, "EDGE_STORE_ID")
	}
}

func second(_ *edge.App, err error) error { return err }

func TestATakenAddressIsNamed(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	app := open(t, func(c *edge.Config) { c.Addr = taken.Addr().String() })
	requireConfigFault(t, app.Run(t.Context()), "EDGE_ADDR")
}

// New is for tests: parts on a database that is there, and the caller's.
func TestNewLeavesTheDatabaseToItsOwner(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	app, err := edge.New(db, settings(), nil)
	require.NoError(t, err)
	require.NoError(t, app.Close())
	require.NoError(t, db.Ping(t.Context()))
	require.Implements(t, (*http.Handler)(nil), app.Handler())
	cfg := settings()
	cfg.HQURL, cfg.StoreToken = "nonsense", "token"
	_, err = edge.New(db, cfg, nil)
	requireConfigFault(t, err, "HQ_URL")
}
