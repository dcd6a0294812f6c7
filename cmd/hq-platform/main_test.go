package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// hqPlatform runs the program with the arguments.
func hqPlatform(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = newProgram().Run(context.WithoutCancel(t.Context()), args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

// on runs it on the database at url; it must succeed.
func on(t *testing.T, url string, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := hqPlatform(t, nil, append(args, "--hq-database-url", url)...)
	require.Zero(t, code, "%v: %s", args, stderr)
	return stdout
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ []string
		args    []string
		code    int
		says    string
	}{
		"help":                    {nil, []string{"--help"}, 0, ""},
		"help of a command":       {nil, []string{"quarantine", "replay", "--help"}, 0, ""},
		"no command":              {nil, nil, 2, "expected one of"},
		"an unknown command":      {nil, []string{"sell"}, 2, "sell"},
		"an unknown flag":         {nil, []string{"serve", "--fast"}, 2, "--fast"},
		"a missing flag":          {nil, []string{"verify"}, 2, "--store"},
		"no name":                 {nil, []string{"store", "add", "--id", "S1"}, 2, "--name"},
		"an id that is no number": {nil, []string{"quarantine", "show", "--store", "S1", "x"}, 2, "<id>"},
		"neither id nor all":      {nil, []string{"quarantine", "replay", "--store", "S1"}, 2, "--all"},
		"both id and all":         {nil, []string{"quarantine", "replay", "--store", "S1", "3", "--all"}, 2, "--all"},
		"an unknown setting":      {[]string{"HQ_ADDR2=x"}, []string{"version"}, 78, "HQ_ADDR2"},
		"a bad setting":           {nil, []string{"serve", "--hq-token", "x"}, 78, "HQ_TOKEN"},
		"a bad collector":         {nil, []string{"serve", "--otel-exporter-otlp-endpoint", "localhost:4318"}, 78, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"a bad address":           {nil, []string{"serve", "--hq-addr", "x"}, 78, "HQ_ADDR"},
		"one address twice":       {nil, []string{"serve", "--hq-addr", "127.0.0.1:8090", "--hq-grpc-addr", "127.0.0.1:8090"}, 78, "HQ_GRPC_ADDR"},
		"plaintext beyond here":   {nil, []string{"serve", "--hq-grpc-addr", "0.0.0.0:0"}, 78, "HQ_GRPC_ADDR"},
		"a certificate nowhere":   {nil, []string{"certificate"}, 2, "--dir"},
		"a bad database":          {nil, []string{"migrate", "--hq-database-url", "x"}, 78, "HQ_DATABASE_URL"},
		"a bad log level":         {nil, []string{"serve", "--log-level", "x"}, 78, "LOG_LEVEL"},
		"version":                 {nil, []string{"version"}, 0, ""},
		"openapi":                 {nil, []string{"openapi"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := hqPlatform(t, c.environ, c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Contains(t, stderr, c.says)
			require.Equal(t, code == 0, stdout != "", "answers and errors do not mix")
		})
	}
}

func TestMigrateAndStores(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, nil)
	code, _, stderr := hqPlatform(t, nil, "store", "list", "--hq-database-url", url)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "migrate")
	on(t, url, "migrate")
	on(t, url, "migrate")

	added := on(t, url, "store", "add", "--id", "S1", "--name", "Nguyễn Trãi")
	require.Regexp(t, `token  [0-9a-f]{64}\n`, added)
	code, stdout, stderr := hqPlatform(t, nil, "store", "add", "--id", "S1", "--name", "Again", "--hq-database-url", url)
	require.Equal(t, 1, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "--rotate")
	require.Regexp(t, `"token": "[0-9a-f]{64}"`, on(t, url, "store", "add", "--id", "S1", "--rotate", "--json"))

	require.Regexp(t, `(?m)^S1 +1 +0 +000000000000 +0 +never +Nguyễn Trãi$`, on(t, url, "store", "list"))
	require.Contains(t, on(t, url, "store", "list", "--json"), `"store_id": "S1"`)
}

func TestQuarantineVerifyRebuild(t *testing.T) {
	t.Parallel()
	url := postgrestest.NewURL(t, hqdb.Migrations)
	on(t, url, "store", "add", "--id", "S1", "--name", "Nguyễn Trãi")
	require.Equal(t, "nothing is set aside\n", on(t, url, "quarantine", "list"))
	db, err := postgres.Open(t.Context(), url, postgres.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	shop := hqtest.NewShop("S1")
	tea := hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One}
	shop.Load(tea.Item)
	shop.Sell(tea)
	shop.AppendRaw("FromTheFuture", 1, shop.Events[0].AggregateID, `{"phase":"full"}`)
	_, err = intake.New(db, prometheus.NewRegistry()).Accept(t.Context(), shop.All())
	require.NoError(t, err)

	require.Regexp(t, `(?m)^S1 +5 +FromTheFuture +QUARANTINED +unknown_type +this HQ does not know`, on(t, url, "quarantine", "list"))
	require.Contains(t, on(t, url, "quarantine", "list", "--json"), `"code": "unknown_type"`)
	require.Contains(t, on(t, url, "quarantine", "show", "--store", "S1", "5"), `{"phase":"full"}`)
	require.Contains(t, on(t, url, "quarantine", "show", "--store", "S1", "5", "--json"), `"payload"`)
	for _, args := range [][]string{{"5"}, {"--all"}} {
		code, stdout, stderr := hqPlatform(t, nil, append([]string{"quarantine", "replay", "--store", "S1", "--hq-database-url", url}, args...)...)
		require.Equal(t, 1, code)
		require.Contains(t, stdout, "0 applied, 1 still set aside")
		require.Contains(t, stderr, "still set aside")
	}
	code, _, stderr := hqPlatform(t, nil, "quarantine", "show", "--store", "S1", "4", "--hq-database-url", url)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "not in quarantine")

	require.Contains(t, on(t, url, "verify", "--store", "S1"), "store S1: 5 events to "+shop.HashAt(5).String()+", 1 sales of 10000, 1 payments, 0 voided, 1 items in stock (0 drift), 1 set aside")
	require.Contains(t, on(t, url, "rebuild", "--store", "S1"), "rebuilt from 5 events, 1 of them set aside")
	require.Contains(t, on(t, url, "rebuild", "--store", "S1", "--json"), `"events": 5`)
	_, err = db.Exec(t.Context(), "alter table hq_inbox disable trigger all; update hq_inbox set payload = '{}' where id = 5")
	require.NoError(t, err)
	code, _, stderr = hqPlatform(t, nil, "verify", "--store", "S1", "--hq-database-url", url)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "hq_inbox S1 event 5")
	code, stdout, _ := hqPlatform(t, nil, "verify", "--store", "S1", "--json", "--hq-database-url", url)
	require.Equal(t, 1, code)
	require.Contains(t, stdout, `"row": "hq_inbox S1 event 5"`)
	for _, command := range []string{"verify", "rebuild"} {
		code, _, stderr = hqPlatform(t, nil, command, "--store", "S9", "--hq-database-url", url)
		require.Equal(t, 1, code)
		require.Contains(t, stderr, "S9")
	}
}

