package door

import (
	"context"
	"net/http"
	"strings"
)

// Bearer is the token of "Authorization: Bearer …"; "" if there is none.
func Bearer(r *http.Request) string { return bearer(r.Header) }

// BearerOf is Bearer inside a huma middleware (of its Context()) or handler.
func BearerOf(ctx context.Context) string { return bearer(visitOf(ctx).header) }

func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
