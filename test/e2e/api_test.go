package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"tiem/demo"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sim"
)

// What the README, docs/api and docs/sync-protocol.md promise is run here,
// against the real programs.

const (
	root           = "../.."
	saleScript     = root + "/docs/api/sale.sh"
	collectionFile = root + "/docs/api/tiem.postman_collection.json"
	protocolFile   = root + "/docs/sync-protocol.md"
)

func TestTheDocumentedAPI(t *testing.T) {
	t.Parallel()
	// As in a checkout: ./bin and ./data.
	data := postgrestest.DataDir(t)
	home := filepath.Dir(data)
	buildPrograms(t, filepath.Join(home, "bin"))
	pair, err := sim.Start(t.Context(), sim.Options{Bin: filepath.Join(home, "bin"), DataDir: data,
		Catalogue: demo.Catalogue, Environ: withoutSettings(os.Environ())})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pair.Stop()) })
	require.NoError(t, sim.WriteEnvFile(filepath.Join(data, sim.DemoEnv), pair.Store().Variables()))
	// One after the other: they share the till, and the README's is the first sale.
	t.Run("the README is true", func(t *testing.T) { followReadme(t, home) })
	t.Run("the collection runs", func(t *testing.T) { runCollection(t, pair.Store()) })
	t.Run("the script sells", func(t *testing.T) { runSaleScript(t, pair.Store()) })
	t.Run("the protocol's example is accepted", func(t *testing.T) { sendExample(t, pair.Store()) })
}

func buildPrograms(t *testing.T, bin string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", bin+"/", "./cmd/...")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// withoutSettings is an environment without those of Tiệm's programs.
func withoutSettings(environ []string) []string {
	var kept []string
	for _, entry := range environ {
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
func runSaleScript(t *testing.T, store sim.Store) {
	t.Helper()
	_, err := exec.LookPath("http")
	require.NoError(t, err, "HTTPie is needed (Debian: apt-get install httpie)")
	run := func(store sim.Store) (string, error) {
		env := filepath.Join(t.TempDir(), "demo.env")
		require.NoError(t, sim.WriteEnvFile(env, store.Variables()))
		cmd := exec.CommandContext(t.Context(), "sh", saleScript)
		cmd.Env = append(withoutSettings(os.Environ()), "DEMO_ENV="+env)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := run(store)
	require.NoError(t, err, out)
	require.Regexp(t, `(?m)^cash sale  S1-T1-\d{7}  27800 d, 50000 d given, 22200 d change$`, out)
	require.Regexp(t, `(?m)^QR sale    S1-T1-\d{7}  6000 d$`, out)
	require.Regexp(t, `(?m)^HQ         events \d+ to \d+ of store S1, complete$`, out)

	store.Tills = []sim.Login{{TerminalID: "T1", Token: "nobodys"}}
	out, err = run(store)
	require.Error(t, err, out)
	require.Contains(t, out, "token_invalid")
}

// sendExample posts the worked example of the protocol's document to HQ, twice.
func sendExample(t *testing.T, store sim.Store) {
	t.Helper()
	text, err := os.ReadFile(protocolFile)
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)<!-- example: batch -->\n+```json\n(.*?)\n```").FindSubmatch(text)
	require.NotNil(t, block, "the document's batch is not marked")
	batch := block[1]
	post := func(path, token string, body []byte, want int) any {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, store.HQURL+path, bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, want, res.StatusCode, "%s", answer)
		var value any
		require.NoError(t, json.Unmarshal(answer, &value))
		return value
	}
	added := post("/v1/stores", store.HQToken, []byte(`{"store_id":"S9","name":"The document's"}`), http.StatusCreated)
	token, _ := pick(t, added, "token").(string)
	for _, want := range []map[string]any{{"accepted": 2.0, "duplicates": 0.0}, {"accepted": 0.0, "duplicates": 2.0}} {
		ack := post("/v1/ingestion/events", token, batch, http.StatusOK)
		require.Equal(t, want, map[string]any{"accepted": pick(t, ack, "accepted"), "duplicates": pick(t, ack, "duplicates")})
		require.Empty(t, pick(t, ack, "errors"))
	}
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

// Probes are plain routes: they are in no OpenAPI document.
var plainRoutes = map[string]bool{"GET /health": true, "GET /ready": true}

// A stream has no end that a collection's run could wait for.
var endlessRoutes = map[string]bool{"GET /v1/status/stream": true}

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
		require.True(t, used[route] || endlessRoutes[route], "the collection leaves out %s", route)
	}
}

var (
	lineNo  = regexp.MustCompile(`/items/[0-9]+`)
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

// runCollection does as Postman would: from top to bottom, with the collection's
// variables and tests.
func runCollection(t *testing.T, store sim.Store) {
	t.Helper()
	c := readCollection(t)
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
			p.run(t, folder.Name+"/"+item.Name, item)
		}
	}
	require.Regexp(t, `^S1-T1-\d{7}$`, p.variables["receipt_no"])
}

