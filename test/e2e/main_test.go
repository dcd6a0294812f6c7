// Package e2e puts a store edge and HQ together and follows sales from the till
// to HQ's tables: in one process, so that the race detector sees all of it, and
// as the real programs, driven by what docs/api ships. The faults are next door,
// in test/faults.
package e2e

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/program"
	"tiem/internal/sim"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// chain is HQ and one store in this process, each with a database of its own.
type chain struct {
	store  sim.Store
	edgeDB *postgres.DB
	hqDB   *postgres.DB
	edge   *edge.App
}

const hqToken = "a-token-for-scripts-only"

func openChain(t *testing.T, terminals ...string) *chain {
	t.Helper()
	c := &chain{edgeDB: postgrestest.New(t, edgedb.Migrations), hqDB: postgrestest.New(t, hqdb.Migrations)}
	headquarters := hq.New(c.hqDB, hq.Config{Token: hqToken}, nil)
	server := httptest.NewServer(headquarters.Handler())
	t.Cleanup(server.Close)
	storeToken, err := headquarters.Fleet.Add(t.Context(), "S1", "Tiệm e2e")
	require.NoError(t, err)

	q := edgedb.New()
	_, err = q.InsertStore(t.Context(), c.edgeDB, "S1", "VND")
	require.NoError(t, err)
	require.NoError(t, q.InsertOutboxHead(t.Context(), c.edgeDB, "S1"))
	cfg := edge.Config{StoreID: "S1", Currency: "VND", Timezone: "Asia/Ho_Chi_Minh", DayStart: "00:00", Demo: true, HQURL: server.URL,
		StoreToken: storeToken, SyncProtocol: "http", SyncTimeout: 5e9, SyncRetryMin: 1e6, SyncRetryMax: 1e8, SyncBatch: 50, SyncBatchBacklog: 500,
		Log: program.Log{Level: "info", Format: "json"}}
	c.edge, err = edge.New(c.edgeDB, cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	rows, problems, err := catalog.ReadCSV(bytes.NewReader(demo.Catalogue), []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO", "EXEMPT"})
	require.NoError(t, err)
	require.Empty(t, problems)
	_, err = c.edge.Loader.Load(t.Context(), rows, false)
	require.NoError(t, err)
	pins := sim.PINs{"C1": "4826", "M1": "739108"}
	require.NoError(t, c.edge.People.AddWithPIN(t.Context(), "C1", "Lan", staff.Cashier, pins["C1"]))
	require.NoError(t, c.edge.People.AddWithPIN(t.Context(), "M1", "Hùng", staff.Manager, pins["M1"]))

	c.store = sim.Store{HQURL: server.URL, StoreID: "S1", StoreToken: storeToken, HQToken: hqToken, CashierID: "C1", ManagerID: "M1"}
	for _, id := range terminals {
		token, err := c.edge.Terminals.Add(t.Context(), id, id, false)
		require.NoError(t, err)
		c.store.Tills = append(c.store.Tills, sim.Login{TerminalID: id, Token: token, PINs: pins})
	}
	c.store.EdgeURL = c.serve(t)
	return c
}

// serve runs the edge, its relay among it, until the test ends.
func (c *chain) serve(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- c.edge.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	return "http://" + ln.Addr().String()
}
