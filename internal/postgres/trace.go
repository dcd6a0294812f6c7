package postgres

import (
	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"

	"tiem/internal/trace"
)

// statementTracer adds a span for each statement to the traces that are being
// exported: those of requests, and no others, so the relay's polling makes none.
// Arguments are not in them. It is nil, and costs nothing, while nothing is exported.
func statementTracer() pgx.QueryTracer {
	if p := trace.Provider(); p != nil {
		return otelpgx.NewTracer(otelpgx.WithTracerProvider(p), otelpgx.WithDisableConnectionDetailsInAttributes())
	}
	return nil
}
