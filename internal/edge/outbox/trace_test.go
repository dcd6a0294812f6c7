package outbox_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/postgres"
	"tiem/internal/trace"
	"tiem/internal/wire"
)

// An event carries the trace of the request that wrote it, in the table and in
// what is handed to the relay. It is not hashed: TestVerify… would fail else.
func TestAnEventCarriesItsRequestsTrace(t *testing.T) {
	t.Parallel()
	db, log := setup(t)
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx, _ := trace.Arrive(t.Context(), http.Header{"Traceparent": {traceparent}}, http.MethodPost)
	require.NoError(t, db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		return log.Append(ctx, tx, draft(t, "one"), draft(t, "two"))
	}))
	appendNotes(t, db, log, "nobody's")
	entries := all(t, db, log)
	require.Equal(t, []string{traceparent, traceparent, ""}, []string{entries[0].TraceParent, entries[1].TraceParent, entries[2].TraceParent})
	require.Equal(t, entries[0].Hash, entries[0].Chain(wire.Hash{}))
}
