package door

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/go-chi/chi/v5/middleware"

	"tiem/internal/fault"
)

// catch answers a panic with 500 and leaves its stack to the log. If the answer
// has begun, the connection is cut: a truncated answer must not look whole.
func (d *Door) catch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			err, isError := p.(error)
			if isError && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			v := visitOf(r.Context())
			v.stack = string(debug.Stack())
			err = internal(fmt.Errorf("panic: %v", p))
			if ww, ok := w.(middleware.WrapResponseWriter); ok && ww.Status() != 0 {
				v.fault = fault.As(err)
				panic(http.ErrAbortHandler)
			}
			WriteProblem(w, r, err)
		}()
		next.ServeHTTP(w, r)
	})
}
