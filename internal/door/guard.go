package door

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"tiem/internal/fault"
)

// guard refuses what no handler should see, before routing: a URL that the
// database could not store, an unusable Idempotency-Key, a body that announces
// itself as too large. What passes has its body behind limits.
func (d *Door) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		if err := checkURL(r.URL); err != nil {
			WriteProblem(w, r, err)
			return
		}
		key, err := idempotencyKey(r)
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		v.key = key
		limit := d.cfg.bodyLimit(r)
		if r.ContentLength > limit {
			WriteProblem(w, r, tooLargeFault(limit))
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			v.body = newBody(w, r, limit, d.cfg.BodyTimeout)
			r.Body = v.body
		}
		next.ServeHTTP(w, r)
	})
}

// checkURL refuses a path or query that is not text: PostgreSQL stores neither
// NUL nor invalid UTF-8, and net/url silently drops a pair that it cannot read.
func checkURL(u *url.URL) error {
	query, err := url.QueryUnescape(u.RawQuery)
	if err == nil && isText(u.Path) && isText(query) {
		return nil
	}
	return fault.New(fault.Malformed, "url_invalid", "the address holds an escape that is not UTF-8 text")
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
