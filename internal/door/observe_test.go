package door

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestAccessLog(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := newFixture(t, func(c *Config) {
		c.Now = func() time.Time { now = now.Add(1500 * time.Microsecond); return now }
	})
	a := f.do(t, http.MethodPost, "/v1/sales/7/finalize", "")
	line := f.log.last(t)
	require.Equal(t, "INFO", line["level"])
	require.Equal(t, "POST", line["method"])
	require.Equal(t, "/v1/sales/{id}/finalize", line["route"])
	require.InDelta(t, 200, line["status"], 0)
	require.InDelta(t, len(a.text), line["bytes"], 0)
	require.InDelta(t, 1.5, line["duration_ms"], 1e-9)
	require.NotContains(t, line, "code")

	for _, probe := range []string{"/health", "/ready", "/metrics"} {
		f.do(t, http.MethodGet, probe, "")
		require.Equal(t, probe, f.log.last(t)["route"])
		require.Equal(t, "DEBUG", f.log.last(t)["level"])
	}
}

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	f.do(t, http.MethodPost, "/v1/sales/7/finalize", "")
	f.do(t, http.MethodPost, "/v1/sales/8/finalize", "")
	f.do(t, http.MethodGet, "/v1/fail/panic", "")
	f.do(t, http.MethodGet, "/somewhere/else/1", "")
	f.do(t, "BREW", "/v1/sales", "")
	a := f.do(t, http.MethodGet, "/metrics", "")
	require.Equal(t, 200, a.StatusCode)
	for _, want := range []string{
		`tiem_http_request_seconds_count{method="POST",route="/v1/sales/{id}/finalize",status="2xx"} 2`,
		`tiem_http_request_seconds_count{method="GET",route="/v1/fail/{how}",status="5xx"} 1`,
		`tiem_http_request_seconds_count{method="GET",route="unmatched",status="4xx"} 1`,
		`tiem_http_request_seconds_count{method="OTHER",route="unmatched",status="4xx"} 1`,
	} {
		require.Contains(t, a.text, want)
	}
	require.NotContains(t, a.text, "somewhere")
}

func TestTwoDoorsMayShareARegistry(t *testing.T) {
	registry := prometheus.NewRegistry()
	share := func(c *Config) { c.Registry = registry }
	first, second := newFixture(t, share), newFixture(t, share)
	first.do(t, http.MethodGet, "/health", "")
	second.do(t, http.MethodGet, "/health", "")
	require.Contains(t, first.do(t, http.MethodGet, "/metrics", "").text,
		`tiem_http_request_seconds_count{method="GET",route="/health",status="2xx"} 2`)
}

func TestProbes(t *testing.T) {
	var trouble error
	f := newFixture(t, func(c *Config) { c.Ready = func(context.Context) error { return trouble } })
	for range 2 {
		a := f.do(t, http.MethodGet, "/ready", "")
		require.Equal(t, 200, a.StatusCode)
		require.JSONEq(t, `{"status":"ready"}`, a.text)
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	}
	trouble = fault.New(fault.Config, "schema_missing", "the schema is old").Advise("migrate")
	for range 2 {
		require.Equal(t, "migrate", f.do(t, http.MethodGet, "/ready", "").problem(t, 503, "schema_missing")["hint"])
	}
	trouble = context.DeadlineExceeded
	f.do(t, http.MethodGet, "/ready", "").problem(t, 503, "not_ready")
	trouble = nil
	require.Equal(t, 200, f.do(t, http.MethodGet, "/ready", "").StatusCode)
	require.Len(t, f.log.lines(t, "not ready"), 2, "each change once")
	require.Len(t, f.log.lines(t, "ready again"), 1)

	a := f.do(t, http.MethodGet, "/health", "")
	require.Equal(t, 200, a.StatusCode)
	require.JSONEq(t, `{"status":"ok"}`, a.text)
	require.Equal(t, 200, f.do(t, http.MethodHead, "/health", "").StatusCode)
}

func TestHomeAndSecurityHeaders(t *testing.T) {
	f := newFixture(t)
	a := f.do(t, http.MethodGet, "/", "")
	require.Equal(t, 200, a.StatusCode)
	for _, link := range []string{"/docs", "/ready", "/metrics", "Sample"} {
		require.Contains(t, a.text, link)
	}
	require.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'self'")
	for _, path := range []string{"/", "/v1/sales?limit=1", "/nothing", "/docs"} {
		h := f.do(t, http.MethodGet, path, "").Header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Equal(t, "DENY", h.Get("X-Frame-Options"), path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
	own := newFixture(t, func(c *Config) {
		c.Home = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("mine")) })
	})
	require.Equal(t, "mine", own.do(t, http.MethodGet, "/", "").text)
}
