package httpapi_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

const hqToken = "a-token-for-the-scripts"

var tea = hqtest.Item{SKU: "TEA", Price: 10_000}

func one(item hqtest.Item) hqtest.Line { return hqtest.Line{Item: item, Quantity: sale.One} }

// server is an HQ behind a real listener that knows the stores S1 and S2.
type server struct {
	url    string
	app    *hq.App
	tokens map[string]string
}

func setup(t *testing.T) *server {
	t.Helper()
	t.Parallel()
	app := hq.New(postgrestest.New(t, hqdb.Migrations), hq.Config{Token: hqToken}, nil)
	s := &server{app: app, tokens: map[string]string{}}
	for _, id := range []string{"S1", "S2"} {
		token, err := app.Fleet.Add(t.Context(), id, "Store "+id)
		require.NoError(t, err)
		s.tokens[id] = token
	}
	s.url = serve(t, app)
	return s
}

// answer is a response with its decoded body.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (s *server) call(t *testing.T, method, path, token string, body any, headers ...string) answer {
	t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case *wire.Batch:
		data, err := wire.EncodeBatch(b)
		require.NoError(t, err)
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, reader)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if reader != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	a := answer{status: response.StatusCode, header: response.Header}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		require.NoError(t, json.Unmarshal(data, &a.body), "%s", data)
	}
	return a
}

func (s *server) requireProblem(t *testing.T, a answer, status int, code string) {
	t.Helper()
	require.Equal(t, status, a.status, "%v", a.body)
	require.Equal(t, code, a.body["code"], "%v", a.body)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.NotEmpty(t, a.body["detail"])
	require.Equal(t, a.header.Get("X-Request-Id"), a.body["request_id"])
}

func serve(t *testing.T, app *hq.App) (url string) {
	t.Helper()
	listener := httptest.NewServer(app.Handler())
	t.Cleanup(listener.Close)
	return listener.URL
}

// text is the body of a GET.
func (s *server) text(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(data)
}
