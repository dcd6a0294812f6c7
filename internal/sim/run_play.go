package sim

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// play lets all tills sell until the shop closes.
func (r *run) play(ctx context.Context) error {
	closing := make(chan struct{})
	selling, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	group, groupCtx := errgroup.WithContext(selling)
	r.begun = time.Now()
	around, closed := context.WithCancel(groupCtx)
	defer closed()
	var tills sync.WaitGroup
	for i, shop := range r.shops {
		tills.Add(1)
		group.Go(func() error {
			defer tills.Done()
			_, err := Play(groupCtx, shop.store, r.shopOptions(i, shop, closing))
			return err
		})
	}
	group.Go(func() error { r.closeShop(ctx, around, closing, giveUp); return nil })
	group.Go(func() error { return r.happen(around) })
	group.Go(func() error { return r.mourn(around) })
	group.Go(func() error { r.show(around); return nil })
	group.Go(func() error { tills.Wait(); closed(); return nil })
	err := group.Wait()
	for _, shop := range r.shops {
		if shop.line != nil {
			shop.line.Mend()
		}
	}
	r.count(time.Since(r.begun))
	return err
}

// shopOptions are the i-th shop's; each has its own shoppers.
func (r *run) shopOptions(i int, shop *floor, closing <-chan struct{}) PlayOptions {
	o := PlayOptions{Seed: r.options.Seed + uint64(i), Closing: closing, Rate: r.options.Rate / float64(len(r.shops)), Speed: r.options.Speed,
		Ledger: shop.ledger, Watch: r.watch, FirstTill: i * r.options.Terminals}
	o.Sales = r.options.Sales / len(r.shops)
	if i < r.options.Sales%len(r.shops) {
		o.Sales++
	}
	if i == 0 {
		o.Dying = r.dying
	}
	return o
}

// closingPatience is how long tills may take to end what they have begun when
// somebody interrupts the run.
const closingPatience = 5 * time.Second

// closeShop closes the shop at its time, or when ctx is done. Whoever interrupts
// it, before closing time or after, waits for the tills no longer than that.
func (r *run) closeShop(ctx, around context.Context, closing chan<- struct{}, giveUp context.CancelCauseFunc) {
	var atTime <-chan time.Time
	if r.options.Closes > 0 {
		timer := time.NewTimer(time.Until(r.begun.Add(r.options.Closes)))
		defer timer.Stop()
		atTime = timer.C
	}
	select {
	case <-around.Done():
		return
	case <-atTime:
	case <-ctx.Done():
	}
	close(closing)
	select {
	case <-around.Done():
		return
	case <-ctx.Done():
	}
	patience := time.NewTimer(closingPatience)
	defer patience.Stop()
	select {
	case <-around.Done():
		return
	case <-r.options.AtOnce:
	case <-patience.C:
	}
	giveUp(context.Cause(ctx))
}

// mourn tells of a server that ended by itself.
func (r *run) mourn(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, shop := range r.shops {
		if shop.in == nil {
			continue
		}
		group.Go(func() error {
			select {
			case part := <-shop.in.Died():
				return shop.in.server(part).ended(shop.in.server(part).current())
			case <-ctx.Done():
				return nil
			}
		})
	}
	return group.Wait()
}
