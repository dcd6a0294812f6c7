package door

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5/static"
	"github.com/swaggest/swgui/v5emb"

	"tiem/internal/fault"
)

const docsPath = "/docs"

var inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// mountDocs serves Swagger UI from the binary: a shop may have no internet, and
// its tills must not run what a CDN sends.
func (d *Door) mountDocs() {
	assets := v5emb.NewHandlerWithConfig(swgui.Config{Title: d.cfg.Title, SwaggerJSON: "/openapi.json", BasePath: docsPath})
	index := render(assets)
	policy := docsPolicy(index)
	serveIndex := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write(index)
	}
	d.router.Get(docsPath, serveIndex)
	d.router.Get(docsPath+"/", serveIndex)
	d.router.Get(docsPath+"/*", func(w http.ResponseWriter, r *http.Request) {
		if !docsAsset(strings.TrimPrefix(r.URL.Path, docsPath+"/")) {
			d.serveNotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache") // with an ETag, so it costs a 304
		assets.ServeHTTP(w, r)
	})
}

// docsAsset says whether the library has the file, packed or not.
func docsAsset(name string) bool {
	for _, file := range []string{name, name + ".gz"} {
		if f, err := static.FS.Open(file); err == nil {
			info, statErr := f.Stat()
			_ = f.Close()
			return statErr == nil && !info.IsDir()
		}
	}
	return false
}

// docsPolicy allows the page its own host and exactly its own inline scripts.
// Swagger UI sets style attributes and uses data: images.
func docsPolicy(index []byte) string {
	scripts := []string{"'self'"}
	for _, m := range inlineScript.FindAllSubmatch(index, -1) {
		sum := sha256.Sum256(m[1])
		scripts = append(scripts, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return "default-src 'none'; script-src " + strings.Join(scripts, " ") + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
		"font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// render is the page that h serves; it never changes, so it is made once.
func render(h http.Handler) []byte {
	p := &page{header: http.Header{}}
	h.ServeHTTP(p, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: docsPath}})
	return p.Bytes()
}

type page struct {
	bytes.Buffer
	header http.Header
}

// Header is kept nowhere.
func (p *page) Header() http.Header { return p.header }

// WriteHeader is ignored.
func (p *page) WriteHeader(int) {}

func (d *Door) serveNotFound(w http.ResponseWriter, r *http.Request) {
	visitOf(r.Context()).route = unmatchedRoute
	WriteProblem(w, r, fault.New(fault.NotFound, "not_found", "nothing is at this address").
		Advise("%s lists what there is", docsPath))
}
