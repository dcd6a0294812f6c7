package intake_test

import (
	"context"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var (
	tea    = hqtest.Item{SKU: "TEA", Price: 10_000}
	coffee = hqtest.Item{SKU: "COFFEE", Price: 25_000}
	rice   = hqtest.Item{SKU: "RICE", Price: 33_333}
)

// one is a line of one piece.
func one(item hqtest.Item) hqtest.Line { return hqtest.Line{Item: item, Quantity: sale.One} }

// setup is a fresh HQ that knows store S1, and that store.
func setup(t *testing.T) (*postgres.DB, *intake.Intake, *hqtest.Shop) {
	t.Helper()
	t.Parallel()
	return setup2(t)
}

// setup2 is setup for a test's second HQ.
func setup2(t *testing.T) (*postgres.DB, *intake.Intake, *hqtest.Shop) {
	t.Helper()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	return db, intake.New(db, prometheus.NewRegistry()), hqtest.NewShop("S1")
}

func count(t *testing.T, db *postgres.DB, sql string, args ...any) (n int64) {
	t.Helper()
	require.NoError(t, db.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

// begin is a transaction beside the intake's own; what is left of it ends with the test.
func begin(t *testing.T, db *postgres.DB) pgx.Tx {
	t.Helper()
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// atLocks is how many of the database's connections wait for a lock.
func atLocks(t *testing.T, db *postgres.DB) int64 {
	t.Helper()
	return count(t, db, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
}

// dump is all that HQ has, as text; see hqtest.Projections.
func dump(t *testing.T, db *postgres.DB) map[string][]string {
	t.Helper()
	all, err := hqtest.Projections(t.Context(), db)
	require.NoError(t, err)
	return all
}

// ids are the event ids of a run.
func ids(events []wire.Event) (all []uuid.UUID) {
	for i := range events {
		all = append(all, events[i].EventID)
	}
	return all
}

// accept hands in a batch that must be taken.
func accept(t *testing.T, in *intake.Intake, batch *wire.Batch) wire.Ack {
	t.Helper()
	ack, err := in.Accept(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, batch.Events, ack.Accepted+ack.Duplicates+len(ack.Errors), "each event has one result")
	return ack
}

// refuse hands in a batch that must be refused with code and leave no trace. It
// returns the refusal's details.
func refuse(t *testing.T, db *postgres.DB, in *intake.Intake, batch *wire.Batch, code string) map[string]any {
	t.Helper()
	before := dump(t, db)
	_, err := in.Accept(t.Context(), batch)
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, before, dump(t, db), "a refused batch leaves no trace")
	return fault.As(err).Details
}

func addStore(t *testing.T, db *postgres.DB, id string) {
	t.Helper()
	_, err := fleet.New(db).Add(t.Context(), id, "Store "+id)
	require.NoError(t, err)
}
