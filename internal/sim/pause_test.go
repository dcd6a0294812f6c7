package sim

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
)

// A basket that was put aside in the middle of paying is paid and finalized
// elsewhere, once; of a till that died, another takes over a DRAFT.
func TestABasketIsTakenUpElsewhere(t *testing.T) {
	t.Parallel()
	for kind, status := range map[PauseKind]sale.Status{Suspends: sale.Suspended, Dies: sale.Draft} {
		e := newFakeEdge(t)
		store := e.store("T1", "T2")
		first, second := store.Till(0), store.Till(1)
		t.Cleanup(first.Close)
		t.Cleanup(second.Close)
		s := begin(Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}}, Way: TwoNotes, Note: 1000, Share: 300,
			Pause: Pause{Kind: kind, Elsewhere: true, MidTender: true}, Probe: VoidPaid})
		parked, err := first.serve(t.Context(), s)
		require.NoError(t, err)
		require.True(t, parked)
		require.Equal(t, status, e.baskets[s.out.TransactionID].Status)
		require.Len(t, e.baskets[s.out.TransactionID].Payments, 1)
		parked, err = second.serve(t.Context(), s)
		require.NoError(t, err)
		require.False(t, parked)
		sold := e.baskets[s.out.TransactionID]
		require.Equal(t, []any{sale.Paid, "T2", "C2"}, []any{sold.Status, sold.TerminalID, sold.CashierID})
		require.Len(t, sold.Payments, 2)
		require.Equal(t, []string{string(status) + " T1 T2"}, e.resumed)
	}
}

// Who gives up elsewhere needs the manager: somebody else opened the basket.
func TestSomebodyElsesBasketIsVoidedWithApproval(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1", "T2")
	first, second := store.Till(0), store.Till(1)
	t.Cleanup(first.Close)
	t.Cleanup(second.Close)
	s := begin(Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}}, GivesUp: true, Pause: Pause{Kind: Suspends, Elsewhere: true, MidTender: true}})
	parked, err := first.serve(t.Context(), s)
	require.NoError(t, err)
	require.True(t, parked)
	_, err = second.serve(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, sale.Voided, s.out.Basket.Status)
	e.arrived(t, 1, onPath("/v1/approvals"))
}

func TestATillAloneTakesUpItsOwn(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	ledger, err := Play(t.Context(), e.store("T1"), PlayOptions{Seed: 5, Sales: 150})
	require.NoError(t, err)
	require.Len(t, ledger.Sales(), 150)
	require.NotEmpty(t, e.resumed)
	for _, r := range e.resumed {
		require.Equal(t, "SUSPENDED T1 T1", r)
	}
}

// With several tills all of it happens, and nothing is left on the rack.
func TestTillsPassBasketsToEachOther(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	watch := NewWatch()
	ledger, err := Play(t.Context(), e.store("T1", "T2", "T3"), PlayOptions{Seed: 11, Sales: 300, Watch: watch})
	require.NoError(t, err)
	require.Len(t, ledger.Sales(), 300)
	met := map[string]int{}
	for _, r := range e.resumed {
		met[r]++
	}
	require.Positive(t, met["SUSPENDED T1 T2"]+met["SUSPENDED T1 T3"]+met["SUSPENDED T2 T1"]+met["SUSPENDED T3 T1"])
	require.Positive(t, met["SUSPENDED T1 T1"]+met["SUSPENDED T2 T2"]+met["SUSPENDED T3 T3"])
	require.Positive(t, met["DRAFT T1 T2"]+met["DRAFT T1 T3"]+met["DRAFT T2 T1"]+met["DRAFT T2 T3"]+met["DRAFT T3 T1"]+met["DRAFT T3 T2"])
	require.NotEmpty(t, e.reasons)
	for id, b := range e.baskets {
		require.Contains(t, []sale.Status{sale.Paid, sale.Voided}, b.Status, id)
	}
	for _, till := range watch.Tills() {
		require.Equal(t, WorkDone, till.Work)
		require.Positive(t, till.Calls)
	}
	require.Equal(t, []string{"T1", "T2", "T3"}, []string{watch.Tills()[0].TerminalID, watch.Tills()[1].TerminalID, watch.Tills()[2].TerminalID})
	require.Equal(t, "C3", watch.Tills()[2].CashierID)
	calls := map[string]CallView{}
	for _, c := range watch.Calls() {
		calls[c.Call] = c
	}
	require.GreaterOrEqual(t, calls[CallFinalize].Count, int64(300))
	require.Positive(t, calls[CallSuspend].Count)
	require.Positive(t, calls[CallApprove].Count)
	require.Zero(t, calls[CallOther].Count, "every call has a name")
	for _, c := range calls {
		require.Zero(t, c.Failed, "%s: mistakes on purpose are not counted", c.Call)
	}
}

// Where there is no manager, nothing is done that takes one.
func TestTillsWithoutAManagerSell(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	store := e.store("T1", "T2")
	store.ManagerID = ""
	ledger, err := Play(t.Context(), store, PlayOptions{Seed: 11, Sales: 300})
	require.NoError(t, err)
	require.NotEmpty(t, ledger.Voided())
	require.NotEmpty(t, e.resumed)
	e.arrived(t, 0, onPath("/v1/approvals"))
	require.Empty(t, e.sessions, "and at closing time everybody has signed out")
}

// At closing time nobody new is served, and what was begun is ended.
func TestTheShopClosesInOrder(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	closing := make(chan struct{})
	ledger := NewLedger()
	ended := make(chan error, 1)
	go func() {
		_, err := Play(t.Context(), e.store("T1", "T2"), PlayOptions{Seed: 1, Closing: closing, Ledger: ledger, Rate: 200})
		ended <- err
	}()
	require.Eventually(t, func() bool { n, _ := ledger.progress(); return n >= 20 }, 20*time.Second, time.Millisecond)
	close(closing)
	require.NoError(t, <-ended)
	for id, b := range e.baskets {
		require.Contains(t, []sale.Status{sale.Paid, sale.Voided}, b.Status, id)
	}
}

func TestShoppersComeAtTheirRate(t *testing.T) {
	t.Parallel()
	a := newArrivals(1000)
	begun := a.next
	for range 30 {
		require.NoError(t, a.await(t.Context(), nil))
	}
	require.Equal(t, 30*time.Millisecond, a.next.Sub(begun))
	require.False(t, time.Now().Before(begun.Add(29*time.Millisecond)))
	slow := newArrivals(0.001)
	require.NoError(t, slow.await(t.Context(), nil), "the first comes at once")
	closing := make(chan struct{})
	close(closing)
	require.NoError(t, slow.await(t.Context(), closing))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, slow.await(ctx, nil), context.Canceled)
	require.ErrorIs(t, newArrivals(0).await(ctx, nil), context.Canceled)
}

func TestAPaceCompressesTime(t *testing.T) {
	t.Parallel()
	require.NoError(t, (*Pace)(nil).scan(t.Context()))
	p := NewPace(1, 0, 1e6)
	for range 100 {
		require.NoError(t, p.scan(t.Context()))
		require.NoError(t, p.pay(t.Context()))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, NewPace(1, 0, 1).pay(ctx), context.Canceled)
}
