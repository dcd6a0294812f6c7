package faults

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/sim"
)

// Row 7: a till dies while it takes money. The basket and what was taken are the
// edge's: another till takes it over and takes the rest. It is one sale, and the
// dead till finds, when it wakes, that the basket is not its own any more.
func TestFault07TillDiesMidTender(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2")
	store, random := s.Store(), seeded(t)
	m := mortal{EdgeURL: store.EdgeURL, Terminal: "T1", Token: store.Tills[0].Token, Cashier: store.CashierID, PIN: store.Tills[0].PINs[store.CashierID],
		Basket: uuid.Must(uuid.NewV7()), Item: s.item.ItemID, QR: uuid.Must(uuid.NewV7()), Amount: 7000}
	notes := 1 + random.IntN(20)
	m.killedMidTender(t, notes)
	s.did("the till was killed after its note no. %d, in its next call", notes)

	other := store.Till(1)
	t.Cleanup(other.Close)
	ctx := t.Context()
	b, err := other.Resume(ctx, m.Basket, sim.NewKey())
	require.NoError(t, err, "it may be resumed at any till, though nobody suspended it")
	require.Equal(t, "T2", b.TerminalID)
	require.Len(t, b.Live(), 1)
	require.GreaterOrEqual(t, b.Totals.Paid, money.Amount(notes)*note, "what the cashier had seen is there")
	require.LessOrEqual(t, b.Totals.Paid, money.Amount(notes+1)*note, "and at most what was on its way")
	require.Equal(t, b.Totals.Total-b.Totals.Paid-m.Amount, b.Totals.Due)

	_, err = other.Simulate(ctx, m.QR, sale.Captured, sim.NewKey()) // the customer's phone lives
	require.NoError(t, err)
	woken := s.newTill(0)
	_, err = woken.Pay(ctx, m.Basket, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: note}, sim.NewKey())
	require.Equal(t, "basket_held_elsewhere", fault.CodeOf(err))
	require.Equal(t, fault.Forbidden, fault.KindOf(err))

	_, err = other.Pay(ctx, m.Basket, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Due}, sim.NewKey())
	require.NoError(t, err)
	paid, err := other.Finalize(ctx, m.Basket, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, "S1-T2-0000001", paid.ReceiptNo, "the receipt is the finalizing till's")
	require.Equal(t, paid.Totals.Total, paid.Totals.Paid)
	_, err = woken.Void(ctx, m.Basket, sim.NewKey())
	require.Error(t, err)
	f := s.proven()
	require.Equal(t, 1, f.Sales)
	require.Equal(t, len(b.Payments)+1, f.Payments)
	s.did("%d payments, taken at two tills, are one sale of %s", f.Payments, f.Total)
}

// Row 8: the last unit is in two baskets. Both customers have it in their hands,
// so both sales are recorded; the shelf is short, and says so.
func TestFault08TwoTillsSellTheLastUnit(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2")
	stock := s.stockOf(s.item.ItemID)
	require.Greater(t, stock, sale.One)
	first := s.basketOf(s.till, stock-sale.One)
	_, err := s.till.Finalize(t.Context(), first, sim.NewKey())
	require.NoError(t, err)
	require.Equal(t, sale.One, s.stockOf(s.item.ItemID), "one is left")

	tills := []*sim.Till{s.till, s.newTill(1)}
	baskets := []uuid.UUID{s.basketOf(tills[0], sale.One), s.basketOf(tills[1], sale.One)}
	errs := make([]error, len(tills))
	atOnce(len(tills), func(i int) { _, errs[i] = tills[i].Finalize(t.Context(), baskets[i], sim.NewKey()) })
	require.NoError(t, errors.Join(errs...))
	for i, id := range baskets {
		b, err := tills[i].Finalize(t.Context(), id, sim.NewKey()) // again: the same receipt
		require.NoError(t, err)
		require.Equal(t, []string{"S1-T1-0000002", "S1-T2-0000001"}[i], b.ReceiptNo)
	}
	require.Equal(t, -sale.One, s.stockOf(s.item.ItemID), "both are recorded")
	var shelf struct {
		Items []struct {
			ItemID uuid.UUID `json:"item_id"`
			Short  bool      `json:"short"`
		} `json:"items"`
	}
	s.ask(request{method: "GET", path: "/v1/inventory?limit=500"}).into(t, &shelf)
	for _, item := range shelf.Items {
		require.Equal(t, item.ItemID == s.item.ItemID, item.Short, "one item is short")
	}
	f := s.proven()
	require.Equal(t, 3, f.Sales)
	require.Equal(t, 1, f.Short, "at HQ, too")
}

