package sim

import "context"

type traceKey struct{}

// WithTrace makes every call with ctx a part of the trace that traceparent names,
// as a till with OpenTelemetry would.
func WithTrace(ctx context.Context, traceparent string) context.Context {
	return context.WithValue(ctx, traceKey{}, traceparent)
}

// traceOf is the traceparent of a call; "" if it is of no trace.
func traceOf(ctx context.Context) string {
	traceparent, _ := ctx.Value(traceKey{}).(string)
	return traceparent
}
