package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// killSlack is how many sales the tills may be ahead of the next strike.
const killSlack = 20

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
	*schedule

	in    *Installation
	plan  []Strike
	say   func(format string, args ...any)
	begun time.Time
	sides map[Part]chan struct{} // one token each: a side that recovers is not struck

	redelivered int64 // what HQ's lives that were ended had counted

	done sync.Mutex
	list []Struck
}

func newKiller(in *Installation, ledger *Ledger, plan []Strike, say func(format string, args ...any)) *killer {
	points := make([]int, len(plan))
	for i, strike := range plan {
		points[i] = strike.AfterSales
	}
	edge, hq := make(chan struct{}, 1), make(chan struct{}, 1)
	return &killer{schedule: newSchedule(ledger, killSlack, points), in: in, plan: plan, say: say, begun: time.Now(),
		sides: map[Part]chan struct{}{EdgeServer: edge, EdgePostgres: edge, HQServer: hq, HQPostgres: hq}}
}

// struck is what was carried out so far.
func (k *killer) struck() []Struck {
	k.done.Lock()
	defer k.done.Unlock()
	return slices.Clone(k.list)
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
		if err := k.await(ctx, strike.AfterSales, strike.Delay); err != nil {
			return err
		}
		side := k.sides[strike.Part]
		select {
		case side <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if strike.Part == HQServer { // its count dies with it
			n, err := redelivered(ctx, k.in)
			if err != nil {
				return err
			}
			k.redelivered += n
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

func (k *killer) note(strike Strike, at time.Time) (sold int) {
	sold = k.passed()
	k.done.Lock()
	defer k.done.Unlock()
	k.list = append(k.list, Struck{Part: strike.Part, Planned: strike.AfterSales, After: sold, AtMS: at.Sub(k.begun).Milliseconds()})
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
	k.done.Lock()
	k.list[i].BackAfter = back.Milliseconds()
	k.done.Unlock()
	k.say("sale %d: killed %s; ready again after %.1f s", sold, strike.Part, back.Seconds())
	return nil
}
