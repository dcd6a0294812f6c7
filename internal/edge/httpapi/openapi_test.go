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

	"tiem/internal/edge"
)

var update = flag.Bool("update", false, "write the golden files")

const golden = "../../../api/edge.openapi.yaml"

func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	app, err := edge.New(nil, edge.Config{StoreID: "S1", Timezone: "Asia/Ho_Chi_Minh", DayStart: "00:00", Demo: true}, nil)
	require.NoError(t, err)
	document, err := app.OpenAPI()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, document, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(document), "the API changed: make generate, and read the diff: tills depend on it")

	// Every route is in it, so that nobody has to read the code.
	router, ok := app.Handler().(interface{ Router() chi.Router })
	require.True(t, ok)
	paths, _, _ := strings.Cut(string(document)[strings.Index(string(document), "\npaths:\n"):], "\nservers:")
	routes := 0
	require.NoError(t, chi.Walk(router.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/v1/") {
			routes++
			_, item, found := strings.Cut(paths, "\n  "+route+":\n")
			require.True(t, found, "%s is not in the document", route)
			item, _, _ = strings.Cut(item, "\n  /")
			require.Contains(t, "\n"+item, "\n    "+strings.ToLower(method)+":\n", "%s %s is not in the document", method, route)
		}
		return nil
	}))
	require.Len(t, table, routes)
}
