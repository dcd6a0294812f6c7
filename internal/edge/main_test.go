package edge_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the shop's zone on any machine

	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// settings are the defaults of the command line, for store S1.
func settings() edge.Config {
	c := edge.Config{Addr: "127.0.0.1:8080", DataDir: "./data/edge", StoreID: "S1", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", DayStart: "00:00",
		SyncProtocol: "http", SyncTimeout: 5 * time.Second, SyncRetryMin: 200 * time.Millisecond, SyncRetryMax: 30 * time.Second,
		SyncBatch: 50, SyncBatchBacklog: 500, HealthInterval: time.Second, HealthFailures: 3}
	c.Log.Level, c.Log.Format = "error", "json"
	return c
}

// open is a shop on a fresh database.
func open(t *testing.T, change ...func(*edge.Config)) *edge.App {
	t.Helper()
	cfg := settings()
	cfg.DatabaseURL = postgrestest.NewURL(t, edgedb.Migrations)
	for _, f := range change {
		f(&cfg)
	}
	app, err := edge.Attach(t.Context(), cfg, nil, true)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, app.Close()) })
	return app
}

func requireConfigFault(t *testing.T, err error, name string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, fault.Config, fault.KindOf(err), "%v", err)
	require.Equal(t, name, fault.As(err).Field)
	require.Equal(t, 78, fault.ExitCode(err))
}
