package quarantine_test

import (
	"sync"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/audit"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/hq/projection"
	"tiem/internal/hq/quarantine"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var tea = hqtest.Item{SKU: "TEA", Price: 10_000}

func one(item hqtest.Item) hqtest.Line { return hqtest.Line{Item: item, Quantity: sale.One} }

// hq is an HQ that holds a shop's log: stock, a good sale, and a sale whose
// receipt number another sale holds, so that its three events are set aside.
type hq struct {
	db    *postgres.DB
	in    *intake.Intake
	q     *quarantine.Quarantine
	shop  *hqtest.Shop
	badID int64     // of the event that is quarantined; the next two wait
	bad   uuid.UUID // its sale
}

func setup(t *testing.T) *hq {
	t.Helper()
	t.Parallel()
	db := postgrestest.New(t, hqdb.Migrations)
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	h := &hq{db: db, in: intake.New(db, prometheus.NewRegistry()), q: quarantine.New(db), shop: hqtest.NewShop("S1")}
	h.shop.Load(tea)
	h.shop.Sell(one(tea))
	h.badID = h.shop.Head() + 1
	h.bad = h.shop.Sell(one(tea))
	h.shop.Sell(one(tea))

	// The squatter stands for whatever HQ had wrong.
	h.exec(t, `insert into hq_transactions (store_id, transaction_id, inbox_id, receipt_no, business_date, currency,
		gross, discount, subtotal, tax, total, paid, change, created_at, finalized_at)
		values ('S1', gen_random_uuid(), 99, 'S1-T1-0000002', '2026-11-22', 'VND', 0, 0, 0, 0, 0, 0, 0, now(), now())`)
	ack, err := h.in.Accept(t.Context(), h.shop.All())
	require.NoError(t, err)
	require.Len(t, ack.Errors, 3)
	return h
}

func (h *hq) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := h.db.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func (h *hq) repair(t *testing.T) {
	t.Helper()
	h.exec(t, "delete from hq_transactions where inbox_id = 99")
}

func (h *hq) requireWhole(t *testing.T) {
	t.Helper()
	report, err := audit.Verify(t.Context(), h.db, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad)
	require.Zero(t, report.SetAside)
	require.EqualValues(t, 3, report.Sales)
	require.Zero(t, report.Drifting)
}

func TestListAndShow(t *testing.T) {
	h := setup(t)
	items, err := h.q.List(t.Context(), quarantine.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, items, 3)
	require.Equal(t, h.badID, items[0].ID)
	require.Equal(t, "QUARANTINED", items[0].State)
	require.Equal(t, "receipt_reused", items[0].Code)
	require.Equal(t, "WAITING", items[1].State)
	require.Equal(t, wire.CodeWaiting, items[2].Code)

	page, err := h.q.List(t.Context(), quarantine.Page{Limit: 10, AfterStore: "S1", AfterID: h.badID})
	require.NoError(t, err)
	require.Equal(t, items[1:], page)
	none, err := h.q.List(t.Context(), quarantine.Page{Limit: 10, Store: "S2"})
	require.NoError(t, err)
	require.Empty(t, none)

	detail, err := h.q.Show(t.Context(), "S1", h.badID)
	require.NoError(t, err)
	require.Equal(t, items[0], detail.Item)
	require.Equal(t, h.shop.Events[h.badID-1].Payload, detail.Payload)

	_, err = h.q.Show(t.Context(), "S1", 1)
	require.Equal(t, "not_quarantined", fault.CodeOf(err))
}

func TestReplayBeforeTheRepairChangesNothing(t *testing.T) {
	h := setup(t)
	before, err := hqtest.Projections(t.Context(), h.db)
	require.NoError(t, err)
	result, err := h.q.Replay(t.Context(), "S1", h.badID)
	require.NoError(t, err)
	require.Zero(t, result.Applied)
	require.Len(t, result.Refused, 3)
	require.Equal(t, "receipt_reused", result.Refused[0].Code)
	require.Equal(t, wire.CodeWaiting, result.Refused[1].Code)
	after, err := hqtest.Projections(t.Context(), h.db)
	require.NoError(t, err)
	require.Equal(t, before, after)
	detail, err := h.q.Show(t.Context(), "S1", h.badID)
	require.NoError(t, err)
	require.EqualValues(t, 2, detail.Attempts)
}

func TestReplayAfterTheRepairAppliesTheEventAndThoseBehindIt(t *testing.T) {
	h := setup(t)
	h.repair(t)
	result, err := h.q.Replay(t.Context(), "S1", h.badID)
	require.NoError(t, err)
	require.Equal(t, quarantine.Result{Applied: 3, Refused: []quarantine.Item{}}, result)
	h.requireWhole(t)

	_, err = h.q.Replay(t.Context(), "S1", h.badID)
	require.Equal(t, "not_quarantined", fault.CodeOf(err))
	ack, err := h.in.Accept(t.Context(), h.shop.All())
	require.NoError(t, err)
	require.Equal(t, int(h.shop.Head()), ack.Duplicates, "what was replayed is a duplicate now")
}

func TestReplayOfOneThatWaitsNamesTheOneBefore(t *testing.T) {
	h := setup(t)
	h.repair(t)
	_, err := h.q.Replay(t.Context(), "S1", h.badID+1)
	require.Equal(t, "event_waiting", fault.CodeOf(err))
	require.EqualValues(t, h.badID, fault.As(err).Details["id"])
}

// The first of those that wait may be bad itself: then it is the quarantined
// one, and the rest goes on waiting.
func TestTheFirstToFailAgainIsQuarantined(t *testing.T) {
	h := setup(t)
	h.repair(t)
	payment := h.shop.Events[h.badID+1]
	var p wire.PaymentCaptured
	require.NoError(t, wire.DecodePayload(payment.Payload, &p))
	h.exec(t, `insert into hq_payments (store_id, payment_id, inbox_id, transaction_id, method, amount, tendered, change, captured_at)
		values ('S1', $1, 99, gen_random_uuid(), 'CASH', 1, 1, 0, now())`, p.PaymentID)
	late := h.shop.Append(wire.TypeInventoryAdjusted, h.bad, h.shop.Moved(h.bad, one(tea)))
	_, err := h.in.Accept(t.Context(), h.shop.Batch(late.ID, late.ID))
	require.NoError(t, err)

	result, err := h.q.Replay(t.Context(), "S1", h.badID)
	require.NoError(t, err)
	require.Equal(t, 2, result.Applied)
	require.Len(t, result.Refused, 2)
	require.Equal(t, payment.ID, result.Refused[0].ID)
	require.Equal(t, "payment_repeated", result.Refused[0].Code)
	require.Equal(t, late.ID, result.Refused[1].ID)
	require.Equal(t, wire.CodeWaiting, result.Refused[1].Code)

	h.exec(t, "delete from hq_payments where inbox_id = 99")
	result, err = h.q.Replay(t.Context(), "S1", payment.ID)
	require.NoError(t, err)
	require.Equal(t, 2, result.Applied)
	h.requireWhole(t)
}

func TestReplayAll(t *testing.T) {
	h := setup(t)
	id := uuid.Must(uuid.NewV7())
	strange := h.shop.AppendRaw("FromTheFuture", 1, id, "{}")
	_, err := h.in.Accept(t.Context(), h.shop.Batch(strange.ID, strange.ID))
	require.NoError(t, err)
	h.repair(t)
	result, err := h.q.ReplayAll(t.Context(), "S1")
	require.NoError(t, err)
	require.Equal(t, 3, result.Applied)
	require.Len(t, result.Refused, 1)
	require.Equal(t, "unknown_type", result.Refused[0].Code)
}

func TestTheGaugeCountsTheQuarantine(t *testing.T) {
	h := setup(t)
	registry := prometheus.NewRegistry()
	h.q.Observe(registry)
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Equal(t, "tiem_quarantined", families[0].GetName())
	require.InDelta(t, 3, families[0].GetMetric()[0].GetGauge().GetValue(), 0)
}

// Replay and rebuild stand in the same line as the intake: a store's data is
// changed by one transaction at a time.
func TestReplayAndRebuildWaitForTheStoresLock(t *testing.T) {
	h := setup(t)
	h.repair(t)
	conn, err := h.db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "select 1 from store_streams for update")
	require.NoError(t, err)
	var wg sync.WaitGroup
	var replayed, rebuilt error
	wg.Go(func() { _, replayed = h.q.Replay(t.Context(), "S1", h.badID) })
	wg.Go(func() { _, rebuilt = projection.Rebuild(t.Context(), h.db, "S1") })
	wg.Wait()
	require.Equal(t, "database_locked", fault.CodeOf(replayed))
	require.Equal(t, "database_locked", fault.CodeOf(rebuilt))
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = projection.Rebuild(t.Context(), h.db, "S1")
	require.NoError(t, err)
	h.requireWhole(t) // a rebuild tries again what was set aside
}
