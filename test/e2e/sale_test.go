package e2e

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/sim"
)

// verified lets the outbox drain and asks the oracle: edge = HQ, A to D hold.
func (c *chain) verified(t *testing.T, ledger *sim.Ledger) sim.Figures {
	t.Helper()
	edge, hq := sim.NewEdgeClient(c.store.EdgeURL, c.store.Tills[0].Token), sim.NewHQClient(c.store.HQURL, hqToken)
	defer edge.Close()
	defer hq.Close()
	report, err := sim.Verify(t.Context(), edge, hq, sim.VerifyOptions{Wait: 30 * time.Second, Ledger: ledger, Complete: ledger != nil})
	require.NoError(t, err)
	require.True(t, report.OK)
	return report.Figures
}

// One sale, from the scan to HQ's tables: two cans and a bottle, paid with a
// 50,000 đ note.
func TestTheFirstSaleReachesHQ(t *testing.T) {
	t.Parallel()
	c := openChain(t, "T1")
	till := c.store.Till(0)
	defer till.Close()
	ctx, id := t.Context(), uuid.Must(uuid.NewV7())
	_, err := till.Open(ctx, id, sim.NewKey())
	require.NoError(t, err)
	_, err = till.Scan(ctx, id, sim.Pick{Barcode: "8935049501503", Quantity: 2 * sale.One}, sim.NewKey())
	require.NoError(t, err)
	b, err := till.Scan(ctx, id, sim.Pick{Barcode: "8934588063145", Quantity: sale.One}, sim.NewKey())
	require.NoError(t, err)
	require.EqualValues(t, 2*10_900+6_000, b.Totals.Total)
	_, err = till.Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total, Tendered: 50_000}, sim.NewKey())
	require.NoError(t, err)
	b, err = till.Finalize(ctx, id, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, "S1-T1-0000001", b.ReceiptNo)

	figures := c.verified(t, nil)
	require.Equal(t, map[string]int64{"InventoryAdjusted": 2, "SaleRecorded": 1, "PaymentCaptured": 1}, figures.PerType)

	var receipt, date string
	var total, tax, change int64
	require.NoError(t, c.hqDB.QueryRow(ctx, `select receipt_no, business_date::text, total, tax, change from hq_transactions
		where store_id = 'S1' and transaction_id = $1`, id).Scan(&receipt, &date, &total, &tax, &change))
	require.Equal(t, b.ReceiptNo, receipt)
	require.Equal(t, b.BusinessDate, date)
	require.EqualValues(t, 27_800, total)
	require.EqualValues(t, b.Totals.Tax, tax)
	require.EqualValues(t, 22_200, change)
	require.Equal(t, int64(27_800), c.hqSum(t, "select sum(amount) from hq_line_items where store_id = 'S1' and transaction_id = $1", id))
	require.Equal(t, int64(27_800), c.hqSum(t, "select sum(amount) from hq_payments where store_id = 'S1' and transaction_id = $1", id))
	require.Equal(t, int64(27_800), c.hqSum(t, "select sum(base + tax) from hq_tax_lines where store_id = 'S1' and transaction_id = $1", id))
	require.Zero(t, c.hqSum(t, "select count(*) from hq_quarantine where store_id = 'S1' and $1::uuid is not null", id))

	// HQ's stock is the sum of the movements, and it is what the shelf has.
	var atEdge, atHQ int64
	require.NoError(t, c.edgeDB.QueryRow(ctx, "select sum(on_hand_milli) from local_inventory").Scan(&atEdge))
	require.NoError(t, c.hqDB.QueryRow(ctx, "select sum(on_hand_milli) from hq_inventory where store_id = 'S1'").Scan(&atHQ))
	require.Equal(t, atEdge, atHQ)
	var unpublished int
	require.NoError(t, c.edgeDB.QueryRow(ctx, "select count(*) from outbox where published_at is null or publish_attempts <> 1").Scan(&unpublished))
	require.Zero(t, unpublished)
}

func (c *chain) hqSum(t *testing.T, sql string, id uuid.UUID) (n int64) {
	t.Helper()
	require.NoError(t, c.hqDB.QueryRow(t.Context(), sql, id).Scan(&n))
	return n
}

// Five tills at once over one relay, under the race detector: what the cashiers
// saw, what the edge holds and what HQ holds are the same.
func TestFiveTillsOverOneRelay(t *testing.T) {
	t.Parallel()
	c := openChain(t, "T1", "T2", "T3", "T4", "T5")
	ledger, err := sim.Play(t.Context(), c.store, sim.PlayOptions{Seed: 5, Sales: 200})
	require.NoError(t, err)
	figures := c.verified(t, ledger)
	require.Equal(t, 200, figures.Sales)
	receipts := int64(0) // a basket that was suspended is paid where it was resumed
	for _, id := range []string{"T1", "T2", "T3", "T4", "T5"} {
		require.Positive(t, figures.Receipts[id], id)
		receipts += figures.Receipts[id]
	}
	require.EqualValues(t, 200, receipts)
	require.Len(t, figures.Receipts, 5)
}

// The program's own histogram says how long a sale takes to reach HQ. The test
// checks that every commit is in it and prints what it says; how fast it is, a
// benchmark judges and not a test.
func TestSaleToHQIsMeasured(t *testing.T) {
	t.Parallel()
	c := openChain(t, "T1")
	c.verified(t, nil)
	_, err := sim.Play(t.Context(), c.store, sim.PlayOptions{Seed: 20, Sales: 100})
	require.NoError(t, err)
	c.verified(t, nil)
	res, err := http.Get(c.store.EdgeURL + "/metrics")
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(res.Body, 1<<20))
	require.NoError(t, err)
	histogram := families["tiem_sale_to_hq_seconds"].GetMetric()[0].GetHistogram()
	require.GreaterOrEqual(t, histogram.GetSampleCount(), uint64(100))
	for _, bucket := range histogram.GetBucket() {
		t.Logf("within %6.1f ms: %3d of %d", bucket.GetUpperBound()*1000, bucket.GetCumulativeCount(), histogram.GetSampleCount())
		if bucket.GetCumulativeCount() == histogram.GetSampleCount() {
			break
		}
	}
}
