package door

import (
	"context"
	"net/http"

	"tiem/internal/fault"
	"tiem/internal/trace"
)

type visitKey struct{}

// visit is what the door knows about one request. It is made by identify, lives
// in the request's context, and is used by the request's own goroutine.
type visit struct {
	id     string
	header http.Header
	method string
	path   string
	key    string // Idempotency-Key; "" if there is none
	body   *body  // nil if the request has none
	trace  trace.Request

	route  string       // the route pattern if chi does not know it
	status int          // the status that the client got, if it is not the one written
	fault  *fault.Error // what went wrong, for the log
	stack  string       // of a panic
}

// visitOf is the request's visit; outside a door a fresh one, so that nobody
// has to check for nil.
func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{header: http.Header{}}
}
