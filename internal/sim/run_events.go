package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tiem/internal/sim/scenario"
)

// parts are the names of what can die, in a scenario and here.
var parts = map[scenario.Part]Part{
	scenario.HQ: HQServer, scenario.HQDatabase: HQPostgres, scenario.Edge: EdgeServer, scenario.EdgeDatabase: EdgePostgres,
}

// happen makes the events happen, each at its time.
func (r *run) happen(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { r.weather(ctx); return nil })
	group.Go(func() error { return r.each(ctx, scenario.Dead, r.tillDies) })
	group.Go(func() error {
		return r.each(ctx, scenario.Dying, func(e scenario.Event) error { return r.strike(ctx, e) })
	})
	return group.Wait()
}

// weather lets the line be as the events say. It goes from change to change: one
// that comes late is not left out.
func (r *run) weather(ctx context.Context) {
	var last scenario.State
	for now := time.Duration(0); ; {
		state, next := scenario.At(r.options.Events, now)
		if state != last {
			r.become(state)
			last = state
		}
		r.mu.Lock()
		r.weathered = now
		r.mu.Unlock()
		if next == 0 || pause(ctx, time.Until(r.begun.Add(next))) != nil {
			return
		}
		now = next
	}
}

func (r *run) become(state scenario.State) {
	cut := Cut{}
	switch state.Kind {
	case scenario.Pulled:
		cut = Cut{Kind: BlackHole}
	case scenario.Slow:
		cut = Cut{Kind: Slow, Rate: max(1, state.Bits/8)}
	default:
	}
	r.say("the line: %s", sayLine(cut))
	for _, shop := range r.shops {
		switch {
		case shop.line == nil:
		case cut.Kind == "":
			shop.line.Mend()
		default:
			shop.line.Cut(cut)
		}
	}
}

// each calls do for every event of a kind, at its time, one after the other.
func (r *run) each(ctx context.Context, kind scenario.Kind, do func(scenario.Event) error) error {
	events := slices.SortedStableFunc(slices.Values(r.options.Events), func(a, b scenario.Event) int { return cmp.Compare(a.At, b.At) })
	for _, e := range events {
		if e.Kind != kind {
			continue
		}
		if pause(ctx, time.Until(r.begun.Add(e.At))) != nil {
			return nil //nolint:nilerr // the shop has closed: nothing happens any more
		}
		if err := do(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) tillDies(scenario.Event) error {
	r.say("a till dies in the middle of its next sale")
	r.mu.Lock()
	r.doomed++
	r.mu.Unlock()
	r.dying <- struct{}{} // there is room for all of them
	return nil
}

// strike kills a part and brings it back, also if the shop closes meanwhile. What
// is to die next waits until it is up again.
func (r *run) strike(ctx context.Context, e scenario.Event) error {
	in, part := r.shops[0].in, parts[e.Part]
	if err := in.Kill(part); err != nil {
		return err
	}
	at := time.Now()
	r.mu.Lock()
	r.struck++
	r.mu.Unlock()
	r.say("%s dies", part)
	if part == EdgeServer || part == HQServer {
		_ = pause(ctx, e.Lasts) // closing time brings it back sooner
	}
	if err := in.Restart(context.WithoutCancel(ctx), part); err != nil {
		return fmt.Errorf("after the death of %s: %w", part, err)
	}
	r.say("%s is back after %.1f s", part, time.Since(at).Seconds())
	return nil
}
