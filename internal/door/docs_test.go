package door

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var (
	assetLink = regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	foreign   = regexp.MustCompile(`(?i)(?:src|href)\s*=\s*["']?(?:[a-z]+:)?//|url\(|@import|//[a-z0-9-]+\.[a-z]`)
)

func TestDocsNeedNoInternet(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/docs", "/docs/"} {
		a := f.do(t, http.MethodGet, path, "")
		require.Equal(t, 200, a.StatusCode)
		require.Contains(t, a.Header.Get("Content-Type"), "text/html")
		require.Contains(t, a.text, `"swaggerJsonUrl":"/openapi.json"`)
		require.Empty(t, foreign.FindAllString(a.text, -1), "nothing of another host")

		links := assetLink.FindAllStringSubmatch(a.text, -1)
		require.GreaterOrEqual(t, len(links), 5)
		for _, link := range links {
			require.True(t, strings.HasPrefix(link[1], "/docs/"), link[1])
			for _, encoding := range []string{"", "gzip"} {
				asset := f.do(t, http.MethodGet, link[1], "", "Accept-Encoding", encoding)
				require.Equal(t, 200, asset.StatusCode, link[1])
				require.NotEmpty(t, asset.text)
				require.Equal(t, encoding == "gzip" && !strings.HasSuffix(link[1], ".png"),
					asset.Header.Get("Content-Encoding") == "gzip", link[1])
				etag := asset.Header.Get("Etag")
				require.NotEmpty(t, etag)
				require.Equal(t, "no-cache", asset.Header.Get("Cache-Control"), "no-store would forbid the 304")
				require.Equal(t, 304, f.do(t, http.MethodGet, link[1], "", "Accept-Encoding", encoding, "If-None-Match", etag).StatusCode)
			}
		}
	}
}

// The policy names each inline script by its hash; without that the page stays blank.
func TestDocsPolicy(t *testing.T) {
	f := newFixture(t)
	a := f.do(t, http.MethodGet, "/docs", "")
	policy := a.Header.Get("Content-Security-Policy")
	require.Equal(t, strings.Count(a.text, "<script>"), strings.Count(policy, "'sha256-"))
	require.Positive(t, strings.Count(a.text, "<script>"))
	require.NotContains(t, policy, "unsafe-eval")
	require.NotRegexp(t, `script-src[^;]*unsafe-inline`, policy)
	require.NotContains(t, policy, "http")
	require.NotRegexp(t, `<[^>]* on[a-z]+=`, a.text, "no inline handlers: the policy would stop them")
}

func TestDocsHaveNothingElse(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/docs/nothing.js", "/docs/..%2f..%2fetc/passwd", "/docs/."} {
		f.do(t, http.MethodGet, path, "").problem(t, 404, "not_found")
	}
}

func TestOpenAPI(t *testing.T) {
	f := newFixture(t)
	document, err := f.OpenAPI()
	require.NoError(t, err)
	again, err := newFixture(t).OpenAPI()
	require.NoError(t, err)
	require.Equal(t, string(document), string(again), "deterministic")

	var doc struct {
		OpenAPI string
		Info    struct{ Title, Version, Description string }
		Paths   map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties           map[string]any
				Required             []string
				AdditionalProperties bool `yaml:"additionalProperties"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(document, &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	require.Equal(t, "Sample", doc.Info.Title)
	require.Equal(t, "1.2.3", doc.Info.Version)
	require.Equal(t, "for tests", doc.Info.Description)
	require.Len(t, doc.Paths, 3)
	for path, operations := range doc.Paths {
		for method, operation := range operations {
			schema := operation.Responses["default"].Content[problemType].Schema
			require.Equal(t, "#/components/schemas/Problem", schema["$ref"], method+" "+path)
		}
	}
	problemSchema := doc.Components.Schemas["Problem"]
	require.True(t, problemSchema.AdditionalProperties)
	require.ElementsMatch(t, []string{"type", "title", "status", "detail", "code", "request_id"}, problemSchema.Required)
	for _, name := range reserved {
		require.Contains(t, problemSchema.Properties, name)
	}
	require.Len(t, problemSchema.Properties, len(reserved))
	require.NotContains(t, string(document), "$schema")

	a := f.do(t, http.MethodGet, "/openapi.yaml", "")
	require.Equal(t, string(document), a.text)
	a = f.do(t, http.MethodGet, "/openapi.json", "")
	require.Equal(t, "3.1.0", a.json(t)["openapi"])
	require.Equal(t, "application/openapi+json", a.Header.Get("Content-Type"))
	f.do(t, http.MethodGet, "/schemas/Problem.json", "").problem(t, 404, "not_found")
}