func TestServeStopsWhenItIsTold(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := newProgram().Run(ctx, []string{"serve", "--hq-addr", "127.0.0.1:0", "--hq-grpc-addr", "127.0.0.1:0", "--hq-database-url", postgrestest.NewURL(t, hqdb.Migrations)}, nil, &out, &errs)
	require.Zero(t, code, "%s", errs.String())
	require.NotContains(t, strings.ToLower(errs.String()), "panic")
	require.NoFileExists(t, filepath.Join("data", "hq"))
}

// What certificate writes is what serve and the edges read.
func TestCertificate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	code, stdout, stderr := hqPlatform(t, nil, "certificate", "--dir", dir, "--host", "hq.example", "--host", "192.0.2.7")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "HQ_TLS_KEY="+filepath.Join(dir, "key.pem"))
	require.Contains(t, stdout, "names  localhost, 127.0.0.1, ::1, hq.example, 192.0.2.7\n")
	info, err := os.Stat(filepath.Join(dir, "key.pem"))
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	require.NoError(t, err)
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	for host, ok := range map[string]bool{"hq.example": true, "192.0.2.7": true, "localhost": true, "127.0.0.1": true, "::1": true, "other.example": false} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots})
		require.Equal(t, ok, err == nil, "%s: %v", host, err)
	}

	code, _, stderr = hqPlatform(t, nil, "certificate", "--dir", dir)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "is there already", "nothing is overwritten")
	code, stdout, _ = hqPlatform(t, nil, "certificate", "--help")
	require.Zero(t, code)
	require.Contains(t, stdout, "Not for production")
	require.Contains(t, strings.Join(strings.Fields(stdout), " "), "localhost, 127.0.0.1 and ::1 are always there; name the host that stores use")
}
