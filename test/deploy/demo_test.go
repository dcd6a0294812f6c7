//go:build linux

package deploy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// host stands in for the engine: it runs services of the compose file as
// processes of one unprivileged user. Names that only the engine's network has
// become addresses of this machine, and paths in an image those of its stage.
type host struct {
	t        *testing.T
	project  project
	images   images
	file     dockerfile
	database string // the connection string of PostgreSQL's superuser
	tokens   string // the volume
	replace  *strings.Replacer
	user     *syscall.SysProcAttr
	urls     map[string]string // of the servers, by service
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, project: load(t), file: readDockerfile(t), database: postgrestest.NewURL(t, nil), urls: map[string]string{}}
	h.images = built(t, h.file)
	socket := h.socket()
	info, err := os.Stat(socket)
	require.NoError(t, err)
	owner := info.Sys().(*syscall.Stat_t) // only it may enter
	h.user = &syscall.SysProcAttr{}
	h.user.Pdeathsig = syscall.SIGTERM // nothing outlives a killed test
	if os.Getuid() == 0 {
		h.user.Credential = &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}
	}
	h.tokens, err = os.MkdirTemp(scratch, "tokens-") // mode 0700, as in the image
	require.NoError(t, err)
	require.NoError(t, os.Chown(h.tokens, int(owner.Uid), int(owner.Gid)))

	pairs := []string{"/run/tiem", h.tokens}
	for _, name := range []string{"edge", "hq"} {
		pairs = append(pairs, "@postgres:5432/"+name+"?", "@/"+name+"?host="+url.QueryEscape(socket)+"&port="+h.port()+"&")
	}
	for _, server := range []struct{ name, inside, scheme string }{{"store-edge", "8080", "http"}, {"hq-platform", "8090", "https"}, {"hq-platform", "8091", ""}} {
		address := free(t)
		if server.scheme != "" {
			h.urls[server.name] = server.scheme + "://" + address
		}
		pairs = append(pairs, "0.0.0.0:"+server.inside, address, "127.0.0.1:"+server.inside, address, server.name+":"+server.inside, address)
	}
	h.replace = strings.NewReplacer(pairs...)
	return h
}

func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

func (h *host) query() url.Values {
	u, err := url.Parse(h.database)
	require.NoError(h.t, err)
	return u.Query()
}

func (h *host) socket() string { return h.query().Get("host") }
func (h *host) port() string   { return h.query().Get("port") }

// process is a service's command, as the container would begin with it.
func (h *host) process(ctx context.Context, name string, more ...string) (*exec.Cmd, *bytes.Buffer) {
	h.t.Helper()
	s := h.project.Services[name]
	bin := filepath.Join(h.images.of(s.Build.Target), "usr/local/bin")
	args := append(s.runs(h.file), more...)
	for n, arg := range args {
		args[n] = h.replace.Replace(arg)
	}
	if !strings.Contains(args[0], "/") {
		args[0] = filepath.Join(bin, args[0])
	}
	run := exec.CommandContext(ctx, args[0], args[1:]...)
	run.Dir, run.Env, run.SysProcAttr = "/", []string{"PATH=" + bin + ":/usr/bin:/bin"}, h.user
	for variable, value := range s.Environment {
		run.Env = append(run.Env, variable+"="+h.replace.Replace(value))
	}
	var said bytes.Buffer
	run.Stdout, run.Stderr = &said, &said
	return run, &said
}

// once runs a service that ends by itself.
func (h *host) once(name string, more ...string) string {
	h.t.Helper()
	run, said := h.process(h.t.Context(), name, more...)
	require.NoError(h.t, run.Run(), "%s: %s", name, said)
	return said.String()
}

