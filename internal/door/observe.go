package door

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"tiem/internal/fault"
)

const unmatchedRoute = "unmatched"

// observe writes one log line and one observation for each request.
func (d *Door) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := d.cfg.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		cut := true
		defer func() { d.record(r, ww, start, cut) }()
		next.ServeHTTP(ww, r)
		cut = false
	})
}

func (d *Door) record(r *http.Request, ww middleware.WrapResponseWriter, start time.Time, cut bool) {
	v := visitOf(r.Context())
	took := d.cfg.Now().Sub(start)
	status := ww.Status()
	switch {
	case v.status != 0:
		status = v.status
	case cut:
		status = http.StatusInternalServerError
	case status == 0:
		status = http.StatusOK
	}
	route := v.route
	if route == "" {
		route = routeOf(r)
	}
	v.trace.End(methodLabel(r.Method), route, status)
	d.requests.WithLabelValues(route, methodLabel(r.Method), strconv.Itoa(status/100)+"xx").Observe(took.Seconds())
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("route", route), slog.Int("status", status),
		slog.Int("bytes", ww.BytesWritten()), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("request_id", v.id),
	}
	if cut {
		attrs = append(attrs, slog.Bool("cut", true))
	}
	d.cfg.Logger.LogAttrs(r.Context(), level(route, status, v), "request", append(attrs, faultAttrs(v)...)...)
}

// level is debug for probes, error for our own failures, warn for those that
// pass by themselves, and info for everything else, the client's faults included.
func level(route string, status int, v *visit) slog.Level {
	switch {
	case isProbe(route):
		return slog.LevelDebug
	case status < http.StatusInternalServerError:
		return slog.LevelInfo
	case v.fault != nil && (v.fault.Kind == fault.Unavailable || v.fault.Kind == fault.Unknown):
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// isProbe tells of what machines ask all day long.
func isProbe(route string) bool {
	return route == "/health" || route == "/ready" || route == "/metrics"
}

// faultAttrs are the code and, for failures of our own, the whole text with its
// cause. A client's faults keep theirs out of the log: it may quote the input.
func faultAttrs(v *visit) []slog.Attr {
	if v.fault == nil {
		return nil
	}
	attrs := []slog.Attr{slog.String("code", v.fault.Code)}
	if Status(v.fault.Kind) >= http.StatusInternalServerError {
		attrs = append(attrs, slog.String("error", v.fault.Error()))
	}
	if v.stack != "" {
		attrs = append(attrs, slog.String("stack", v.stack))
	}
	return attrs
}

// routeOf is the pattern that chi matched. Paths never become labels: their ids
// would make a time series each.
func routeOf(r *http.Request) string {
	if rc := chi.RouteContext(r.Context()); rc != nil {
		if pattern := rc.RoutePattern(); pattern != "" {
			return pattern
		}
	}
	return unmatchedRoute
}

func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}
