package grpcapi

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

func TestMain(m *testing.M) { postgrestest.Main(m, func() error { return goleak.Find() }) }

var tea = hqtest.Item{SKU: "TEA", Price: 10_000}

func one(item hqtest.Item) hqtest.Line { return hqtest.Line{Item: item, Quantity: sale.One} }

// hq is a server in memory, with a database that knows the stores S1 and S2.
type hq struct {
	*Server

	db     *postgres.DB
	intake *intake.Intake
	tokens map[string]string
	net    *bufconn.Listener
	stop   func() // and wait
}

func setup(t testing.TB, change ...func(*Parts)) *hq {
	t.Helper()
	if parallel, ok := t.(*testing.T); ok {
		parallel.Parallel()
	}
	db := postgrestest.New(t, hqdb.Migrations)
	parts := Parts{Fleet: fleet.New(db), Intake: intake.New(db, prometheus.NewRegistry()), Ready: func(context.Context) error { return nil },
		Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()}
	for _, c := range change {
		c(&parts)
	}
	h := &hq{Server: New(parts), db: db, intake: parts.Intake, tokens: map[string]string{}, net: bufconn.Listen(1 << 20)}
	for _, id := range []string{"S1", "S2"} {
		token, err := parts.Fleet.Add(t.Context(), id, "Store "+id)
		require.NoError(t, err)
		h.tokens[id] = token
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, h.net) }()
	stopped := false
	h.stop = func() {
		cancel()
		if !stopped {
			stopped = true
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(h.stop)
	return h
}

func (h *hq) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///hq", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return h.net.DialContext(ctx) }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// store is a client that keeps no rule but those of a test.
type store struct {
	t    *testing.T
	conn *grpc.ClientConn
	rpc  wirepb.SyncService_StreamEventsClient
}

// open opens a stream with S1's token and says nothing yet.
func (h *hq) open(t *testing.T, token string) *store {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token)
	}
	conn := h.dial(t)
	rpc, err := wirepb.NewSyncServiceClient(conn).StreamEvents(ctx)
	require.NoError(t, err)
	return &store{t, conn, rpc}
}

// greet opens a stream of the shop and takes the welcome.
func (h *hq) greet(t *testing.T, shop *hqtest.Shop) (*store, *wire.Answer) {
	t.Helper()
	s := h.open(t, "Bearer "+h.tokens[shop.ID])
	s.say(wirepb.FromHello(hello(shop)))
	return s, s.hear()
}

func hello(shop *hqtest.Shop) *wire.Hello {
	return &wire.Hello{StoreID: shop.ID, Epoch: shop.Epoch, Head: shop.Head(), HeadHash: shop.HashAt(shop.Head()), OldestRetained: 1,
		SchemaVersions: map[string]int32{wire.TypeSaleRecorded: 1}}
}

func (s *store) say(messages ...*wirepb.EventBatch) {
	s.t.Helper()
	for _, m := range messages {
		require.NoError(s.t, s.rpc.Send(m))
	}
}

func (s *store) send(batch *wire.Batch) { s.t.Helper(); s.say(wirepb.FromBatch(batch)) }

// hear is HQ's next answer, which must come.
func (s *store) hear() *wire.Answer {
	s.t.Helper()
	message, err := s.rpc.Recv()
	require.NoError(s.t, err)
	answer, err := wirepb.Answer(message)
	require.NoError(s.t, err)
	return answer
}

// refused is HQ's refusal, which must come next.
func (s *store) refused(code string) *fault.Error {
	s.t.Helper()
	_, err := s.rpc.Recv()
	refusal := refusalIn(s.t, err)
	require.Equal(s.t, code, refusal.Code, "%v", err)
	return refusal
}

func refusalIn(t *testing.T, err error) *fault.Error {
	t.Helper()
	refusal := wirepb.Refusal(status.Convert(err))
	require.NotNil(t, refusal, "%v", err)
	return refusal
}

// closed says good-bye and makes sure that HQ does, too.
func (s *store) closed() {
	s.t.Helper()
	require.NoError(s.t, s.rpc.CloseSend())
	_, err := s.rpc.Recv()
	require.ErrorIs(s.t, err, io.EOF)
}

func (h *hq) count(t *testing.T, sql string) (n int64) {
	t.Helper()
	require.NoError(t, h.db.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

// ended is how many streams ended for the reason.
func (h *hq) ended(t *testing.T, reason string) float64 {
	t.Helper()
	return value(t, h.metrics.ended.WithLabelValues(reason))
}

func shopOf(id string, sales int) *hqtest.Shop {
	shop := hqtest.NewShop(id)
	for range sales {
		shop.Sell(one(tea))
	}
	return shop
}

// hold locks S1's stream, so that its batches wait, until the result is called.
func (h *hq) hold(t *testing.T) (release func()) {
	t.Helper()
	conn, err := h.db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select 1 from store_streams where store_id = 'S1' for update")
	require.NoError(t, err)
	done := false
	release = func() {
		if !done {
			done = true
			err := tx.Rollback(context.WithoutCancel(t.Context()))
			conn.Release() // else the end of the test waits for it
			require.NoError(t, err)
		}
	}
	t.Cleanup(release)
	return release
}

const patience = 5 * time.Second
