package intake_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tiem/internal/trace"
)

// HQ's commit is a span below the one that wrote the event, whatever sent it and
// whenever; what was refused is none. (Where spans go is the process's: this test
// runs beside no other.)
func TestACommitIsASpanOfTheEventsTrace(t *testing.T) {
	db, in, shop := setup2(t)
	shop.Load(tea)
	shop.Sell(one(tea))
	const traceID = "0af7651916cd43dd8448eb211c80319c"
	shop.Events[1].TraceParent = "00-" + traceID + "-b7ad6b7169203331-01"
	shop.Events[2].TraceParent = "garbled"
	exporter := tracetest.NewInMemoryExporter()
	stop := trace.Install(sdk.WithSyncer(exporter))
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })

	refuse(t, db, in, shop.Batch(2, 3), "gap")
	require.Empty(t, exporter.GetSpans())
	accept(t, in, shop.All())
	spans := exporter.GetSpans()
	require.Len(t, spans, 1)
	require.Equal(t, "intake.commit", spans[0].Name)
	require.Equal(t, traceID, spans[0].SpanContext.TraceID().String())
	require.Equal(t, "b7ad6b7169203331", spans[0].Parent.SpanID().String())
	require.Subset(t, spans[0].Attributes, []attribute.KeyValue{trace.Store("S1"), attribute.Int64("tiem.event", 2), attribute.String("tiem.event_type", shop.Events[1].Type)})
	require.True(t, spans[0].EndTime.After(spans[0].StartTime))
}
