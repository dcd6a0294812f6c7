package door

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"tiem/internal/fault"
)

// serveMethodNotAllowed is 405 with Allow, which chi sets only in its own
// handler. HEAD goes wherever GET goes.
func (d *Door) serveMethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	v := visitOf(r.Context())
	v.route = unmatchedRoute
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if d.router.Match(chi.NewRouteContext(), method, path) {
			allowed = append(allowed, method)
			if method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeProblem(w, v, newProblem(http.StatusMethodNotAllowed, fault.New(fault.Unsupported, "method_not_allowed",
		"this address does not take %s", methodLabel(r.Method)).Advise("it takes %s", strings.Join(allowed, ", "))))
}
