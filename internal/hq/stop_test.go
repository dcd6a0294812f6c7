//go:build linux

package hq_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/hqtest"
	"tiem/internal/logtest"
	"tiem/internal/sale"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// stopBudget is what a stop may take in all, and slack is for a busy machine.
const stopBudget, slack = 10 * time.Second, 5 * time.Second

// session is a connection to HQ's own PostgreSQL, past the program.
func session(t *testing.T, cfg hq.Config) *pgx.Conn {
	t.Helper()
	at := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/hq",
		RawQuery: url.Values{"host": {filepath.Join(cfg.DataDir, "postgres")}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()}
	conn, err := pgx.Connect(t.Context(), at.String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// send is a store's batch over HTTP that nobody waits for.
func send(t *testing.T, app *hq.App, token string, batch *wire.Batch) {
	t.Helper()
	body, err := wire.EncodeBatch(batch)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+app.Addr()+"/v1/ingestion/events", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	go func() {
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
}

// stream opens a store's stream; the result sends a batch on it, whose answer
// nobody waits for.
func stream(t *testing.T, app *hq.App, token string, shop *hqtest.Shop) (sell func()) {
	t.Helper()
	conn, err := grpc.NewClient(app.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	rpc, err := wirepb.NewSyncServiceClient(conn).StreamEvents(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token))
	require.NoError(t, err)
	require.NoError(t, rpc.Send(wirepb.FromHello(&wire.Hello{StoreID: shop.ID, Epoch: 1, Head: shop.Head(), HeadHash: shop.HashAt(shop.Head())})))
	_, err = rpc.Recv()
	require.NoError(t, err)
	return func() { require.NoError(t, rpc.Send(wirepb.FromBatch(shop.All()))) }
}

// A PostgreSQL that hangs is left and ended within one budget, whatever waits for
// it; the log tells what that was, and the data is there at the next start.
func TestAStopWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		whatHangs func(*testing.T, *hq.App, hq.Config) (pids []int)
		said      []string
	}{
		"backends": {hungBackends, []string{`"what":"requests"`, "streams wait for the database and are left",
			`did not come back and are left","after_ms":(1000|\d{1,3})\b`, "does not stop in order", "killing a process of PostgreSQL that hangs"}},
		"an idle backend": {idleBackend, []string{"does not stop in order", "killing a process of PostgreSQL that hangs"}},
		"the postmaster":  {onlyThePostmaster, []string{"does not stop in order", "killing a PostgreSQL that hangs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, log := config(t), &logtest.Log{}
			cfg.GRPCAddr = "127.0.0.1:0"
			app, err := hq.Open(t.Context(), cfg, slog.New(slog.NewJSONHandler(log, nil)))
			require.NoError(t, err)
			require.NoError(t, app.Listen(t.Context()))
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ran := make(chan error, 1)
			go func() { ran <- app.Run(ctx) }()
			main := postmaster(t, cfg)
			hang := c.whatHangs(t, app, cfg)
			for _, pid := range hang {
				require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
				t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // it is dead by then, unless the case failed
			}

			begun := time.Now()
			stop()
			require.NoError(t, <-ran)
			require.Equal(t, "postgres_stop_forced", fault.CodeOf(app.Close()))
			require.Less(t, time.Since(begun), stopBudget+slack)
			t.Log(time.Since(begun))
			for _, text := range c.said {
				require.Regexp(t, text, log.String())
			}
			for _, pid := range append(hang, main) {
				require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "nothing is left running")
			}
			again, _ := start(t, cfg)
			stores, err := again.Fleet.List(t.Context(), "", 10)
			require.NoError(t, err)
			require.NotEmpty(t, stores)
		})
	}
}

// onlyThePostmaster hangs, and HQ has nothing to do.
func onlyThePostmaster(t *testing.T, app *hq.App, cfg hq.Config) (pids []int) {
	t.Helper()
	_, err := app.Fleet.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	return []int{postmaster(t, cfg)}
}

// idleBackend is behind a connection that HQ has in its pool and does not use.
func idleBackend(t *testing.T, app *hq.App, _ hq.Config) (pids []int) {
	t.Helper()
	_, err := app.Fleet.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	var pid int
	require.NoError(t, app.DB.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid))
	return []int{pid}
}

// hungBackends lets a request and a stream wait for a lock, and returns the
// processes of PostgreSQL that wait for them.
func hungBackends(t *testing.T, app *hq.App, cfg hq.Config) (pids []int) {
	t.Helper()
	holder, watcher := session(t, cfg), session(t, cfg)
	shops, tokens := []*hqtest.Shop{hqtest.NewShop("S1"), hqtest.NewShop("S2")}, []string{"", ""}
	for i, shop := range shops {
		var err error
		tokens[i], err = app.Fleet.Add(t.Context(), shop.ID, "Store "+shop.ID)
		require.NoError(t, err)
		shop.Sell(hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One})
	}
	sell := stream(t, app, tokens[0], shops[0])
	for _, sql := range []string{"begin", "select from store_streams for update"} {
		_, err := holder.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	sell()
	send(t, app, tokens[1], shops[1].All())
	require.Eventually(t, func() bool {
		rows, err := watcher.Query(t.Context(), "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
		require.NoError(t, err)
		pids, err = pgx.CollectRows(rows, pgx.RowTo[int])
		require.NoError(t, err)
		return len(pids) == 2
	}, 3*time.Second, time.Millisecond)
	return pids
}
