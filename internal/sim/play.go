package sim

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// PlayOptions say who sells what, where.
type PlayOptions struct {
	Seed     uint64
	Sales    int           // to be paid, all tills together; visits that are given up come on top
	Patience time.Duration // of a till with one call; 0: DefaultPatience
	Ledger   *Ledger       // to write to; nil: a new one
	// Gate is called before each visit with the number of sales that were
	// acknowledged by then; a till goes on when it returns. nil: no gate.
	Gate func(ctx context.Context, sold int) error
}

// Play lets the store's tills sell at once, each at its own pace, until all
// sales are paid. The first error ends it (a *DifferenceError if a till saw an
// invariant broken); the ledger is valid in any case.
func Play(ctx context.Context, store Store, o PlayOptions) (*Ledger, error) {
	ledger := o.Ledger
	if ledger == nil {
		ledger = NewLedger()
	}
	reader := NewEdgeClient(store.EdgeURL, store.Tills[0].Token)
	defer reader.Close()
	items, err := reader.Catalogue(ctx)
	if err != nil {
		return ledger, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, login := range store.Tills {
		shopper, err := NewShopper(o.Seed, i, items)
		if err != nil {
			return ledger, err
		}
		// The share of a till is fixed, so that a seed gives each till the same visits.
		share := o.Sales / len(store.Tills)
		if i < o.Sales%len(store.Tills) {
			share++
		}
		till := NewTill(store.EdgeURL, login, store.CashierID)
		till.Patience = o.Patience
		group.Go(func() error {
			defer till.Close()
			return till.shift(ctx, shopper, share, ledger, o.Gate)
		})
	}
	return ledger, group.Wait()
}

// shift serves visits until so many of them were paid.
func (t *Till) shift(ctx context.Context, shopper *Shopper, sales int, ledger *Ledger, gate func(context.Context, int) error) error {
	defer func() { ledger.count(t.Stats) }()
	for paid := 0; paid < sales; {
		if gate != nil {
			sold, _ := ledger.progress()
			if err := gate(ctx, sold); err != nil {
				return err
			}
		}
		visit := shopper.Next()
		out, err := t.Sell(ctx, visit)
		ledger.record(t.Login.TerminalID, out, err)
		if err != nil {
			return fmt.Errorf("till %s, sale %d of its own: %w", t.Login.TerminalID, paid+1, err)
		}
		if !visit.GivesUp {
			paid++
		}
	}
	return nil
}

// Again finalizes acknowledged sales once more, with the key that each was
// finalized with: each must give the same receipt, whatever has died meanwhile.
// It tries at most limit of them, spread over the ledger, and returns how many.
func Again(ctx context.Context, store Store, ledger *Ledger, limit int) (int, error) {
	sales := ledger.Sales()
	step := max(1, len(sales)/max(1, limit))
	tills := map[string]*Till{}
	for _, login := range store.Tills {
		till := NewTill(store.EdgeURL, login, store.CashierID)
		defer till.Close()
		tills[login.TerminalID] = till
	}
	tried := 0
	for i := 0; i < len(sales) && tried < limit; i += step {
		s := sales[i]
		seen := &Basket{Totals: Totals{Total: s.Total}}
		seen.ReceiptNo = s.ReceiptNo
		if err := tills[s.TerminalID].sameReceipt(ctx, Outcome{TransactionID: s.TransactionID, Basket: seen}, s.Key); err != nil {
			return tried, err
		}
		tried++
	}
	return tried, nil
}
