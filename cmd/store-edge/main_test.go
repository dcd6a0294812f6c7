package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// binary is the program as it is shipped, built once for all tests: what is
// tested is the process, its environment and its exit codes.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "store-edge-")
	if err == nil {
		binary = filepath.Join(dir, "store-edge")
		build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
		build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
		err = build.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "store-edge cannot be built:", err)
		os.Exit(1)
	}
	postgrestest.Main(m, func() error { return os.RemoveAll(dir) })
}

// result is what a process left.
type result struct {
	code           int
	stdout, stderr string
}

// storeEdge runs the program with these variables and nothing of the tester's
// own settings.
func storeEdge(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	return storeEdgeReading(t, environ, "", args...)
}

// storeEdgeReading is storeEdge with something on standard input.
func storeEdgeReading(t *testing.T, environ []string, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Dir, cmd.Env = t.TempDir(), append([]string{"PATH=" + os.Getenv("PATH"), "TZ=UTC"}, environ...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	require.NotContains(t, stderr.String(), "goroutine ", "a crash is no answer")
	require.NoFileExists(t, filepath.Join(cmd.Dir, "data"), "nothing is left where it was started")
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// shop is a database of store S1.
type shop struct {
	t       *testing.T
	db      *postgres.DB
	environ []string
}

func newShop(t *testing.T) shop {
	t.Helper()
	t.Parallel()
	url := postgrestest.NewURL(t, edgedb.Migrations)
	db, err := postgres.Open(t.Context(), url, postgres.PoolConfig{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return shop{t, db, []string{"EDGE_STORE_ID=S1", "EDGE_DATABASE_URL=" + url, "LOG_LEVEL=error"}}
}

// run must succeed.
func (s shop) run(args ...string) (stdout string) {
	s.t.Helper()
	r := storeEdge(s.t, s.environ, args...)
	require.Zero(s.t, r.code, "%v: %s", args, r.stderr)
	return r.stdout
}

// refuses must exit with this code and say this on standard error.
func (s shop) refuses(code int, says string, args ...string) result {
	s.t.Helper()
	r := storeEdge(s.t, s.environ, args...)
	require.Equal(s.t, code, r.code, "%v: %s%s", args, r.stdout, r.stderr)
	require.Contains(s.t, r.stderr, says)
	return r
}

func (s shop) exec(sql string) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), sql)
	require.NoError(s.t, err)
}

func (s shop) file(text string) string {
	s.t.Helper()
	name := filepath.Join(s.t.TempDir(), "catalogue.csv")
	require.NoError(s.t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	id := "EDGE_STORE_ID=S1"
	for name, c := range map[string]struct {
		environ []string
		args    []string
		code    int
		says    string // on standard error
	}{
		"help":                      {nil, []string{"--help"}, 0, ""},
		"help of a command":         {nil, []string{"seed", "--help"}, 0, ""},
		"help of a sub-command":     {nil, []string{"outbox", "list", "--help"}, 0, ""},
		"version":                   {nil, []string{"version"}, 0, ""},
		"openapi":                   {nil, []string{"openapi"}, 0, ""},
		"no command":                {nil, nil, 2, "--help"},
		"an unknown command":        {nil, []string{"sell"}, 2, "sell"},
		"an unknown sub-command":    {nil, []string{"terminal", "burn"}, 2, "burn"},
		"an unknown flag":           {nil, []string{"serve", "--fast"}, 2, "--fast"},
		"a missing flag":            {[]string{id}, []string{"terminal", "add"}, 2, "--id"},
		"no file":                   {[]string{id}, []string{"seed"}, 2, "--file"},
		"a file that is not there":  {[]string{id}, []string{"seed", "--file", "nowhere.csv"}, 2, "--file"},
		"a state nobody knows":      {[]string{id}, []string{"outbox", "list", "--state", "lost"}, 2, "--state"},
		"a role nobody knows":       {[]string{id}, []string{"staff", "add", "--id", "C1", "--name", "x", "--role", "owner"}, 2, "--role"},
		"serve without a store":     {nil, []string{"serve"}, 78, "EDGE_STORE_ID"},
		"migrate without a store":   {nil, []string{"migrate"}, 78, "EDGE_STORE_ID"},
		"a till without a store":    {nil, []string{"terminal", "add", "--id", "T1"}, 78, "EDGE_STORE_ID"},
		"staff without a store":     {nil, []string{"staff", "add", "--id", "C1", "--name", "Lan"}, 78, "EDGE_STORE_ID"},
		"a bad store":               {[]string{"EDGE_STORE_ID=S-1"}, []string{"serve"}, 78, "EDGE_STORE_ID"},
		"an unknown setting":        {[]string{id, "EDGE_FOO=1"}, []string{"serve"}, 78, "EDGE_FOO"},
		"a misspelt setting":        {[]string{id, "SYNC_BATCHES=1"}, []string{"version"}, 78, "SYNC_BATCHES"},
		"a bad address":             {[]string{id, "EDGE_ADDR=8080"}, []string{"serve"}, 78, "EDGE_ADDR"},
		"a bad database":            {[]string{id, "EDGE_DATABASE_URL=mysql://x"}, []string{"serve"}, 78, "EDGE_DATABASE_URL"},
		"a bad zone":                {[]string{id, "EDGE_TIMEZONE=Saigon"}, []string{"serve"}, 78, "EDGE_TIMEZONE"},
		"a bad currency":            {[]string{id, "EDGE_CURRENCY=đồng"}, []string{"serve"}, 78, "EDGE_CURRENCY"},
		"a bad day start":           {[]string{id, "EDGE_DAY_START=6am"}, []string{"serve"}, 78, "EDGE_DAY_START"},
		"a bad shift":               {[]string{id, "EDGE_SESSION_LIFETIME=-1s"}, []string{"serve"}, 78, "EDGE_SESSION_LIFETIME"},
		"a bad switch":              {[]string{id, "EDGE_DEMO=perhaps"}, []string{"serve"}, 78, "EDGE_DEMO"},
		"a bad collector":           {[]string{id, "OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318"}, []string{"serve"}, 78, "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"a bad HQ":                  {[]string{id, "HQ_URL=hq"}, []string{"serve"}, 78, "HQ_URL"},
		"a bad protocol":            {[]string{id, "SYNC_PROTOCOL=pigeon"}, []string{"serve"}, 78, "SYNC_PROTOCOL"},
		"a timeout without unit":    {[]string{id, "SYNC_TIMEOUT=5"}, []string{"serve"}, 78, "SYNC_TIMEOUT"},
		"a timeout of nothing":      {[]string{id, "SYNC_TIMEOUT=0s"}, []string{"serve"}, 78, "SYNC_TIMEOUT"},
		"a batch that is no number": {[]string{id, "SYNC_BATCH=many"}, []string{"serve"}, 78, "SYNC_BATCH"},
		"a batch too large":         {[]string{id, "SYNC_BATCH=501"}, []string{"serve"}, 78, "SYNC_BATCH"},
		"a batch of none":           {[]string{id, "SYNC_BATCH_BACKLOG=0"}, []string{"serve"}, 78, "SYNC_BATCH_BACKLOG"},
		"a bad pause":               {[]string{id, "SYNC_RETRY_MIN=1m"}, []string{"serve"}, 78, "SYNC_RETRY_MIN"},
		"a bad capture":             {[]string{id, "FAKE_CAPTURE_AFTER=-1s"}, []string{"serve"}, 78, "FAKE_CAPTURE_AFTER"},
		"a bad log level":           {[]string{id, "LOG_LEVEL=chatty"}, []string{"serve"}, 78, "LOG_LEVEL"},
		"a bad flag of a setting":   {[]string{id}, []string{"serve", "--edge-addr", "x"}, 78, "EDGE_ADDR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := storeEdge(t, c.environ, c.args...)
			require.Equal(t, c.code, r.code, "%s%s", r.stdout, r.stderr)
			require.Contains(t, r.stderr, c.says)
			if c.code == 0 {
				require.NotEmpty(t, r.stdout)
				require.Empty(t, r.stderr)
			}
		})
	}
}

func TestHelpNamesEverySetting(t *testing.T) {
	t.Parallel()
	help := storeEdge(t, nil, "serve", "--help").stdout
	for _, name := range []string{"EDGE_ADDR", "EDGE_DATABASE_URL", "EDGE_DATA_DIR", "EDGE_STORE_ID", "EDGE_TIMEZONE", "EDGE_CURRENCY", "EDGE_DAY_START",
		"EDGE_DEMO", "EDGE_SESSION_LIFETIME", "FAKE_CAPTURE_AFTER", "HQ_URL", "STORE_TOKEN", "SYNC_PROTOCOL", "SYNC_TIMEOUT", "SYNC_RETRY_MIN", "SYNC_RETRY_MAX", "SYNC_BATCH",
		"SYNC_BATCH_BACKLOG", "LOG_LEVEL", "LOG_FORMAT"} {
		require.Contains(t, help, "$"+name)
	}
	overview := storeEdge(t, nil, "--help").stdout
	for _, command := range []string{"serve", "migrate", "seed", "terminal add", "terminal pair", "terminal revoke", "terminal list",
		"staff add", "staff disable", "staff enable", "staff reset-pin", "staff list", "audit list", "outbox list", "outbox verify", "openapi", "version"} {
		require.Contains(t, overview, "\n  "+command)
	}
}

func TestOpenapiPrintsTheDocument(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("../../api/edge.openapi.yaml")
	require.NoError(t, err)
	require.Equal(t, string(golden), storeEdge(t, nil, "openapi").stdout)
}

func TestTheDatabaseOfAnotherStore(t *testing.T) {
	s := newShop(t)
	s.run("migrate")
	s.environ = append(s.environ, "EDGE_STORE_ID=S2")
	for _, args := range [][]string{{"serve"}, {"migrate"}, {"terminal", "add", "--id", "T1"}, {"outbox", "list"}, {"outbox", "verify"}} {
		r := s.refuses(78, "EDGE_STORE_ID", args...)
		require.Contains(t, r.stderr, "S1")
	}
}

func TestMigrateFromNothing(t *testing.T) {
	t.Parallel()
	s := shop{t: t, environ: []string{"EDGE_STORE_ID=S1", "EDGE_DATABASE_URL=" + postgrestest.NewURL(t, nil), "LOG_LEVEL=error"}}
	s.refuses(1, "migrate", "terminal", "list")
	s.run("migrate")
	s.run("migrate")
	require.Equal(t, "TERMINAL  NAME  ADDED  REVOKED\n", s.run("terminal", "list"))
}
