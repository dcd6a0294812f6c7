package sim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
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
	gated, approved := 0, 0
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
		require.Equal(t, b.CashierID, s.CashierID)
		cheaper := slices.ContainsFunc(b.Lines, func(l sale.Line) bool {
			return l.Discount > 0 || l.UnitPrice != cola.Price && l.UnitPrice != rice.Price
		})
		require.Equal(t, cheaper, s.ApprovedBy == "M1", "%+v", b.Lines)
		if cheaper {
			approved++
		}
	}
	require.Positive(t, approved)
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

// A basket that was put aside and that nobody takes up any more is in doubt, too.
func TestPlayLeavesNoBasketUnaccounted(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	ledger, err := Play(t.Context(), e.store("T1", "T2", "T3"), PlayOptions{Seed: 3, Sales: 500, Gate: func(context.Context, int) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if slices.ContainsFunc(e.calls, func(call string) bool { return strings.Contains(call, "/suspend ") }) {
			return errors.New("nobody serves any more")
		}
		return nil
	}})
	require.ErrorContains(t, err, "nobody serves")
	e.mu.Lock() // what a till asked last may still be on its way
	defer e.mu.Unlock()
	for id, b := range e.baskets {
		if b.Status == sale.Draft || b.Status == sale.Suspended {
			require.Contains(t, ledger.InDoubt(), id)
		}
	}
	require.NotEmpty(t, ledger.InDoubt())
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
