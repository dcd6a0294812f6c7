package door

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestFaultBecomesProblem(t *testing.T) {
	f := newFixture(t)
	p := f.do(t, http.MethodGet, "/v1/fail/conflict", "").problem(t, 409, "gap")
	require.Equal(t, "Conflict", p["title"])
	require.Equal(t, "events are missing", p["detail"])
	require.Equal(t, "first_id", p["field"])
	require.Equal(t, "send from 7", p["hint"])
	require.InDelta(t, 7, p["expected_id"], 0)
	require.Equal(t, "00ff", p["chain_hash"])
	line := f.log.last(t)
	require.Equal(t, "INFO", line["level"])
	require.Equal(t, "gap", line["code"])
	require.NotContains(t, line, "error")
}

func TestOurFailuresAreLoggedOnceWithTheirCause(t *testing.T) {
	for how, c := range map[string]struct {
		status             int
		code, level, cause string
	}{
		"plain":   {500, "internal_error", "ERROR", "SELECT secret"},
		"wrapped": {503, "database_unavailable", "WARN", "dial tcp 10.0.0.1"},
		"panic":   {500, "internal_error", "ERROR", "a bug with SELECT in it"},
	} {
		t.Run(how, func(t *testing.T) {
			f := newFixture(t)
			a := f.do(t, http.MethodGet, "/v1/fail/"+how, "")
			a.problem(t, c.status, c.code)
			require.NotContains(t, a.text, "dial tcp")
			require.Len(t, f.log.lines(t, "request"), 1)
			line := f.log.last(t)
			require.Equal(t, c.level, line["level"])
			require.Contains(t, line["error"], c.cause)
			require.Equal(t, a.Header.Get("X-Request-Id"), line["request_id"])
			if how == "panic" {
				require.Contains(t, line["stack"], "sampleFailure")
			} else {
				require.NotContains(t, line, "stack")
			}
		})
	}
}

func TestErrorsOfHumaAndTheirHeaders(t *testing.T) {
	f := newFixture(t)
	f.do(t, http.MethodGet, "/v1/fail/huma", "").problem(t, 404, "not_found")
	a := f.do(t, http.MethodGet, "/v1/fail/headers", "")
	a.problem(t, 503, "busy")
	require.Equal(t, []string{"30"}, a.Header.Values("Retry-After"))
	a = f.do(t, http.MethodGet, "/v1/fail/wrapped", "")
	require.Equal(t, []string{"1"}, a.Header.Values("Retry-After"))
}

func TestProblemsAreDeterministic(t *testing.T) {
	many := fault.New(fault.Conflict, "many", "many")
	for _, key := range "zyxwvutsrqponmlkjihgfedcba" {
		_ = many.With(string(key), map[string]int{"b": 1, "a": 2})
	}
	var texts []string
	for range 5 {
		rec := httptest.NewRecorder()
		WriteProblem(rec, httptest.NewRequest(http.MethodGet, "/", nil), many)
		texts = append(texts, rec.Body.String())
	}
	for _, text := range texts {
		require.Equal(t, texts[0], text)
	}
	require.Contains(t, texts[0], `"a":{"a":2,"b":1},"b":`)
}

func TestAnswerThatCannotBeEncodedIs500(t *testing.T) {
	f := newFixture(t)
	f.do(t, http.MethodGet, "/v1/fail/unencodable", "").problem(t, 500, "internal_error")
}

func TestRawRoutes(t *testing.T) {
	f := newFixture(t)
	f.Router().Get("/raw/fault", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Content-Length", "3")
		WriteProblem(w, r, fault.New(fault.NotFound, "payment_unknown", "no such payment"))
	})
	f.Router().Get("/raw/panic", func(http.ResponseWriter, *http.Request) { panic(errors.New("boom")) })
	f.Router().Get("/raw/odd", func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, r, fault.New(fault.Conflict, "odd", "odd").With("channel", make(chan int)))
	})
	a := f.do(t, http.MethodGet, "/raw/fault", "")
	a.problem(t, 404, "payment_unknown")
	require.Empty(t, a.Header.Get("Content-Length"))
	require.Equal(t, "/raw/fault", f.log.last(t)["route"])
	f.do(t, http.MethodGet, "/raw/panic", "").problem(t, 500, "internal_error")
	f.do(t, http.MethodGet, "/raw/odd", "").problem(t, 409, "odd")
}

func TestProblemOutsideADoor(t *testing.T) {
	require.NoError(t, Problem(t.Context(), nil))
	rec := httptest.NewRecorder()
	WriteProblem(rec, httptest.NewRequest(http.MethodGet, "/", nil), errors.New("x"))
	require.Equal(t, 500, rec.Code)
	require.Contains(t, rec.Body.String(), `"code":"internal_error"`)
}

func TestClassify(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		err    error
		status int
		code   string
	}{
		"the caller left":    {gone, fault.Wrap(context.Canceled, fault.Unavailable, "request_cancelled", "x"), 499, "client_closed_request"},
		"cancelled, not him": {t.Context(), context.Canceled, 500, "internal_error"},
		"too slow":           {t.Context(), context.DeadlineExceeded, 503, "deadline_exceeded"},
		"no code":            {t.Context(), fault.New(fault.Conflict, "", "x"), 409, "conflict"},
		"in doubt":           {t.Context(), fault.New(fault.Unknown, "commit_unknown", "x"), 503, "commit_unknown"},
		"configuration":      {t.Context(), fault.New(fault.Config, "setting_missing", "x"), 500, "setting_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			f, status := classify(c.ctx, c.err)
			require.Equal(t, c.status, status)
			require.Equal(t, c.code, f.Code)
		})
	}
}

func TestStatusOfKinds(t *testing.T) {
	for kind, status := range map[fault.Kind]int{
		fault.Internal: 500, fault.Malformed: 400, fault.Invalid: 422, fault.Unauthorized: 401, fault.Forbidden: 403,
		fault.NotFound: 404, fault.Conflict: 409, fault.TooLarge: 413, fault.Unsupported: 415, fault.Timeout: 408,
		fault.Throttled:   429,
		fault.Unavailable: 503, fault.Unknown: 503, fault.Config: 500, fault.Usage: 500, fault.Kind(200): 500,
	} {
		require.Equal(t, status, Status(kind), kind)
	}
}

// Whoever came too often is told for how long to stay away.
func TestRetryAfter(t *testing.T) {
	for want, details := range map[string]map[string]any{"30": {"retry_after_seconds": int64(30)}, "1": nil} {
		f := fault.New(fault.Throttled, "pin_blocked", "too often")
		f.Details = details
		require.Equal(t, want, newProblem(Status(f.Kind), f).headers.Get("Retry-After"))
	}
}
