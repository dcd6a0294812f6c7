package hq_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/doctor"
	"tiem/internal/hq"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
)

// examined is what doctor found, by check.
func examined(t *testing.T, cfg hq.Config) map[string]doctor.Check {
	t.Helper()
	found := map[string]doctor.Check{}
	for _, c := range hq.Doctor(t.Context(), cfg, slog.New(slog.DiscardHandler)).Checks {
		require.NotContains(t, c.Found+c.Advice, "geheimgeheimgeheim")
		require.Equal(t, c.Status != doctor.OK, c.Advice != "", "%v", c)
		found[c.Name] = c
	}
	return found
}

func requireFound(t *testing.T, c doctor.Check, status doctor.Status, found string) {
	t.Helper()
	require.Equal(t, status, c.Status, c.Found)
	require.Contains(t, c.Found, found)
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Token = "geheimgeheimgeheim"
	now := examined(t, cfg)
	requireFound(t, now["data directory"], doctor.Fail, "does not exist")
	requireFound(t, now["database"], doctor.Fail, "there is none")
	requireFound(t, now["logs"], doctor.Warn, "not checked")
	requireFound(t, now["configuration"], doctor.OK, "HQ_TOKEN set")
	without := cfg
	without.GRPCAddr = ""
	requireFound(t, examined(t, without)["configuration"], doctor.OK, ", no gRPC, plaintext")
	require.NoDirExists(t, cfg.DataDir, "a doctor makes no data")

	app, stop := start(t, cfg)
	for _, id := range []string{"S1", "S2"} {
		_, err := app.Fleet.Add(t.Context(), id, "Nguyễn Trãi")
		require.NoError(t, err)
	}
	shop := hqtest.NewShop("S1")
	shop.Sell(hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One})
	_, err := app.Intake.Accept(t.Context(), shop.All())
	require.NoError(t, err)
	now = examined(t, cfg)
	for _, name := range []string{"data directory", "socket", "postgresql", "server", "database", "durability", "schema", "disk", "wal", "database clock", "logs", "quarantine"} {
		requireFound(t, now[name], doctor.OK, "")
	}
	requireFound(t, now["server"], doctor.OK, "(serve)")
	requireFound(t, now["database"], doctor.OK, "that runs")
	requireFound(t, now["logs"], doctor.OK, "2 stores")

	const put = "update store_streams s set received_upto = was.received_upto, chain_hash = was.chain_hash from was where was.store_id = s.store_id"
	run := func(sql string) {
		_, err := app.DB.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	run("create table was as select * from store_streams")
	for sql, found := range map[string]string{
		"update store_streams set received_upto = 4 where store_id = 'S1'":                            "S1 says 4, its log ends at 3",
		"update store_streams set chain_hash = decode(repeat('ab', 32), 'hex') where store_id = 'S1'": "S1 says 3, its log ends at 3",
		"update store_streams set received_upto = 1 where store_id = 'S2'":                            "S2 says 1, its log ends at 0",
	} {
		run(sql)
		requireFound(t, examined(t, cfg)["logs"], doctor.Fail, found)
		run(put)
	}
	run("drop table was")
	shop.AppendRaw("FromTheFuture", 1, shop.Events[0].AggregateID, "{}")
	_, err = app.Intake.Accept(t.Context(), shop.All())
	require.NoError(t, err)
	cfg.Addr = "0.0.0.0:0"
	now = examined(t, cfg)
	requireFound(t, now["quarantine"], doctor.Warn, "1 events")
	requireFound(t, now["logs"], doctor.OK, "2 stores")
	requireFound(t, now["configuration"], doctor.Fail, "0.0.0.0:0")
	require.Contains(t, now["configuration"].Advice, "HQ_ADDR", "HQ would not start with it, and says the same")
	require.Contains(t, now["configuration"].Advice, "HQ_TLS_CERT")
	stop()
	requireFound(t, examined(t, cfg)["database"], doctor.OK, "that was started for this examination")
	require.NoFileExists(t, filepath.Join(cfg.DataDir, "postgres", "postmaster.pid"), "and stopped again")

	require.NoError(t, os.WriteFile(filepath.Join(cfg.DataDir, "postgres", "PG_VERSION"), []byte("99\n"), 0o600))
	now = examined(t, cfg)
	requireFound(t, now["database"], doctor.Fail, "99")
	requireFound(t, now["postgresql"], doctor.Fail, "99")
	requireFound(t, now["server"], doctor.Warn, "does not run")
	requireFound(t, now["disk"], doctor.OK, "free")
	requireFound(t, now["logs"], doctor.Warn, "not checked")
}

// What an older schema lacks is said once, by the check of the schema.
func TestDoctorOnAnOlderSchema(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.DataDir, cfg.DatabaseURL = "", postgrestest.NewURL(t, nil)
	now := examined(t, cfg)
	requireFound(t, now["schema"], doctor.Fail, "version 0, and this program needs")
	for _, name := range []string{"logs", "quarantine"} {
		requireFound(t, now[name], doctor.Warn, "not checked: the schema is another")
	}
}