// setup runs the service setup; the catalogue lies elsewhere here than in the image.
func (h *host) setup() map[string]string {
	h.t.Helper()
	h.once("setup", filepath.Join(h.images.of("tools"), "usr/local/share/tiem/catalogue.csv"))
	for _, name := range []string{"hq.env", "edge.env", "demo.env"} {
		info, err := os.Stat(filepath.Join(h.tokens, name))
		require.NoError(h.t, err)
		require.Equal(h.t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	entries, err := os.ReadDir(h.tokens)
	require.NoError(h.t, err)
	require.Len(h.t, entries, 4, "nothing half-written is left: three files and the certificate")
	for _, name := range []string{"tls/cert.pem", "tls/key.pem", "tls/ca.pem"} {
		info, err := os.Stat(filepath.Join(h.tokens, name))
		require.NoError(h.t, err)
		require.Zero(h.t, info.Mode().Perm()&0o077, name)
	}
	variables, err := sim.ReadEnvFile(filepath.Join(h.tokens, "demo.env"))
	require.NoError(h.t, err)
	return variables
}

// start starts a server and waits until its health check would succeed.
func (h *host) start(name string) {
	h.t.Helper()
	run, said := h.process(context.Background(), name)
	require.NoError(h.t, run.Start())
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	h.t.Cleanup(func() {
		_ = run.Process.Signal(syscall.SIGTERM) // as docker stop
		select {
		case err := <-ended:
			require.NoError(h.t, err, "%s stops in order: %s", name, said)
		case <-time.After(30 * time.Second):
			require.NoError(h.t, run.Process.Kill())
			require.NoError(h.t, <-ended, "%s did not stop in its grace period", name)
		}
	})
	check := h.project.Services[name].HealthCheck.Test
	healthy := h.replace.Replace(check[len(check)-1])
	require.True(h.t, strings.HasPrefix(healthy, h.urls[name]))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: h.trust(), DisableKeepAlives: true}}
	require.Eventually(h.t, func() bool {
		answer, err := client.Get(healthy)
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond, "%s becomes healthy", name)
}

// trust is in the authority that setup has made: HQ's certificate is to be good
// for whoever checks it, too.
func (h *host) trust() *tls.Config {
	h.t.Helper()
	pem, err := os.ReadFile(filepath.Join(h.tokens, "tls", "ca.pem"))
	require.NoError(h.t, err)
	roots := x509.NewCertPool()
	require.True(h.t, roots.AppendCertsFromPEM(pem))
	return &tls.Config{RootCAs: roots}
}

// verified is what pos-sim says of edge and HQ, in the environment that compose
// gives it.
func (h *host) verified() string {
	h.t.Helper()
	run, said := h.process(h.t.Context(), "pos-sim")
	run.Args = append(run.Args[:1], "-c", "pos-sim verify --env "+filepath.Join(h.tokens, "demo.env"))
	require.NoError(h.t, run.Run(), "%s", said)
	return said.String()
}

// databases runs the script that PostgreSQL's image runs once.
func (h *host) databases() {
	h.t.Helper()
	for _, v := range h.project.Services["postgres"].Volumes {
		if v.Type != "bind" {
			continue
		}
		require.Equal(h.t, "/docker-entrypoint-initdb.d", filepath.Dir(v.Target))
		run := exec.CommandContext(h.t.Context(), v.Source)
		run.Dir, run.Env = "/", []string{"PATH=" + os.Getenv("PATH"), "PGHOST=" + h.socket(), "PGPORT=" + h.port(), "POSTGRES_USER=postgres"}
		for variable, value := range h.project.Services["postgres"].Environment {
			run.Env = append(run.Env, variable+"="+value)
		}
		out, err := run.CombinedOutput()
		require.NoError(h.t, err, "%s", out)
	}
}

func (h *host) sql(statements ...string) {
	h.t.Helper()
	ctx := context.Background() // in a Cleanup, too
	conn, err := pgx.Connect(ctx, h.database)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, conn.Close(ctx)) }()
	for _, statement := range statements {
		_, err := conn.Exec(ctx, statement)
		require.NoError(h.t, err, statement)
	}
}

func (h *host) value(query string) (value string) {
	h.t.Helper()
	conn, err := pgx.Connect(h.t.Context(), h.database)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, conn.Close(h.t.Context())) }()
	require.NoError(h.t, conn.QueryRow(h.t.Context(), query).Scan(&value))
	return value
}

// noDatabases takes away what databases makes. There is one of each name on the
// server, so the tests that need them take turns.
var noDatabases = []string{"drop database if exists edge with (force)", "drop database if exists hq with (force)",
	"drop role if exists edge", "drop role if exists hq"}

// wantedProtocol is what the edge prefers.
const wantedProtocol = "grpc"

