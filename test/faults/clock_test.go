package faults

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/board"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/staff"
	"tiem/internal/hq"
	"tiem/internal/hq/audit"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
)

const year = 365 * 24 * time.Hour

// HQ's clock is a year ahead, and the shop's jumps: now, a year back, a year
// ahead, back again. The order at HQ is that of the ids, nothing is refused or
// doubled, and both sides show how far the clocks are apart.
//
// A process's clock cannot be set for it alone, so this is the one case in which
// both programs' Apps run in the test's own process.
func TestFault45ClocksAYearApart(t *testing.T) {
	t.Parallel()
	settings := hq.Config{Addr: "127.0.0.1:0", DataDir: postgrestest.DataDir(t)}
	settings.Log.Level, settings.Log.Format = "error", "json"
	far, err := hq.Open(t.Context(), settings, settings.Log.Logger())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, far.Close()) })
	far.Fleet.Now = func() time.Time { return time.Now().Add(year) }
	server := httptest.NewServer(far.Handler())
	t.Cleanup(server.Close)
	storeToken, err := far.Fleet.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	app, tillToken := openHere(t, server.URL, storeToken)

	for _, off := range []time.Duration{0, -year, year, -year} {
		app.Desk.Now = func() time.Time { return time.Now().Add(off) }
		sellHere(t, app)
	}
	var status board.State
	require.Eventually(t, func() bool {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/status", nil)
		request.Header.Set("Authorization", "Bearer "+tillToken)
		app.Handler().ServeHTTP(recorder, request)
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &status))
		return status.PendingEvents == 0 && status.ClockOffsetMS != nil
	}, patience, waitStep)
	require.Nil(t, status.Alarm)
	require.InDelta(t, -year.Milliseconds(), *status.ClockOffsetMS, 2000, "the edge shows it")
	require.Equal(t, "ONLINE", status.Connectivity)
	require.NotNil(t, status.Health.LastProbeAt)
	recorder := httptest.NewRecorder()
	app.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	require.Regexp(t, `(?m)^tiem_clock_offset_seconds -3\.153\d+e\+07$`, recorder.Body.String())
	require.Eventually(t, func() bool {
		at, err := far.Fleet.Get(t.Context(), "S1")
		require.NoError(t, err)
		return at.ClockOffsetMS != nil && *at.ClockOffsetMS < -year.Milliseconds()+2000 && *at.ClockOffsetMS > -year.Milliseconds()-2000
	}, patience, waitStep, "and HQ shows it")

	report, err := audit.Verify(t.Context(), far.DB, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad)
	require.EqualValues(t, 4, report.Sales)
	require.Equal(t, status.Head, report.Events)
	var back int
	require.NoError(t, far.DB.QueryRow(t.Context(), `select count(*) from (
		select occurred_at < lag(occurred_at) over (order by id) as back from hq_inbox) e where back`).Scan(&back))
	require.Equal(t, 2, back, "time went back twice, and the ids did not")
}

// openHere is a shop in this process, with one article, one till and one cashier,
// that relays to an HQ; it returns the till's token.
func openHere(t *testing.T, hqURL, storeToken string) (*edge.App, string) {
	t.Helper()
	cfg := edge.Config{Addr: "127.0.0.1:0", DataDir: postgrestest.DataDir(t), StoreID: "S1", Timezone: "Asia/Ho_Chi_Minh",
		Currency: "VND", DayStart: "00:00", HQURL: hqURL, StoreToken: storeToken, SyncProtocol: "http", SyncTimeout: 5 * time.Second,
		SyncRetryMin: time.Millisecond, SyncRetryMax: time.Second, SyncBatch: 50, SyncBatchBacklog: 500, HealthInterval: 50 * time.Millisecond, HealthFailures: 3}
	cfg.Log.Level, cfg.Log.Format = "error", "json"
	app, err := edge.Open(t.Context(), cfg, cfg.Log.Logger())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, app.Close()) })
	_, err = app.Loader.Load(t.Context(), []catalog.Row{{SKU: "NUOC-0001", Name: "Nước", Unit: "chai", Price: 6_000, TaxCode: "STANDARD",
		Category: "Nước", PriceSource: "observed"}}, false)
	require.NoError(t, err)
	token, err := app.Terminals.Add(t.Context(), "T1", "Till 1", false)
	require.NoError(t, err)
	_, err = app.People.Add(t.Context(), "C1", "Lan", staff.Cashier)
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- app.Serve(ctx, ln) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-served) })
	return app, token
}

func sellHere(t *testing.T, app *edge.App) {
	t.Helper()
	ctx := t.Context()
	by := checkout.Caller{TerminalID: "T1", Cashier: staff.Actor{CashierID: "C1", Role: staff.Cashier}}
	opened, err := app.Desk.Create(ctx, by, checkout.Opening{CashierID: "C1"})
	require.NoError(t, err)
	id := opened.Body.ID
	_, err = app.Desk.AddItem(ctx, by, id, checkout.Scan{ItemID: catalog.ItemID("NUOC-0001"), Quantity: sale.One})
	require.NoError(t, err)
	_, err = app.Desk.Pay(ctx, by, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: 6_000})
	require.NoError(t, err)
	done, err := app.Desk.Finalize(ctx, by, id)
	require.NoError(t, err)
	require.Equal(t, sale.Paid, done.Body.Status)
}
