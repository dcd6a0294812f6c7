package sim

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

func TestPlaySellsAndKeepsTheLedger(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	var mu sync.Mutex
	gated := 0
	ledger, err := Play(t.Context(), e.store("T1", "T2", "T3"), PlayOptions{Seed: 3, Sales: 100, Gate: func(context.Context, int) error {
		mu.Lock()
		defer mu.Unlock()
		gated++
		return nil
	}})
	require.NoError(t, err)
	sales := ledger.Sales()
	require.Len(t, sales, 100)
	require.GreaterOrEqual(t, gated, 100+len(ledger.Voided()), "each visit, and each that was taken up again")
	require.Equal(t, 100, e.receipts["T1"]+e.receipts["T2"]+e.receipts["T3"])
	for _, s := range sales {
		b := e.baskets[s.TransactionID]
		require.Equal(t, s.ReceiptNo, b.ReceiptNo)
		require.Equal(t, s.Total, b.Total())
		require.Equal(t, s.TerminalID, b.TerminalID)
	}
	require.NotEmpty(t, ledger.Voided())
	for _, id := range ledger.Voided() {
		require.Equal(t, sale.Voided, e.baskets[id].Status)
	}
	require.Empty(t, ledger.InDoubt())
	require.Positive(t, ledger.Stats().Requests)

	tried, err := Again(t.Context(), e.store("T1", "T2", "T3"), ledger, 10)
	require.NoError(t, err)
	require.Equal(t, 10, tried)
	e.renumbers = true
	_, err = Again(t.Context(), e.store("T1", "T2", "T3"), ledger, 10)
	require.ErrorContains(t, err, "B: transaction")
}

// What the cashier saw stays in the ledger when the rest of the visit fails;
// what he did not see is in doubt.
func TestLedgerKnowsWhatWasSeen(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	e.softPaid = true // VoidPaid fails, behind PAID
	till, ledger := e.till(t), NewLedger()
	visit := Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: 1000}}, Way: CashExact, Probe: VoidPaid}
	out, err := till.Sell(t.Context(), visit)
	require.Error(t, err)
	ledger.record("T1", out, err)
	require.Len(t, ledger.Sales(), 1)

	e.lose = func(int, *http.Request) string { return "500" }
	out, err = till.Sell(t.Context(), visit)
	require.Error(t, err)
	ledger.record("T1", out, err)
	require.Len(t, ledger.Sales(), 1)
	require.Equal(t, out.TransactionID, ledger.InDoubt()[0])
}

func TestPlayNeedsACatalogue(t *testing.T) {
	t.Parallel()
	_, err := NewShopper(1, 0, nil)
	require.Equal(t, "catalogue_empty", fault.CodeOf(err))
}
