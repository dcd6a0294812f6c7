package door

import (
	"encoding/json"
	"net/http"
)

// OpenAPI is the API's document as YAML (OpenAPI 3.1), the same bytes for the
// same registration. It is the golden file of api/. The document is fixed by
// the first call: register all operations before.
func (d *Door) OpenAPI() ([]byte, error) {
	d.buildDocument()
	return d.documentYAML, d.documentErr
}

func (d *Door) buildDocument() {
	d.documentOnce.Do(func() {
		if d.documentJSON, d.documentErr = json.Marshal(d.api.OpenAPI()); d.documentErr == nil {
			d.documentYAML, d.documentErr = d.api.OpenAPI().YAML()
		}
	})
}

func (d *Door) serveDocumentJSON(w http.ResponseWriter, r *http.Request) {
	d.buildDocument()
	d.serveDocument(w, r, "application/openapi+json", d.documentJSON)
}

func (d *Door) serveDocumentYAML(w http.ResponseWriter, r *http.Request) {
	d.buildDocument()
	d.serveDocument(w, r, "application/openapi+yaml", d.documentYAML)
}

func (d *Door) serveDocument(w http.ResponseWriter, r *http.Request, media string, data []byte) {
	if d.documentErr != nil {
		WriteProblem(w, r, d.documentErr)
		return
	}
	w.Header().Set("Content-Type", media)
	_, _ = w.Write(data)
}
