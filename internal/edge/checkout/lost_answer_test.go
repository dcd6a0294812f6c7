package checkout_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/staff"
	"tiem/internal/edge/till"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// line is a connection to PostgreSQL that can be cut just as COMMIT's answer
// comes back: the commit has happened, and nobody was told.
type line struct {
	target string
	cut    atomic.Bool
}

// listen serves the line as a PostgreSQL socket and returns its directory.
func (l *line) listen(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tiem-line-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, ".s.PGSQL.5432"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go l.forward(client)
		}
	}()
	return dir
}

func (l *line) forward(client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(context.Background(), "unix", l.target)
	if err != nil {
		_ = client.Close()
		return
	}
	pipe := func(from, to net.Conn, watch bool) {
		defer func() { _ = from.Close(); _ = to.Close() }()
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			if watch && bytes.Contains(buffer[:n], []byte("COMMIT\x00")) && l.cut.CompareAndSwap(true, false) {
				return
			}
			if n > 0 {
				if _, err := to.Write(buffer[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go pipe(client, server, false)
	go pipe(server, client, true)
}

// desk is a store's checkout over the line, with one item and one till.
func desk(t *testing.T) (*checkout.Desk, *line, *postgres.DB) {
	t.Helper()
	url := postgrestest.NewURL(t, edgedb.Migrations)
	cfg, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	l := &line{target: filepath.Join(cfg.Host, ".s.PGSQL.5432")}
	direct, err := postgres.Open(t.Context(), url, postgres.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(direct.Close)
	db, err := postgres.Open(t.Context(), "host="+l.listen(t)+" port=5432 user="+cfg.User+" dbname="+cfg.Database, postgres.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(db.Close)

	q, log, day := edgedb.New(), &outbox.Log{}, sale.Calendar{Zone: time.UTC}
	_, err = q.InsertStore(t.Context(), direct, "S1", "VND")
	require.NoError(t, err)
	require.NoError(t, q.InsertOutboxHead(t.Context(), direct, "S1"))
	people := &staff.People{DB: direct, StoreID: "S1"}
	_, err = people.Add(t.Context(), "C1", "Lan", staff.Cashier)
	require.NoError(t, err)
	_, err = (&till.Terminals{DB: direct, StoreID: "S1"}).Add(t.Context(), "T1", "T1", false)
	require.NoError(t, err)
	loader := &catalog.Loader{DB: direct, Log: log, StoreID: "S1", Now: time.Now, Day: day}
	_, err = loader.Load(t.Context(), []catalog.Row{{SKU: "WATER", Name: "Nước", Unit: "chai", Barcodes: []string{"8934588063145"}, Price: 6000,
		PriceSource: "observed", TaxCode: "STANDARD", Category: "Nước", OpeningStock: 10 * sale.One}}, false)
	require.NoError(t, err)
	return &checkout.Desk{DB: db, Log: log, Catalog: catalog.New(db), People: &staff.People{DB: db, StoreID: "S1"}, StoreID: "S1",
		Currency: "VND", Day: day, Now: time.Now}, l, direct
}

func paid(t *testing.T, d *checkout.Desk) (checkout.Caller, uuid.UUID) {
	t.Helper()
	by, id := basketOf(t, d)
	_, err := d.Pay(t.Context(), by, id, sale.Tender{Method: sale.Cash, Amount: 6000})
	require.NoError(t, err)
	return by, id
}

// COMMIT happened and its answer was lost: finalize looks the sale up and
// answers with its receipt, as if nothing had been.
func TestFinalizeWhoseCommitAnswerIsLost(t *testing.T) {
	t.Parallel()
	d, l, direct := desk(t)
	by, id := paid(t, d)
	l.cut.Store(true)
	reply, err := d.Finalize(t.Context(), by, id)
	require.NoError(t, err)
	require.False(t, l.cut.Load(), "the line was cut")
	require.Equal(t, sale.Paid, reply.Body.Status)
	require.Equal(t, "S1-T1-0000001", reply.Body.ReceiptNo)
	again, err := d.Finalize(t.Context(), by, id)
	require.NoError(t, err)
	require.Equal(t, reply.Body, again.Body)
	require.Equal(t, int64(4), head(t, direct), "the load and three events: one sale")
}

// A change whose COMMIT's answer is lost is in doubt, and never run again by
// itself: the till is told to look, and its retry finds what stands.
func TestScanWhoseCommitAnswerIsLost(t *testing.T) {
	t.Parallel()
	d, l, _ := desk(t)
	by, id := checkout.Caller{TerminalID: "T1"}, uuid.Must(uuid.NewV7())
	by.Once.TerminalID, by.Once.Key = "T1", "scan-1"
	_, err := d.Create(t.Context(), checkout.Caller{TerminalID: "T1"}, checkout.Opening{ID: id, CashierID: "C1"})
	require.NoError(t, err)
	l.cut.Store(true)
	scan := checkout.Scan{Barcode: "8934588063145", Quantity: sale.One}
	_, err = d.AddItem(t.Context(), by, id, scan)
	require.Equal(t, "commit_unknown", fault.CodeOf(err))
	require.Equal(t, fault.Unknown, fault.KindOf(err))
	reply, err := d.AddItem(t.Context(), by, id, scan)
	require.NoError(t, err)
	require.True(t, reply.Replayed)
	require.Len(t, reply.Body.Lines, 1, "one scan, one line")
}

func head(t *testing.T, db *postgres.DB) int64 {
	t.Helper()
	h, err := edgedb.New().GetHead(t.Context(), db)
	require.NoError(t, err)
	return h.LastID
}
