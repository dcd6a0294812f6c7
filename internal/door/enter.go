package door

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tiem/internal/fault"
)

// enter is huma's outermost middleware: it puts the door's body in the place of
// huma's own reading.
func enter(hc huma.Context, next func(huma.Context)) {
	c := &operationContext{inner: hc, visit: visitOf(hc.Context())}
	if hc.Operation().RequestBody == nil {
		// huma would never look at the body of such an operation.
		if _, err := c.readBody(); err != nil {
			Refuse(hc, err)
			return
		}
	}
	next(c)
}

type inner = huma.Context

// operationContext is huma's context with the door's body.
type operationContext struct {
	inner
	visit *visit
}

// Unwrap lets humachi.Unwrap find the request.
func (c *operationContext) Unwrap() huma.Context { return c.inner }

// SetReadDeadline does nothing: huma would replace the deadline of the door's
// body by five seconds, or lift it.
func (c *operationContext) SetReadDeadline(time.Time) error { return nil }

// Header gives huma one name for all kinds of JSON.
func (c *operationContext) Header(name string) string {
	if strings.EqualFold(name, "Content-Type") && takesJSON(c.Operation()) {
		return "application/json"
	}
	return c.inner.Header(name)
}

// BodyReader is the body, read and checked. Its error reaches humaProblem
// through huma's readBody.
func (c *operationContext) BodyReader() io.Reader {
	data, err := c.readBody()
	if err != nil {
		return readerFunc(func([]byte) (int, error) { return 0, err })
	}
	return bytes.NewReader(data)
}

func (c *operationContext) readBody() ([]byte, error) {
	b := c.visit.body
	if b == nil {
		return nil, nil
	}
	if !takesJSON(c.Operation()) {
		return b.all()
	}
	if err := checkMediaType(c.inner.Header("Content-Type")); err != nil {
		return nil, err
	}
	data, err := b.all()
	if err != nil || len(data) == 0 {
		return nil, err
	}
	return data, checkJSON(data)
}

// takesJSON says whether an operation's body is JSON. One that declares no body
// may still be sent one, such as {}: it is ignored, but has to be JSON.
func takesJSON(op *huma.Operation) bool {
	return op.RequestBody == nil || op.RequestBody.Content["application/json"] != nil
}

// checkMediaType accepts application/json, application/*+json, and silence.
func checkMediaType(header string) error {
	if header == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(header)
	isJSON := media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
	charset := params["charset"]
	if err == nil && isJSON && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	return fault.New(fault.Unsupported, "unsupported_media_type", "the body must be JSON in UTF-8").
		At(http.CanonicalHeaderKey("Content-Type")).Advise("send Content-Type: application/json")
}
