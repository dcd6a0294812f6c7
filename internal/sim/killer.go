package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// gateSlack is how many sales the tills may be ahead of the next strike: it
// should hit them at work, not waiting for it.
const gateSlack = 20

// Struck is a strike that was carried out.
type Struck struct {
	Part      Part  `json:"part"`
	Planned   int   `json:"planned_after_sales"`
	After     int   `json:"after_sales"` // acknowledged when it was killed
	AtMS      int64 `json:"at_ms"`       // since the selling began
	BackAfter int64 `json:"back_after_ms"`
}

// killer carries out a plan while tills sell.
type killer struct {
	in     *Installation
	ledger *Ledger
	plan   []Strike
	say    func(format string, args ...any)
	begun  time.Time
	sides  map[Part]chan struct{} // one token each: a side that recovers is not struck

	mu      sync.Mutex
	done    []Struck
	changed chan struct{}
}

func newKiller(in *Installation, ledger *Ledger, plan []Strike, say func(format string, args ...any)) *killer {
	edge, hq := make(chan struct{}, 1), make(chan struct{}, 1)
	return &killer{in: in, ledger: ledger, plan: plan, say: say, begun: time.Now(), changed: make(chan struct{}),
		sides: map[Part]chan struct{}{EdgeServer: edge, EdgePostgres: edge, HQServer: hq, HQPostgres: hq}}
}

// struck is what was carried out so far.
func (k *killer) struck() []Struck {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.done)
}

// gate holds a till that is far ahead of the next strike.
func (k *killer) gate(ctx context.Context, sold int) error {
	for {
		k.mu.Lock()
		next, changed := len(k.done), k.changed
		k.mu.Unlock()
		if next >= len(k.plan) || sold < k.plan[next].AfterSales+gateSlack {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// run strikes in the plan's order, and returns when everything is up again. The
// two sides recover side by side.
func (k *killer) run(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	err := k.strikes(groupCtx, group)
	if recovered := group.Wait(); recovered != nil {
		return recovered
	}
	return err
}

func (k *killer) strikes(ctx context.Context, recoveries *errgroup.Group) error {
	for i, strike := range k.plan {
		if err := k.await(ctx, strike); err != nil {
			return err
		}
		side := k.sides[strike.Part]
		select {
		case side <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		at := time.Now()
		if err := k.in.Kill(strike.Part); err != nil {
			return err
		}
		sold := k.note(strike, at)
		recoveries.Go(func() error {
			defer func() { <-side }()
			return k.bringBack(ctx, i, strike, at, sold)
		})
	}
	return nil
}

// await waits for the strike's moment.
func (k *killer) await(ctx context.Context, strike Strike) error {
	for {
		sold, changed := k.ledger.progress()
		if sold >= strike.AfterSales {
			return pause(ctx, strike.Delay)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (k *killer) note(strike Strike, at time.Time) (sold int) {
	sold, _ = k.ledger.progress()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.done = append(k.done, Struck{Part: strike.Part, Planned: strike.AfterSales, After: sold, AtMS: at.Sub(k.begun).Milliseconds()})
	close(k.changed)
	k.changed = make(chan struct{})
	return sold
}

func (k *killer) bringBack(ctx context.Context, i int, strike Strike, at time.Time, sold int) error {
	if strike.Part == EdgeServer || strike.Part == HQServer {
		if err := pause(ctx, strike.Down); err != nil {
			return err
		}
	}
	if err := k.in.Restart(ctx, strike.Part); err != nil {
		return fmt.Errorf("after the kill of %s: %w", strike.Part, err)
	}
	back := time.Since(at)
	k.mu.Lock()
	k.done[i].BackAfter = back.Milliseconds()
	k.mu.Unlock()
	k.say("sale %d: killed %s; ready again after %.1f s", sold, strike.Part, back.Seconds())
	return nil
}
