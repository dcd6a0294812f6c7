package trace

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name under which all of our spans are made.
const scope = "tiem"

// header is W3C's, in a request and in an event's envelope.
const header = "traceparent"

var w3c propagation.TraceContext

// provider is where this process's spans go; nil: nowhere.
var provider atomic.Pointer[sdk.TracerProvider]

// Install makes spans go where options say, until stop; what was installed
// before is installed again then. It is for Start, and for tests, which bring an
// exporter of their own.
func Install(options ...sdk.TracerProviderOption) (stop func(context.Context) error) {
	fresh := sdk.NewTracerProvider(options...)
	before := provider.Swap(fresh)
	return func(ctx context.Context) error {
		provider.CompareAndSwap(fresh, before)
		return fresh.Shutdown(ctx)
	}
}

// Exporting tells whether spans go anywhere.
func Exporting() bool { return provider.Load() != nil }

// Provider is for libraries that make spans of their own; nil while nothing is
// exported.
func Provider() trace.TracerProvider {
	if p := provider.Load(); p != nil {
		return p
	}
	return nil
}

// Store says of spans whose they are.
func Store(id string) attribute.KeyValue { return attribute.String("tiem.store_id", id) }

// Request is one request at a door. The zero Request is of no trace.
type Request struct{ span trace.Span }

// Arrive makes ctx part of the caller's trace, if h names one, and begins the
// request's span below it, or at the head of a trace of its own. Without an
// exporter only the first is done.
func Arrive(ctx context.Context, h http.Header, method string) (context.Context, Request) {
	if h.Get(header) != "" {
		ctx = w3c.Extract(ctx, propagation.HeaderCarrier(h))
	}
	p := provider.Load()
	if p == nil {
		return ctx, Request{}
	}
	ctx, span := p.Tracer(scope).Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, Request{span: span}
}

// End ends the request's span, with what is known by now.
func (r Request) End(method, route string, status int) {
	if r.span == nil {
		return
	}
	r.span.SetName(method + " " + route)
	r.span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		r.span.SetStatus(codes.Error, "")
	}
	r.span.End()
}

// Parent is the traceparent of what ctx is part of: for an event that it writes.
// It is empty if ctx is of no trace.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	var carrier propagation.MapCarrier = map[string]string{}
	w3c.Inject(ctx, carrier)
	return carrier[header]
}

// Record writes a span that has ended, below the one that parent (a traceparent)
// names. Nothing is written if parent names none, if whoever began that trace did
// not want it sampled, or if nothing is exported.
func Record(parent, name string, kind trace.SpanKind, start, end time.Time, about ...attribute.KeyValue) {
	p := provider.Load()
	if p == nil {
		return
	}
	ctx := w3c.Extract(context.Background(), propagation.MapCarrier{header: parent})
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return // a courtesy that was garbled on the way
	}
	_, span := p.Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind), trace.WithTimestamp(start), trace.WithAttributes(about...))
	span.End(trace.WithTimestamp(end))
}