// The whole demo but for the engine: databases, set-up, servers, a sale that
// reaches HQ, and the simulator's own verdict.
func TestTheDemoSellsToHQ(t *testing.T) {
	h := newHost(t)
	h.databases()
	t.Cleanup(func() { h.sql(noDatabases...) })
	require.Equal(t, "edge false false false true, hq false false false true", h.value("select string_agg(format('%s %s %s %s %s', rolname, "+
		"rolsuper::text, rolcreaterole::text, rolcreatedb::text, (rolpassword like 'SCRAM-SHA-256$%')::text), ', ' order by rolname) "+
		"from pg_authid where rolname in ('edge', 'hq')"), "each owns its database and nothing more")

	known := h.setup()
	require.Equal(t, h.urls["store-edge"], known["EDGE_URL"])
	require.Equal(t, h.urls["hq-platform"], known["HQ_URL"])
	key, err := os.ReadFile(filepath.Join(h.tokens, "tls", "key.pem"))
	require.NoError(t, err)
	require.Equal(t, known, h.setup(), "a second set-up keeps the tokens")
	again, err := os.ReadFile(filepath.Join(h.tokens, "tls", "key.pem"))
	require.NoError(t, err)
	require.Equal(t, key, again, "and the certificate")

	h.start("store-edge") // HQ is not there yet
	till := sim.StoreOf(known).Till(0)
	t.Cleanup(till.Close)
	require.Equal(t, "S1-T1-0000001", sell(t, till).ReceiptNo)

	h.start("hq-platform")
	require.Contains(t, h.verified(), "edge = HQ", "HQ has it")
	edge := sim.NewEdgeClient(known["EDGE_URL"], known["TERMINAL_TOKEN"])
	t.Cleanup(edge.Close)
	status, err := edge.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, wantedProtocol, status.Protocol)
	require.False(t, status.FallbackActive)

	said := h.once("pos-sim")
	require.Contains(t, said, "100 sales of ")
	require.Contains(t, said, "edge = HQ, event by event; A, C and D hold")
	require.NotContains(t, said, "not asked", "HQ's own tables were verified, too")
}

func sell(t *testing.T, till *sim.Till) *sim.Basket {
	t.Helper()
	ctx, id := t.Context(), uuid.Must(uuid.NewV7())
	_, err := till.Open(ctx, id, sim.NewKey())
	require.NoError(t, err)
	b, err := till.Scan(ctx, id, sim.Pick{Barcode: "8934588063145", Quantity: sale.One}, sim.NewKey())
	require.NoError(t, err)
	_, err = till.Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total, Tendered: 50_000}, sim.NewKey())
	require.NoError(t, err)
	b, err = till.Finalize(ctx, id, sim.NewKey())
	require.NoError(t, err)
	return b
}

// A cashier who has seen "paid" has a sale that survives a power cut.
func TestPostgreSQLIsToldToBeDurable(t *testing.T) {
	h := newHost(t)
	args := h.project.Services["postgres"].Command
	require.Subset(t, args, []string{"-cfsync=on", "-csynchronous_commit=on", "-cfull_page_writes=on"})
	require.Equal(t, "postgres", args[0])
	for _, arg := range args[1:] {
		setting, ok := strings.CutPrefix(arg, "-c")
		require.True(t, ok, arg)
		name, _, _ := strings.Cut(setting, "=")
		require.Equal(t, "1", h.value("select count(*)::text from pg_settings where lower(name) = '"+name+"'"), name)
	}
}

// What may be lost between two starts: the tokens, an owner of one of them, or
// the databases. Each time there are tokens afterwards that work.
func TestSetUpGoesOnFromWhatIsLeft(t *testing.T) {
	h := newHost(t)
	h.databases()
	t.Cleanup(func() { h.sql(noDatabases...) })
	first := h.setup()
	secrets := []string{"STORE_TOKEN", "TERMINAL_TOKEN", "HQ_TOKEN"}
	for _, name := range secrets {
		require.Regexp(t, `^[0-9a-f]{64}$`, first[name], name)
	}

	require.NoError(t, os.Remove(filepath.Join(h.tokens, "demo.env")))
	second := h.setup()
	for _, name := range secrets {
		require.NotEqual(t, first[name], second[name], "%s: nobody knows the old one", name)
	}
	for _, name := range []string{"CASHIER_PIN", "MANAGER_PIN"} {
		require.Regexp(t, `^[0-9]{6}$`, first[name], name)
		require.NotEqual(t, first[name], second[name], "%s: nobody knows the old one", name)
	}

	h.sql(noDatabases...)
	h.databases()
	third := h.setup()
	require.NotEqual(t, second["STORE_TOKEN"], third["STORE_TOKEN"], "new databases know no old tokens")
	require.NotEqual(t, second["TERMINAL_TOKEN"], third["TERMINAL_TOKEN"])
	require.Equal(t, second["HQ_TOKEN"], third["HQ_TOKEN"], "this one is in no database")

	h.start("store-edge")
	till := sim.StoreOf(third).Till(0)
	t.Cleanup(till.Close)
	require.Equal(t, "S1-T1-0000001", sell(t, till).ReceiptNo)
}

// A set-up that cannot reach its database leaves no tokens and does not succeed,
// so the servers are not started.
func TestSetUpWithoutADatabaseFails(t *testing.T) {
	h := newHost(t)
	run, said := h.process(t.Context(), "setup")
	require.Error(t, run.Run())
	require.Contains(t, said.String(), "hq-platform: ")
	entries, err := os.ReadDir(h.tokens)
	require.NoError(t, err)
	require.Empty(t, entries)
}
