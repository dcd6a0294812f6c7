package sim

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// prove asks the oracle about every shop, once HQ has everything.
func (r *run) prove(ctx context.Context) error {
	if err := r.drain(ctx); err != nil {
		return err
	}
	for i, shop := range r.shops {
		if err := r.proveOne(ctx, shop, &r.report.Stores[i]); err != nil {
			return err
		}
	}
	r.proven = true
	return nil
}

// drain waits for all shops at once, so that each figure is that shop's own. What
// HQ still lacks after a minute the oracle names.
func (r *run) drain(ctx context.Context) error {
	closed := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for i, shop := range r.shops {
		group.Go(func() error {
			v := &verification{edge: shop.edge, options: VerifyOptions{Wait: time.Minute}}
			_, err := v.drain(ctx)
			r.report.Stores[i].DrainMS = time.Since(closed).Milliseconds()
			return err
		})
	}
	return group.Wait()
}

func (r *run) proveOne(ctx context.Context, shop *floor, found *StoreReport) (err error) {
	const again = 50
	if found.Repeated, err = Again(ctx, shop.store, shop.ledger, again); err != nil {
		return err
	}
	if found.Report, err = VerifyStore(ctx, shop.store, VerifyOptions{Ledger: shop.ledger, Complete: shop.in != nil}); err != nil {
		return err
	}
	f := found.Report.Figures
	r.say("%s: edge = HQ, %d events in order; %d sales of %s", shop.store.StoreID, f.Events, f.Sales, f.Total)
	if shop.in != nil {
		found.Audits, err = shop.in.Audit(ctx)
	}
	return err
}
