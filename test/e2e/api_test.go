package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"tiem/demo"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sim"
)

// What docs/api promises is run here, against the real programs: the HTTPie
// script, the Postman collection with its tests, and the worked example of
// docs/sync-protocol.md.

const (
	root           = "../.."
	saleScript     = root + "/docs/api/sale.sh"
	collectionFile = root + "/docs/api/tiem.postman_collection.json"
)

// builtPrograms builds the two servers, once a test run.
var builtPrograms = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tiem-programs-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", "./cmd/store-edge", "./cmd/hq-platform")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", &buildError{string(out), err}
	}
	return dir, nil
})

type buildError struct {
	output string
	err    error
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.output }

// startPair starts HQ and one store edge with the demo's catalogue; they stop
// when the test ends.
func startPair(t *testing.T) sim.Store {
	t.Helper()
	bin, err := builtPrograms()
	require.NoError(t, err)
	pair, err := sim.Start(t.Context(), sim.Options{Bin: bin, DataDir: postgrestest.DataDir(t), Catalogue: demo.Catalogue, Environ: cleanEnviron()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pair.Stop()) })
	return pair.Store()
}

// cleanEnviron is the environment without settings of Tiệm's.
func cleanEnviron() []string {
	var kept []string
	for _, entry := range os.Environ() {
		switch prefix, _, _ := strings.Cut(entry, "_"); prefix {
		case "EDGE", "HQ", "SYNC", "STORE", "HEALTH", "FAKE", "LOG", "TERMINAL", "CASHIER", "MANAGER", "DEMO":
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

// The script is what a person would run; it fails at the first answer that is
// not as expected.
func TestTheHTTPieScriptSellsAndFollowsToHQ(t *testing.T) {
	t.Parallel()
	httpie, err := exec.LookPath("http")
	require.NoError(t, err, "HTTPie is needed (Debian: apt-get install httpie); scripts/need.sh gets it for make test")
	store := startPair(t)
	env := filepath.Join(t.TempDir(), "demo.env")
	require.NoError(t, sim.WriteEnvFile(env, store.Variables()))

	run := func(file string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "sh", saleScript)
		cmd.Env = append(cleanEnviron(), "DEMO_ENV="+file, "HTTP="+httpie)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, receipts := range [][2]string{{"S1-T1-0000001", "S1-T1-0000002"}, {"S1-T1-0000003", "S1-T1-0000004"}} {
		out, err := run(env)
		require.NoError(t, err, out)
		require.Contains(t, out, "cash sale  "+receipts[0])
		require.Contains(t, out, "QR sale    "+receipts[1])
		require.Contains(t, out, "of store S1, complete")
	}

	store.Tills[0].Token = "nobody's"
	stranger := filepath.Join(t.TempDir(), "demo.env")
	require.NoError(t, sim.WriteEnvFile(stranger, store.Variables()))
	out, err := run(stranger)
	require.Error(t, err, out)
	require.Contains(t, out, "token_invalid")
}

// collection is a Postman collection (v2.1), as far as ours uses the format.
type collection struct {
	Info     struct{ Schema string }
	Variable []struct{ Key, Value string }
	Item     []struct {
		Name string
		Item []postmanItem
	}
}

type postmanItem struct {
	Name    string
	Request struct {
		Method string
		URL    struct{ Raw string }
		Header []struct{ Key, Value string }
		Body   *struct{ Mode, Raw string }
		Auth   struct {
			Type   string
			Bearer []struct{ Key, Value string }
		}
	}
	Event []struct {
		Listen string
		Script struct{ Exec []string }
	}
}

func readCollection(t *testing.T) collection {
	t.Helper()
	text, err := os.ReadFile(collectionFile)
	require.NoError(t, err)
	var c collection
	require.NoError(t, json.Unmarshal(text, &c, json.MatchCaseInsensitiveNames(true)))
	require.Contains(t, c.Info.Schema, "v2.1")
	require.NotEmpty(t, c.Item)
	return c
}

// Probes and pictures are plain routes: they are in no OpenAPI document.
var plainRoutes = map[string]bool{"GET /health": true, "GET /ready": true, "GET /v1/payments/{id}/qr.png": true}

func TestTheCollectionNamesRoutesThatExist(t *testing.T) {
	t.Parallel()
	routes := map[string]map[string]bool{"edge_url": goldenRoutes(t, "edge"), "hq_url": goldenRoutes(t, "hq")}
	address := regexp.MustCompile(`^\{\{(edge_url|hq_url)\}\}(/[^?]*)`)
	used := map[string]bool{}
	for _, folder := range readCollection(t).Item {
		for _, item := range folder.Item {
			parts := address.FindStringSubmatch(item.Request.URL.Raw)
			require.NotNil(t, parts, "%s: %s", item.Name, item.Request.URL.Raw)
			route := item.Request.Method + " " + template(parts[2])
			used[route] = true
			require.True(t, routes[parts[1]][route] || plainRoutes[route], "%s/%s: there is no %s in the document of {{%s}}",
				folder.Name, item.Name, route, parts[1])
		}
	}
	for route := range routes["edge_url"] {
		require.True(t, used[route], "the collection leaves out %s", route)
	}
}

var (
	lineNo  = regexp.MustCompile(`/items/[0-9]+$`)
	operand = regexp.MustCompile(`\{\{[a-z_]+\}\}`)
)

// template is a path as OpenAPI writes it.
func template(path string) string {
	return lineNo.ReplaceAllString(operand.ReplaceAllString(path, "{id}"), "/items/{line_no}")
}

// goldenRoutes are "METHOD /path" of api/<name>.openapi.yaml.
func goldenRoutes(t *testing.T, name string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "api", name+".openapi.yaml"))
	require.NoError(t, err)
	var document struct {
		Paths map[string]map[string]any
	}
	require.NoError(t, yaml.Unmarshal(text, &document))
	routes := map[string]bool{}
	for path, methods := range document.Paths {
		for method := range methods {
			routes[strings.ToUpper(method)+" "+path] = true
		}
	}
	require.NotEmpty(t, routes)
	return routes
}

// The collection is run as Postman would: from top to bottom, with its
// variables and its tests.
func TestTheCollectionRuns(t *testing.T) {
	t.Parallel()
	c, store := readCollection(t), startPair(t)
	p := &postman{variables: map[string]any{}}
	for _, v := range c.Variable {
		p.variables[v.Key] = v.Value
	}
	for _, v := range store.Variables() { // what a person copies from data/demo.env
		if name := strings.ToLower(v.Name); p.variables[name] != nil {
			p.variables[name] = v.Value
		}
	}
	for _, folder := range c.Item {
		for _, item := range folder.Item {
			t.Run(folder.Name+"/"+item.Name, func(t *testing.T) { p.run(t, item) })
		}
	}
	require.Equal(t, "S1-T1-0000001", p.variables["receipt_no"])
}

// postman understands as much of Postman as our collection uses. A line of a
// script that it does not know is an error: it would go untested.
type postman struct{ variables map[string]any }

var (
	saysStatus = regexp.MustCompile(`^pm\.test\("\d+", \(\) => pm\.response\.to\.have\.status\((\d+)\)\);$`)
	readsBody  = `const body = pm.response.json();`
	saysValue  = regexp.MustCompile(`^pm\.test\("[^"]*", \(\) => pm\.expect\(body\.([a-z_.0-9\[\]]+)\)\.to\.eql\((.*)\)\);$`)
	keepsValue = regexp.MustCompile(`^pm\.collectionVariables\.set\("([a-z_]+)", body\.([a-z_.]+)\);$`)
	placeheld  = regexp.MustCompile(`\{\{([$a-z_]+)\}\}`)
)

func (p *postman) run(t *testing.T, item postmanItem) {
	r := item.Request
	var body io.Reader
	if r.Body != nil {
		require.Equal(t, "raw", r.Body.Mode)
		body = strings.NewReader(p.fill(t, r.Body.Raw))
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, p.fill(t, r.URL.Raw), body)
	require.NoError(t, err)
	for _, h := range r.Header {
		req.Header.Set(h.Key, p.fill(t, h.Value))
	}
	switch r.Auth.Type {
	case "bearer":
		req.Header.Set("Authorization", "Bearer "+p.fill(t, r.Auth.Bearer[0].Value))
	default:
		require.Equal(t, "noauth", r.Auth.Type)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NotEmpty(t, item.Event, "a request without a test")
	for _, event := range item.Event {
		require.Equal(t, "test", event.Listen)
		for _, line := range event.Script.Exec {
			p.check(t, line, res.StatusCode, text)
		}
	}
}

// check runs one line of a test script.
func (p *postman) check(t *testing.T, line string, status int, body []byte) {
	if m := saysStatus.FindStringSubmatch(line); m != nil {
		require.Equal(t, m[1], http.StatusText2(status), "%s", body)
		return
	}
	if line == readsBody {
		return
	}
	if m := saysValue.FindStringSubmatch(line); m != nil {
		var want any
		require.NoError(t, json.Unmarshal([]byte(m[2]), &want))
		require.Equal(t, want, at(t, body, m[1]), "%s", body)
		return
	}
	m := keepsValue.FindStringSubmatch(line)
	require.NotNil(t, m, "a line that this test cannot run: %s", line)
	p.variables[m[1]] = at(t, body, m[2])
}
