package sim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// ours sells in shops of our own below dir: one HQ, and each shop behind a line
// that does as the events say.
func (r *run) ours(ctx context.Context, dir string) (err error) {
	defer func() { err = errors.Join(err, r.stop()) }()
	return r.verdict(ctx, r.sellOurs(ctx, dir))
}

func (r *run) sellOurs(ctx context.Context, dir string) error {
	if err := r.open(ctx, dir); err != nil {
		return err
	}
	if err := r.play(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	return r.prove(ctx)
}

// open brings up all shops, the first with HQ. Each has a PostgreSQL of its own,
// as shops have.
func (r *run) open(ctx context.Context, dir string) error {
	first, err := r.openShop(ctx, 1, dir, nil)
	if err != nil {
		return err
	}
	r.shops = []*floor{first}
	more := make([]*floor, max(0, r.options.Stores-1))
	const atOnce = 2
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range more {
		group.Go(func() (err error) {
			more[i], err = r.openShop(groupCtx, i+2, dir, first)
			return err
		})
	}
	err = group.Wait()
	for _, shop := range more {
		if shop != nil {
			r.shops = append(r.shops, shop)
		}
	}
	return err
}

// openShop brings up shop number n; HQ is first's, if that is there already.
func (r *run) openShop(ctx context.Context, n int, dir string, first *floor) (*floor, error) {
	line, hqAddr, hqGRPC, err := r.lineOf(ctx, first)
	if err != nil {
		return nil, err
	}
	o := Options{
		Bin: r.options.Bin, DataDir: dir, Catalogue: r.options.Catalogue, Terminals: terminalNames(r.options.Terminals), Environ: ownEnviron(),
		HQAddr: hqAddr, HQGRPC: hqGRPC, StoreID: fmt.Sprintf("S%d", n), EdgeEnv: line.Settings(r.options.Protocol),
	}
	if first != nil {
		o.Beside, o.DataDir = first.in, filepath.Join(dir, o.StoreID)
	}
	begun := time.Now()
	in, err := Start(ctx, o)
	if err != nil {
		return nil, errors.Join(err, line.Close())
	}
	r.say("shop %s is open (%.1f s)", o.StoreID, time.Since(begun).Seconds())
	return newFloor(in.Store(), in, line), nil
}

// lineOf is a new shop's line to HQ: first's, or one that is still to be started.
func (r *run) lineOf(ctx context.Context, first *floor) (l *Line, hqAddr, hqGRPC string, err error) {
	if first == nil {
		return LineToHQ(ctx)
	}
	hqAddr, hqGRPC = first.in.options.HQAddr, first.in.options.HQGRPC
	l, err = NewLine(ctx, hqAddr, hqGRPC)
	return l, hqAddr, hqGRPC, err
}

// stop stops all shops, the one with HQ last.
func (r *run) stop() error {
	var errs []error
	for _, shop := range slices.Backward(r.shops) {
		shop.edge.Close()
		errs = append(errs, shop.in.Stop(), shop.line.Close())
	}
	return errors.Join(errs...)
}

// hostOf is the host:port of an HTTP URL.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}