// Row 9: five tills scan the same item at the same moment, each into a basket of
// its own and all into one that is theirs together. No scan is lost, and none
// counts twice.
func TestFault09ScanTheSameItemAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2", "T3", "T4", "T5")
	const tills, scans = 5, 10
	before := s.stockOf(s.item.ItemID)
	shared := uuid.Must(uuid.NewV7())
	_, err := s.till.Open(t.Context(), shared, sim.NewKey())
	require.NoError(t, err)
	var own, hands [tills]*sim.Till // hands: five devices that are all T1
	var baskets [tills]uuid.UUID
	for i := range tills {
		own[i], hands[i], baskets[i] = s.newTill(i), s.newTill(0), uuid.Must(uuid.NewV7())
		own[i].Patience, hands[i].Patience = patience, patience
		_, err := own[i].Open(t.Context(), baskets[i], sim.NewKey())
		require.NoError(t, err)
	}
	errs := make([]error, 2*tills)
	atOnce(2*tills, func(i int) {
		till, id := own[i%tills], baskets[i%tills]
		if i >= tills {
			till, id = hands[i%tills], shared
		}
		for range scans {
			if _, err := till.Scan(t.Context(), id, sim.Pick{ItemID: s.item.ItemID, Quantity: sale.One}, sim.NewKey()); err != nil {
				errs[i] = err
				return
			}
		}
	})
	require.NoError(t, errors.Join(errs...))

	paid, holders := append(baskets[:], shared), append(own[:], s.till)
	atOnce(len(paid), func(i int) { errs[i] = s.payAndFinalize(holders[i], paid[i]) })
	require.NoError(t, errors.Join(errs...))
	for _, id := range paid {
		b := s.transaction(id)
		want := scans
		if id == shared {
			want = tills * scans
		}
		require.Len(t, b.Live(), want, "no lost update")
		for n, line := range b.Lines {
			require.EqualValues(t, n+1, line.LineNo)
		}
		require.Equal(t, money.Amount(want)*s.item.Price, b.Totals.Total)
	}
	require.Equal(t, before-2*tills*scans*sale.One, s.stockOf(s.item.ItemID))
	require.Equal(t, tills+1, s.proven().Sales)
}

// Two devices with one token are one till to the edge: somebody has copied a
// till's disk. What both do is in order: receipts have one series without a gap,
// a basket that both work on is changed by one after the other, and one press of
// each on "finalize" is one sale.
func TestTwoTerminalsWithOneToken(t *testing.T) {
	t.Parallel()
	s := open(t)
	client := s.edge()
	defer client.Close()
	items, err := client.Catalogue(t.Context())
	require.NoError(t, err)
	const sales = 15 // each
	devices := []*sim.Till{s.newTill(0), s.newTill(0)}
	receipts, errs := make([][]string, 2), make([]error, 2)
	seed := seeded(t).Uint64()
	atOnce(2, func(i int) {
		devices[i].Patience = patience
		shopper, err := sim.NewShopper(seed, i, items)
		for errs[i] = err; len(receipts[i]) < sales && errs[i] == nil; {
			var out sim.Outcome
			if out, errs[i] = devices[i].Sell(t.Context(), shopper.Next()); errs[i] == nil && out.Basket.ReceiptNo != "" {
				receipts[i] = append(receipts[i], out.Basket.ReceiptNo)
			}
		}
	})
	require.NoError(t, errors.Join(errs...))
	all := slices.Sorted(slices.Values(slices.Concat(receipts[0], receipts[1])))
	for i, receipt := range all {
		require.Equal(t, fmt.Sprintf("S1-T1-%07d", i+1), receipt, "no gap, no repeat")
	}
	s.did("two devices with one token made %d sales, in turns", len(all))

	id, key := s.paidAt(devices[0]), [2]string{sim.NewKey(), sim.NewKey()}
	last := make([]string, 2)
	atOnce(2, func(i int) {
		b, err := devices[i].Finalize(t.Context(), id, key[i])
		if errs[i] = err; err == nil {
			last[i] = b.ReceiptNo
		}
	})
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, last[0], last[1])
	require.Equal(t, fmt.Sprintf("S1-T1-%07d", 2*sales+1), last[0])
	require.Equal(t, 2*sales+1, s.proven().Sales)
}

// atOnce runs f for 0 to n−1 at the same moment, and waits for all.
func atOnce(n int, f func(i int)) {
	start, all := make(chan struct{}), sync.WaitGroup{}
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

// basketOf is a basket with so much of the item, paid in cash.
func (s *shop) basketOf(till *sim.Till, quantity sale.Quantity) uuid.UUID {
	s.t.Helper()
	ctx, id := s.t.Context(), uuid.Must(uuid.NewV7())
	_, err := till.Open(ctx, id, sim.NewKey())
	require.NoError(s.t, err)
	b, err := till.Scan(ctx, id, sim.Pick{ItemID: s.item.ItemID, Quantity: quantity}, sim.NewKey())
	require.NoError(s.t, err)
	_, err = till.Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total}, sim.NewKey())
	require.NoError(s.t, err)
	return id
}

// transaction is a basket as the edge shows it.
func (s *shop) transaction(id uuid.UUID) *sim.Basket {
	s.t.Helper()
	client := s.edge()
	defer client.Close()
	b, err := client.Transaction(s.t.Context(), id)
	require.NoError(s.t, err)
	return b
}

// payAndFinalize ends a basket that is not paid yet.
func (s *shop) payAndFinalize(till *sim.Till, id uuid.UUID) error {
	client := s.edge()
	defer client.Close()
	b, err := client.Transaction(s.t.Context(), id)
	if err != nil {
		return err
	}
	_, err = till.Pay(s.t.Context(), id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Due}, sim.NewKey())
	if err != nil {
		return err
	}
	_, err = till.Finalize(s.t.Context(), id, sim.NewKey())
	return err
}

// stockOf is what the edge thinks is on the shelf.
func (s *shop) stockOf(item uuid.UUID) sale.Quantity {
	s.t.Helper()
	client := s.edge()
	defer client.Close()
	stock, err := client.Inventory(s.t.Context())
	require.NoError(s.t, err)
	at := slices.IndexFunc(stock, func(e sim.StockEntry) bool { return e.ItemID == item })
	require.GreaterOrEqual(s.t, at, 0)
	return stock[at].OnHand
}
