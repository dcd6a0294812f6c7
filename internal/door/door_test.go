package door

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/logtest"
	"tiem/internal/sale"
)

// The sample API of the tests: one operation with a body, one without, and a
// few that fail in their own way.

type sampleLine struct {
	Barcode  string        `json:"barcode" maxLength:"64"`
	Quantity sale.Quantity `json:"quantity,omitzero"`
}

type sampleBody struct {
	ID     string       `json:"id,omitzero"`
	Method string       `json:"method,omitzero" enum:"CASH,QR"`
	Amount int64        `json:"amount" minimum:"0"`
	Note   *string      `json:"note,omitzero" maxLength:"20"`
	Lines  []sampleLine `json:"lines,omitzero" maxItems:"3"`
}

type sampleIn struct {
	Body sampleBody
}

type sampleOut struct {
	Body struct {
		Amount int64        `json:"amount"`
		Note   string       `json:"note"`
		Lines  []sampleLine `json:"lines"`
		Key    string       `json:"key,omitzero"`
		Hash   []byte       `json:"hash,omitzero"`
	}
}

func sampleSale(ctx context.Context, in *sampleIn) (*sampleOut, error) {
	out := &sampleOut{}
	out.Body.Amount, out.Body.Lines = in.Body.Amount, in.Body.Lines
	if in.Body.Note != nil {
		out.Body.Note = *in.Body.Note
	}
	if fp, ok := FingerprintOf(ctx); ok {
		out.Body.Key, out.Body.Hash = fp.Key, fp.Hash[:]
	}
	return out, nil
}

type fixture struct {
	*Door
	log *logBuffer
}

func newFixture(t testing.TB, change ...func(*Config)) *fixture {
	t.Helper()
	log := &logBuffer{}
	cfg := Config{
		Title: "Sample", Description: "for tests", Version: "1.2.3",
		Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&cfg)
	}
	d := New(cfg)
	d.API().UseMiddleware(func(hc huma.Context, next func(huma.Context)) {
		if BearerOf(hc.Context()) == "wrong" {
			Refuse(hc, fault.New(fault.Unauthorized, "token_invalid", "this token is not known"))
			return
		}
		next(hc)
	})
	Register(d, huma.Operation{OperationID: "make-sale", Method: http.MethodPost, Path: "/v1/sales"}, sampleSale)
	Register(d, huma.Operation{OperationID: "finalize", Method: http.MethodPost, Path: "/v1/sales/{id}/finalize"},
		func(ctx context.Context, _ *struct {
			ID string `path:"id"`
		}) (*sampleOut, error) {
			return sampleSale(ctx, &sampleIn{})
		})
	Register(d, huma.Operation{OperationID: "list", Method: http.MethodGet, Path: "/v1/sales"},
		func(_ context.Context, in *struct {
			Limit int    `query:"limit" minimum:"1"`
			Query string `query:"q"`
		}) (*sampleOut, error) {
			out := &sampleOut{}
			out.Body.Amount, out.Body.Note = int64(in.Limit), in.Query
			return out, nil
		})
	Register(d, huma.Operation{OperationID: "fail", Method: http.MethodGet, Path: "/v1/fail/{how}"}, sampleFailure)
	return &fixture{Door: d, log: log}
}

func sampleFailure(_ context.Context, in *struct {
	How string `path:"how"`
}) (*sampleOut, error) {
	switch in.How {
	case "conflict":
		return nil, fault.New(fault.Conflict, "gap", "events are missing").At("first_id").Advise("send from %d", 7).
			With("expected_id", 7).With("chain_hash", "00ff").With("status", 200).With("request_id", "forged")
	case "plain":
		return nil, errors.New("SELECT secret FROM staff")
	case "wrapped":
		return nil, fault.Wrap(errors.New("dial tcp 10.0.0.1"), fault.Unavailable, "database_unavailable", "no database")
	case "panic":
		panic("a bug with SELECT in it")
	case "huma":
		return nil, huma.Error404NotFound("no such thing")
	case "headers":
		return nil, huma.ErrorWithHeaders(fault.New(fault.Unavailable, "busy", "come back"), http.Header{"Retry-After": {"30"}})
	case "unencodable":
		return nil, fault.New(fault.Conflict, "odd", "odd").With("channel", make(chan int))
	}
	return nil, nil
}

// answer is a response whose body was read.
type answer struct {
	*http.Response
	text string
}

func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.text), &m), a.text)
	return m
}

// problem checks the parts that each problem has and returns it.
func (a answer) problem(t testing.TB, status int, code string) map[string]any {
	t.Helper()
	require.Equal(t, status, a.StatusCode, a.text)
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"))
	require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
	p := a.json(t)
	require.Equal(t, code, p["code"], a.text)
	require.Equal(t, "about:blank", p["type"])
	require.InDelta(t, status, p["status"], 0)
	require.NotEmpty(t, p["title"])
	require.NotEmpty(t, p["detail"])
	require.Equal(t, a.Header.Get("X-Request-Id"), p["request_id"])
	require.NotContains(t, a.text, "SELECT")
	require.NotContains(t, a.text, ".go:")
	return p
}

func (f *fixture) do(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	f.ServeHTTP(rec, r)
	return answer{Response: rec.Result(), text: rec.Body.String()}
}

// logBuffer is a log in JSON.
type logBuffer struct{ logtest.Log }

// lines are the log lines with the message.
func (l *logBuffer) lines(t testing.TB, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(l.String()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		if m["msg"] == message {
			found = append(found, m)
		}
	}
	return found
}

// last is the newest log line of a request.
func (l *logBuffer) last(t testing.TB) map[string]any {
	t.Helper()
	lines := l.lines(t, "request")
	require.NotEmpty(t, lines)
	return lines[len(lines)-1]
}
