package door

import (
	"context"
	"net/http"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"
)

// How an operation takes its bytes undecoded, such as a batch of events: a
// RawBody, with huma's validation (which takes it for a JSON string) off.
func TestRawBodyOperation(t *testing.T) {
	f := newFixture(t)
	Register(f.Door, huma.Operation{OperationID: "raw", Method: http.MethodPost, Path: "/v1/raw", SkipValidateBody: true},
		func(_ context.Context, in *struct {
			RawBody []byte `contentType:"application/json"`
		}) (*sampleOut, error) {
			out := &sampleOut{}
			out.Body.Note = string(in.RawBody)
			return out, nil
		})
	a := f.do(t, http.MethodPost, "/v1/raw", `{"any": [1.0]}`)
	require.Equal(t, 200, a.StatusCode, a.text)
	require.Equal(t, map[string]any{"amount": 0.0, "note": `{"any": [1.0]}`, "lines": []any{}}, a.json(t), "byte by byte")
	f.do(t, http.MethodPost, "/v1/raw", `{"a":1,"a":2}`).problem(t, 400, "json_duplicate_key")
	f.do(t, http.MethodPost, "/v1/raw", "").problem(t, 400, "body_required")
}

func TestStreamedAnswer(t *testing.T) {
	f := newFixture(t)
	Register(f.Door, huma.Operation{OperationID: "stream", Method: http.MethodGet, Path: "/v1/stream"},
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				hc.SetHeader("Content-Type", "text/event-stream")
				_, flushes := hc.BodyWriter().(http.Flusher)
				if flushes {
					_, _ = hc.BodyWriter().Write([]byte("data: 1\n\n"))
				}
			}}, nil
		})
	a := f.do(t, http.MethodGet, "/v1/stream", "")
	require.Equal(t, "data: 1\n\n", a.text)
	require.Equal(t, "text/event-stream", a.Header.Get("Content-Type"))
}
