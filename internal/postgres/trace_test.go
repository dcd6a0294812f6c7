package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tiem/internal/postgres/postgrestest"
	"tiem/internal/trace"
)

// Statements are spans of the request that runs them, without their arguments;
// what nobody has asked for, such as a poll, is none. (Where spans go is the
// process's: this test runs beside no other.)
func TestStatementsAreSpansOfTheirRequest(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	stop := trace.Install(sdk.WithSyncer(exporter))
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })
	db := postgrestest.New(t, tally)

	require.Zero(t, count(t, db, "a"))
	require.Empty(t, exporter.GetSpans(), "nobody asked")

	ctx, request := trace.Arrive(t.Context(), nil, "GET")
	_, err := db.Exec(ctx, add, "a", 41)
	require.NoError(t, err)
	request.End("GET", "/v1/x", 200)
	spans := exporter.GetSpans()
	whole := spans[len(spans)-1]
	require.Equal(t, "GET /v1/x", whole.Name)
	found := false
	for _, span := range spans[:len(spans)-1] {
		require.Equal(t, whole.SpanContext.TraceID(), span.SpanContext.TraceID())
		for _, a := range span.Attributes {
			found = found || a.Value.AsString() == add
			require.NotContains(t, a.Value.String(), "41", "an argument")
		}
	}
	require.True(t, found, "the statement itself")
}
