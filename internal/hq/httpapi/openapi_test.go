package httpapi_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/door"
	"tiem/internal/hq"
	"tiem/internal/hq/httpapi"
)

var update = flag.Bool("update", false, "write the golden files")

const golden = "../../../api/hq.openapi.yaml"

func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	document, err := hq.New(nil, hq.Config{}, nil).OpenAPI()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, document, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	for i, line := range strings.Split(string(document), "\n") { // the whole document twice would be no help
		before, rest, _ := strings.Cut(string(want), "\n")
		require.Equal(t, before, line, "the API changed at line %d: make generate", i+1)
		want = []byte(rest)
	}
	require.Empty(t, want, "the API lost its end: make generate")
}

// Every route under /v1 is in the document, so that nobody has to read the code.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	t.Parallel()
	d := door.New(door.Config{})
	httpapi.Register(d, httpapi.Parts{})
	document, err := d.OpenAPI()
	require.NoError(t, err)
	routes := 0
	require.NoError(t, chi.Walk(d.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/v1/") {
			routes++
			require.Contains(t, string(document), "\n  "+route+":\n", "%s %s", method, route)
			require.NotNil(t, d.API().OpenAPI().Paths[route], "%s %s", method, route)
		}
		return nil
	}))
	require.Equal(t, 7, routes)
}
