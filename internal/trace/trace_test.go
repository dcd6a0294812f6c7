package trace_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	otel "go.opentelemetry.io/otel/trace"

	"tiem/internal/trace"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	sampled = "00-" + traceID + "-b7ad6b7169203331-01"
	unasked = "00-" + traceID + "-b7ad6b7169203331-00"
)

// record lets spans go to the test; what is installed is the process's, so no
// test of this package runs beside another.
func record(t *testing.T) *tracetest.InMemoryExporter {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	stop := trace.Install(sdk.WithSyncer(exporter))
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })
	require.True(t, trace.Exporting())
	return exporter
}

func arrive(t *testing.T, traceparent string) (context.Context, trace.Request) {
	t.Helper()
	h := http.Header{}
	if traceparent != "" {
		h.Set("traceparent", traceparent)
	}
	return trace.Arrive(t.Context(), h, "POST")
}

// Without an exporter a valid traceparent is passed on as it is, and nothing else
// is done.
func TestWithoutAnExporterTheCallersTraceIsPassedOn(t *testing.T) {
	require.False(t, trace.Exporting())
	require.Nil(t, trace.Provider())
	for given, passed := range map[string]string{
		sampled: sampled, unasked: unasked, "": "", "nonsense": "",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": "",
		"00-" + traceID + "-0000000000000000-01":                  "",
		"ff-" + traceID + "-b7ad6b7169203331-01":                  "",
	} {
		ctx, request := arrive(t, given)
		require.Equal(t, passed, trace.Parent(ctx), "%q", given)
		require.Zero(t, request)
		request.End("POST", "/v1/x", 200)
	}
	trace.Record(sampled, "x", otel.SpanKindProducer, time.Now(), time.Now())
	require.Zero(t, testing.AllocsPerRun(100, func() { trace.Record(sampled, "x", otel.SpanKindProducer, time.Time{}, time.Time{}) }), "nothing is spent")
}

// The event's traceparent is that of the request's own span, below the caller's.
func TestARequestIsASpanOfTheCallersTrace(t *testing.T) {
	spans := record(t)
	ctx, request := arrive(t, sampled)
	parent := trace.Parent(ctx)
	require.NotEqual(t, sampled, parent)
	require.Contains(t, parent, traceID)
	request.End("POST", "/v1/transactions/{id}/finalize", 503)

	got := spans.GetSpans()
	require.Len(t, got, 1)
	require.Equal(t, "POST /v1/transactions/{id}/finalize", got[0].Name)
	require.Equal(t, otel.SpanKindServer, got[0].SpanKind)
	require.Equal(t, "b7ad6b7169203331", got[0].Parent.SpanID().String())
	require.Equal(t, "00-"+traceID+"-"+got[0].SpanContext.SpanID().String()+"-01", parent)
	require.Contains(t, got[0].Attributes, attribute.Int("http.response.status_code", 503))
	require.Equal(t, "Error", got[0].Status.Code.String())
}

func TestARequestWithoutACallersTraceBeginsOne(t *testing.T) {
	spans := record(t)
	for _, given := range []string{"", "nonsense"} {
		spans.Reset()
		ctx, request := arrive(t, given)
		request.End("GET", "/v1/status", 200)
		got := spans.GetSpans()
		require.Len(t, got, 1)
		require.False(t, got[0].Parent.IsValid())
		require.Contains(t, trace.Parent(ctx), got[0].SpanContext.TraceID().String())
		require.Equal(t, "Unset", got[0].Status.Code.String())
	}
}

// Whoever does not want his trace sampled is not: not at the edge, not at HQ.
func TestWhatIsNotSampledIsPassedOnSo(t *testing.T) {
	spans := record(t)
	ctx, request := arrive(t, unasked)
	parent := trace.Parent(ctx)
	require.Contains(t, parent, traceID)
	require.Equal(t, "-00", parent[len(parent)-3:])
	request.End("POST", "/v1/x", 200)
	trace.Record(parent, "intake.commit", otel.SpanKindConsumer, time.Now(), time.Now())
	require.Empty(t, spans.GetSpans())
}

// A span after the fact: hours long, below a span of another process.
func TestRecordWritesASpanBelowTheEventsParent(t *testing.T) {
	spans := record(t)
	sold := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	trace.Record(sampled, "uplink.deliver", otel.SpanKindProducer, sold, sold.Add(26*time.Hour), trace.Store("S1"))
	trace.Record("", "none", otel.SpanKindProducer, sold, sold)
	trace.Record("garbled", "none", otel.SpanKindProducer, sold, sold)
	got := spans.GetSpans()
	require.Len(t, got, 1)
	require.Equal(t, "uplink.deliver", got[0].Name)
	require.Equal(t, otel.SpanKindProducer, got[0].SpanKind)
	require.Equal(t, traceID, got[0].SpanContext.TraceID().String())
	require.Equal(t, "b7ad6b7169203331", got[0].Parent.SpanID().String())
	require.Equal(t, 26*time.Hour, got[0].EndTime.Sub(got[0].StartTime))
	require.Contains(t, got[0].Attributes, attribute.String("tiem.store_id", "S1"))
}
