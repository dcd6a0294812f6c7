package transport

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tiem/internal/edge/uplink"
	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) {
	postgrestest.Main(m, func() error {
		http.DefaultClient.CloseIdleConnections()
		return goleak.Find()
	})
}

const patience = 5 * time.Second

var tea = hqtest.Item{SKU: "TEA", Price: 10_000}

// office is an HQ on two free ports that knows store S1.
type office struct {
	app   *hq.App
	db    *postgres.DB
	token string
	stop  func() error // and wait
}

func serve(t testing.TB, cfg hq.Config) *office {
	t.Helper()
	cfg.Addr, cfg.GRPCAddr = "127.0.0.1:0", "127.0.0.1:0"
	db := postgrestest.New(t, hqdb.Migrations)
	o := &office{app: hq.New(db, cfg, nil), db: db}
	var err error
	o.token, err = o.app.Fleet.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	require.NoError(t, o.app.Listen(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.app.Run(ctx) }()
	stopped := false
	o.stop = func() error {
		cancel()
		if stopped {
			return nil
		}
		stopped = true
		return <-done
	}
	t.Cleanup(func() { require.NoError(t, o.stop()) })
	return o
}

// grpc is S1's way by gRPC to target.
func (o *office) grpc(t testing.TB, target string) *uplink.GRPCWay {
	t.Helper()
	way, err := uplink.NewGRPCWay(target, o.token, patience, nil)
	require.NoError(t, err)
	return way
}

// http is S1's way by HTTP.
func (o *office) http(t testing.TB) *uplink.HTTPWay {
	t.Helper()
	link, err := uplink.NewHTTPLink("http://"+o.app.Addr(), "S1", o.token, patience)
	require.NoError(t, err)
	t.Cleanup(link.Close)
	return uplink.NewHTTPWay(link)
}

// begin opens a conversation that the test's end closes.
func begin(t testing.TB, way uplink.Way, shop *hqtest.Shop) (uplink.Stream, *wire.Answer) {
	t.Helper()
	stream, welcome, err := way.Open(t.Context(), hello(shop))
	require.NoError(t, err)
	t.Cleanup(stream.Close)
	return stream, welcome
}

func hello(shop *hqtest.Shop) *wire.Hello {
	return &wire.Hello{StoreID: shop.ID, Epoch: shop.Epoch, Head: shop.Head(), HeadHash: shop.HashAt(shop.Head()), OldestRetained: 1}
}

func shopOf(sales int) *hqtest.Shop {
	shop := hqtest.NewShop("S1")
	for range sales {
		sell(shop)
	}
	return shop
}

func sell(shop *hqtest.Shop) { shop.Sell(hqtest.Line{Item: tea, Quantity: sale.One}) }

func (o *office) count(t *testing.T, sql string) (n int64) {
	t.Helper()
	require.NoError(t, o.db.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

// ended is how many streams ended for the reason, as HQ's metrics say.
func (o *office) ended(t *testing.T, reason string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+o.app.Addr()+"/metrics", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	found := regexp.MustCompile(`tiem_streams_ended_total\{reason="` + reason + `"\} (\d+)`).FindSubmatch(text)
	require.NotNil(t, found)
	n, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return n
}
