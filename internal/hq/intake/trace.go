package intake

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otel "go.opentelemetry.io/otel/trace"

	"tiem/internal/trace"
	"tiem/internal/wire"
)

// traceCommitted ends the traces of a committed batch's events: the till's
// request and HQ's commit are one trace, however long the line was down between.
func traceCommitted(_ context.Context, batch *wire.Batch, started, committed time.Time) {
	if !trace.Exporting() {
		return
	}
	for i := range batch.Events {
		e := &batch.Events[i]
		trace.Record(e.TraceParent, "intake.commit", otel.SpanKindConsumer, started, committed,
			trace.Store(e.StoreID), attribute.Int64("tiem.event", e.ID), attribute.String("tiem.event_type", e.Type))
	}
}
