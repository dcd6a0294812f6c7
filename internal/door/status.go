package door

import (
	"net/http"

	"tiem/internal/fault"
)

// statusClientClosed is nginx's 499: the client left before the answer. Nobody
// reads it but the log.
const statusClientClosed = 499

// Status is the HTTP status of a kind of fault. This is the one place where
// kinds become statuses.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthorized:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Timeout:
		return http.StatusRequestTimeout
	case fault.Throttled:
		return http.StatusTooManyRequests
	case fault.Unavailable, fault.Unknown:
		return http.StatusServiceUnavailable
	case fault.Internal, fault.Config, fault.Usage:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

func titleOf(status int) string {
	if status == statusClientClosed {
		return "Client Closed Request"
	}
	return http.StatusText(status)
}
