package door

import "net/http"

const (
	// apiPolicy: an answer of the API is data; a browser that shows it runs nothing.
	apiPolicy = "default-src 'none'; frame-ancestors 'none'"
	// pagePolicy: a page uses what its own host serves.
	pagePolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; " +
		"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

// secureHeaders sets the headers of an API's answer; pages replace the policy
// and the caching with their own.
func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", apiPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}
