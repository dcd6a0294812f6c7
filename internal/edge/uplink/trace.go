package uplink

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	otel "go.opentelemetry.io/otel/trace"

	"tiem/internal/trace"
	"tiem/internal/wire"
)

// traceDelivered ends the edge's part of the events' traces: the span of each is
// from its moment at the till to HQ's acknowledgement, however long the line was
// down between.
func traceDelivered(_ context.Context, events []wire.Event, acknowledged time.Time) {
	if !trace.Exporting() {
		return
	}
	for i := range events {
		e := &events[i]
		trace.Record(e.TraceParent, "uplink.deliver", otel.SpanKindProducer, e.OccurredAt, acknowledged,
			trace.Store(e.StoreID), attribute.Int64("tiem.event", e.ID), attribute.String("tiem.event_type", e.Type))
	}
}
