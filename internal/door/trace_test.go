package door

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tiem/internal/trace"
)

// A request is a span of its caller's trace, under the name of its route, and
// what it does knows it. Probes are none. (Where spans go is the process's: this
// test runs beside no other.)
func TestARequestIsASpanOfItsCallersTrace(t *testing.T) {
	const traceID = "0af7651916cd43dd8448eb211c80319c"
	exporter := tracetest.NewInMemoryExporter()
	stop := trace.Install(sdk.WithSyncer(exporter))
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })
	f := newFixture(t)
	inside := ""
	f.Router().Get("/v1/raw", func(_ http.ResponseWriter, r *http.Request) { inside = trace.Parent(r.Context()) })

	f.do(t, http.MethodGet, "/v1/raw", "", "traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	f.do(t, http.MethodPost, "/v1/sales/7/finalize", "", "traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	for _, probe := range []string{"/health", "/ready", "/metrics"} {
		f.do(t, http.MethodGet, probe, "", "traceparent", "00-"+traceID+"-b7ad6b7169203331-01")
	}
	spans := exporter.GetSpans()
	require.Len(t, spans, 2)
	require.Equal(t, "GET /v1/raw", spans[0].Name)
	require.Equal(t, "00-"+traceID+"-"+spans[0].SpanContext.SpanID().String()+"-01", inside)
	require.Equal(t, "POST /v1/sales/{id}/finalize", spans[1].Name)
	require.Equal(t, traceID, spans[1].SpanContext.TraceID().String())
}
