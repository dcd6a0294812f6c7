package door

import (
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// configureHuma sets what huma keeps for the whole process: once, so that no
// door changes it under another's requests.
var configureHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(status, message, errs)
	}
})

// humaConfig is huma without what talks to strangers or to everybody: no docs
// page from a CDN, no $schema links in bodies, no /schemas, and documents that
// are built once instead of by whichever request comes first.
func (d *Door) humaConfig() huma.Config {
	c := huma.DefaultConfig(d.cfg.Title, d.cfg.Version)
	c.Info.Description = d.cfg.Description
	c.DocsPath, c.OpenAPIPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	format := huma.Format{Marshal: writeEncoded, Unmarshal: decodeStrict}
	c.Formats = map[string]huma.Format{"application/json": format, "json": format} // json: every …+json
	c.DefaultFormat = "application/json"
	c.Transformers = []huma.Transformer{encodeAnswer}
	c.OnAddOperation = append(c.OnAddOperation, func(_ *huma.OpenAPI, op *huma.Operation) { describe(op) })
	return c
}

// encodeAnswer encodes an answer before huma writes the status, so that a value
// that cannot be encoded becomes a 500 and not half a 200.
func encodeAnswer(hc huma.Context, _ string, value any) (any, error) {
	if p, ok := value.(*problem); ok {
		visitOf(hc.Context()).note(p)
		for name := range p.headers {
			hc.SetHeader(name, p.headers.Get(name))
		}
	}
	data, err := encode(value)
	if err != nil {
		panic(fmt.Errorf("the answer cannot be encoded: %w", err)) // catch answers it
	}
	hc.SetHeader("Content-Length", strconv.Itoa(len(data))) // else net/http sends an answer over 2 KiB in chunks
	return jsontext.Value(data), nil
}

// encode is how every answer becomes JSON: deterministic, nil slices as [], no
// HTML escapes.
func encode(value any) ([]byte, error) { return json.Marshal(value, json.Deterministic(true)) }

// writeEncoded writes what encodeAnswer made. A client that left is no error of ours.
func writeEncoded(w io.Writer, value any) error {
	data, ok := value.(jsontext.Value)
	if !ok {
		var err error
		if data, err = encode(value); err != nil {
			return err
		}
	}
	_, _ = w.Write(data)
	return nil
}
