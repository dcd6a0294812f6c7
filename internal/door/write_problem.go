package door

import (
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-json-experiment/json"
)

// WriteProblem answers a raw route's request with err.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, visitOf(r.Context()), problemOf(r.Context(), err))
}

// Refuse answers with err from inside a huma middleware, which then must not
// call next.
func Refuse(hc huma.Context, err error) {
	_, w := humachi.Unwrap(hc)
	writeProblem(w, visitOf(hc.Context()), problemOf(hc.Context(), err))
}

func writeProblem(w http.ResponseWriter, v *visit, p *problem) {
	v.note(p)
	h := w.Header()
	maps.Copy(h, p.headers)
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Disposition", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	data, err := encode(p)
	if err != nil { // a detail that cannot be encoded must not hide the error itself
		p.Extra = nil
		data, _ = json.Marshal(p)
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(data) // the client may be gone; the log line says what it was sent
}

// note completes p with the request's id and keeps its fault for the log line.
func (v *visit) note(p *problem) {
	if p.RequestID == "" {
		p.RequestID = v.id
	}
	v.fault = p.fault
}
