package door

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Door is one HTTP listener's handler: the operations of its API, raw routes,
// documentation and probes, behind the same middleware. Everything is registered
// before it serves; then it is safe for concurrent use.
type Door struct {
	cfg      Config
	router   *chi.Mux
	api      huma.API
	requests *prometheus.HistogramVec
	notReady atomic.Value // string: the code that /ready answered last, "" when ready

	documentOnce sync.Once
	documentJSON []byte
	documentYAML []byte
	documentErr  error
}

// New builds a door. It panics on what only a programmer can get wrong, such as
// a metric of the same name with other labels in cfg.Registry.
func New(cfg Config) *Door {
	d := &Door{cfg: cfg.withDefaults(), router: chi.NewMux()}
	configureHuma()
	d.requests = requestHistogram(d.cfg.Registry)
	d.notReady.Store("")

	d.router.Use(d.identify, d.observe, d.catch, secureHeaders, d.guard, middleware.GetHead)
	d.router.NotFound(d.serveNotFound)
	d.router.MethodNotAllowed(d.serveMethodNotAllowed)
	d.api = humachi.New(d.router, d.humaConfig())
	d.api.UseMiddleware(enter)

	d.router.Get("/health", serveHealth)
	d.router.Get("/ready", d.serveReady)
	d.router.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(d.cfg.Registry, promhttp.HandlerOpts{}))
	d.router.Get("/openapi.json", d.serveDocumentJSON)
	d.router.Get("/openapi.yaml", d.serveDocumentYAML)
	d.mountDocs()
	d.mountHome()
	return d
}

// API is where operations and huma middlewares are registered; see Register.
func (d *Door) API() huma.API { return d.api }

// Router is for the few routes that are not JSON: images, streams, pages.
// Their handlers answer errors with WriteProblem.
func (d *Door) Router() chi.Router { return d.router }

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.router.ServeHTTP(w, r) }
