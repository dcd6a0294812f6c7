package door

import (
	"context"
	"net/http"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/trace"
)

const requestIDHeader = "X-Request-Id"

// RequestID is the id of the request that ctx belongs to; "" outside a door.
func RequestID(ctx context.Context) string { return visitOf(ctx).id }

// identify begins the visit: it takes over the caller's request id if it is
// sane (so that a till's log and ours can be joined) and mints one otherwise. The
// caller's trace goes on, too.
func (d *Door) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !saneRequestID(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		w.Header().Set(requestIDHeader, id)
		v := &visit{id: id, header: r.Header, method: r.Method, path: r.URL.Path}
		ctx := r.Context()
		if !isProbe(v.path) {
			ctx, v.trace = trace.Arrive(ctx, r.Header, methodLabel(r.Method))
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, visitKey{}, v)))
	})
}

// saneRequestID accepts 1–128 characters that need no escaping in a log.
func saneRequestID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return true
}
