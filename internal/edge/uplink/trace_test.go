package uplink

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tiem/internal/trace"
	"tiem/internal/wire"
)

// The way to HQ is a span below the request that sold, as long as it took. (Where
// spans go is the process's: this test runs beside no other.)
func TestADeliveryIsASpanOfTheEventsTrace(t *testing.T) {
	const traceID = "0af7651916cd43dd8448eb211c80319c"
	sold := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	events := []wire.Event{{ID: 7, StoreID: "S1", OccurredAt: sold, TraceParent: "00-" + traceID + "-b7ad6b7169203331-01"}, {ID: 8, OccurredAt: sold}}
	traceDelivered(t.Context(), events, sold) // nothing is exported

	exporter := tracetest.NewInMemoryExporter()
	stop := trace.Install(sdk.WithSyncer(exporter))
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })
	traceDelivered(t.Context(), events, sold.Add(26*time.Hour))
	spans := exporter.GetSpans()
	require.Len(t, spans, 1)
	require.Equal(t, "uplink.deliver", spans[0].Name)
	require.Equal(t, traceID, spans[0].SpanContext.TraceID().String())
	require.Equal(t, 26*time.Hour, spans[0].EndTime.Sub(spans[0].StartTime))
	require.Contains(t, spans[0].Attributes, trace.Store("S1"))
}
