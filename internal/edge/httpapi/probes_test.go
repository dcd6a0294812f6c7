package httpapi_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
)

func TestWhatNeedsNoToken(t *testing.T) {
	s := openShop(t)
	nobody := &till{shop: s}
	for path, says := range map[string]string{
		"/health": `{"status":"ok"}`, "/ready": `{"status":"ready"}`, "/metrics": "tiem_outbox_pending", "/docs": "<html", "/": "<html",
		"/openapi.json": `"openapi":"3.1`, "/openapi.yaml": "openapi: 3.1",
	} {
		a := nobody.get(path)
		require.Equal(t, 200, a.status, path)
		require.Contains(t, strings.ToLower(string(a.raw)), strings.ToLower(says), path)
	}
}

// The shop's database is gone and comes back: nothing has to be restarted.
func TestTheDatabaseIsGone(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	name := value[string](s, "select current_database()")
	u, err := url.Parse(s.url)
	require.NoError(t, err)
	u.Path = "/postgres"
	admin, err := pgx.Connect(t.Context(), u.String())
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close(context.Background())) }()
	_, err = admin.Exec(t.Context(), "alter database "+name+" with allow_connections false")
	require.NoError(t, err)
	_, err = admin.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
	require.NoError(t, err)

	gone := t1.get("/ready")
	require.Equal(t, 503, gone.status, "%s", gone.raw)
	require.Equal(t, "application/problem+json", gone.header.Get("Content-Type"))
	require.NotContains(t, string(gone.raw), name)
	require.Equal(t, 200, t1.get("/health").status, "the program itself lives")
	for _, a := range []answer{t1.get(path(b, "")), t1.post(path(b, "/items"), object{"barcode": water}), t1.post(path(b, "/finalize"), nil, keyHeader, "k"),
		t1.get("/v1/catalog/items"), t1.get("/v1/status"), t1.get("/v1/outbox"), t1.get("/v1/payments/" + b.ID + "/qr.png")} {
		require.Equal(t, 503, a.status, "%s", a.raw)
		require.Equal(t, "1", a.header.Get("Retry-After"))
		require.NotContains(t, strings.ToLower(string(a.raw)), "sqlstate")
		require.NotContains(t, string(a.raw), name)
	}
	require.Contains(t, string(t1.get("/metrics").raw), "\ntiem_outbox_pending -1\n", "unknown is not zero")

	_, err = admin.Exec(t.Context(), "alter database "+name+" with allow_connections true")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return t1.get("/ready").status == 200 }, 5*time.Second, 10*time.Millisecond)
	t1.cash(b, 6_000, 6_000)
	require.Equal(t, receipt("T1", 1), t1.finalize(b).ReceiptNo)
}

func TestAnOlderSchemaIsNotReady(t *testing.T) {
	s := openShop(t)
	s.exec("delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)")
	refused(t, (&till{shop: s}).get("/ready"), 503, "schema_missing")
}

// The names of contract.md §8; tiem_clock_offset_seconds comes with the health loop.
func TestMetrics(t *testing.T) {
	for name, change := range map[string]func(*edge.Config){
		"with HQ":    func(c *edge.Config) { c.HQURL, c.StoreToken = "http://127.0.0.1:1", "token" },
		"without HQ": func(*edge.Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, change)
			t1 := s.till("T1")
			t1.sell(water)
			text := "\n" + string(t1.get("/metrics").raw)
			want := []string{"tiem_outbox_pending 4", "tiem_outbox_oldest_seconds ", "tiem_sync_online 0",
				`tiem_checkout_seconds_count{call="finalize-transaction"} 1`, `tiem_checkout_seconds_count{call="add-item"} 1`,
				`tiem_checkout_seconds_count{call="create-transaction"} 1`, `tiem_checkout_seconds_count{call="add-payment"} 1`}
			if name == "with HQ" {
				want = append(want, `tiem_relay_batches_total{result="ok"} 0`, `tiem_relay_batches_total{result="failed"} 0`,
					"tiem_relay_attempts_total 0", "tiem_sale_to_hq_seconds_count 0")
			}
			for _, line := range want {
				require.Contains(t, text, "\n"+line)
			}
			require.NotContains(t, text, t1.token)
		})
	}
}