// postman understands as much of Postman as our collection uses. A line of a
// script that it does not know is an error: it would go untested.
type postman struct{ variables map[string]any }

var (
	saysStatus  = regexp.MustCompile(`^pm\.test\("\d+", \(\) => pm\.response\.to\.have\.status\((\d+)\)\);$`)
	readsBody   = `const body = pm.response.json();`
	saysType    = regexp.MustCompile(`^pm\.test\("[^"]*", \(\) => pm\.expect\(pm\.response\.headers\.get\("Content-Type"\)\)\.to\.include\("(.*)"\)\);$`)
	saysValue   = regexp.MustCompile(`^pm\.test\("[^"]*", \(\) => pm\.expect\(body\.([a-z_.0-9\[\]]+)\)\.to\.eql\((.*)\)\);$`)
	keepsValue  = regexp.MustCompile(`^pm\.collectionVariables\.set\("([a-z_]+)", body\.([a-z_.]+)\);$`)
	placeholder = regexp.MustCompile(`\{\{([$a-z_]+)\}\}`)
)

func (p *postman) run(t *testing.T, name string, item postmanItem) {
	t.Helper()
	r := item.Request
	var body io.Reader
	if r.Body != nil {
		require.Equal(t, "raw", r.Body.Mode, name)
		body = strings.NewReader(p.fill(t, r.Body.Raw))
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, p.fill(t, r.URL.Raw), body)
	require.NoError(t, err, name)
	for _, h := range r.Header {
		req.Header.Set(h.Key, p.fill(t, h.Value))
	}
	if r.Auth.Type == "bearer" {
		req.Header.Set("Authorization", "Bearer "+p.fill(t, r.Auth.Bearer[0].Value))
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err, name)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err, name)
	require.NotEmpty(t, item.Event, "%s has no test", name)
	for _, event := range item.Event {
		require.Equal(t, "test", event.Listen, name)
		for _, line := range event.Script.Exec {
			p.check(t, name, line, res.StatusCode, res.Header, text)
		}
	}
}

// fill puts the variables' values in; {{$guid}} is a new UUID each time.
func (p *postman) fill(t *testing.T, text string) string {
	t.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(held string) string {
		name := strings.Trim(held, "{}")
		if name == "$guid" {
			return uuid.Must(uuid.NewV4()).String()
		}
		value, ok := p.variables[name]
		require.True(t, ok, "the collection has no variable %s", name)
		return fmt.Sprint(value)
	})
}

// check runs one line of a test script.
func (p *postman) check(t *testing.T, name, line string, status int, header http.Header, body []byte) {
	t.Helper()
	if m := saysStatus.FindStringSubmatch(line); m != nil {
		require.Equal(t, m[1], strconv.Itoa(status), "%s: %s", name, body)
		return
	}
	if line == readsBody {
		return
	}
	if m := saysType.FindStringSubmatch(line); m != nil {
		require.Contains(t, header.Get("Content-Type"), m[1], "%s: %s", name, body)
		return
	}
	var answer any
	require.NoError(t, json.Unmarshal(body, &answer), "%s: %s", name, body)
	if m := saysValue.FindStringSubmatch(line); m != nil {
		var want any
		require.NoError(t, json.Unmarshal([]byte(m[2]), &want), name)
		require.Equal(t, want, pick(t, answer, m[1]), "%s: %s in %s", name, m[1], body)
		return
	}
	m := keepsValue.FindStringSubmatch(line)
	require.NotNil(t, m, "%s: a line that this test cannot run: %s", name, line)
	p.variables[m[1]] = pick(t, answer, m[2])
}

// pick is the value at a path such as totals.due or items[0].sku.
func pick(t *testing.T, value any, path string) any {
	t.Helper()
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[", ".["), ".") {
		if index, ok := strings.CutPrefix(step, "["); ok {
			i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			list, _ := value.([]any)
			require.NoError(t, err)
			require.Greater(t, len(list), i, "%s is too short", path)
			value = list[i]
			continue
		}
		members, ok := value.(map[string]any)
		require.True(t, ok, "there is no %s", path)
		value, ok = members[step]
		require.True(t, ok, "there is no %s", path)
	}
	return value
}
