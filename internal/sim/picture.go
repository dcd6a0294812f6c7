package sim

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"tiem/internal/money"
)

// Picture is a run at a moment, for a display.
type Picture struct {
	Title   string
	Elapsed time.Duration // since the tills began
	Closes  time.Duration // when the shop closes; 0: nobody knows
	Goal    int           // sales; 0: none

	Sales     int
	Total     money.Amount // of the sales, minor units
	Voided    int
	PerSecond float64 // sales, over the last seconds

	Calls  []CallView
	Tills  []TillView  // of the first shop
	Stores []StoreView // at least one
	Line   string      // how the line is; empty: nobody is between edge and HQ
	News   string      // what happened last
}

// StoreView is how a shop stands to HQ.
type StoreView struct {
	StoreID string
	State   string        // ONLINE, OFFLINE, or empty: the edge does not answer
	For     time.Duration // in that state
	Pending int64         // events that HQ has not acknowledged
}

// pulse measures sales a second over the last few pictures.
type pulse struct {
	at    []time.Time
	sales []int
}

// pulseSpan is over how long the sales a second are measured.
const pulseSpan = 5 * time.Second

func (p *pulse) beat(now time.Time, sales int) float64 {
	p.at, p.sales = append(p.at, now), append(p.sales, sales)
	for len(p.at) > 2 && now.Sub(p.at[1]) >= pulseSpan {
		p.at, p.sales = p.at[1:], p.sales[1:]
	}
	span := now.Sub(p.at[0]).Seconds()
	if span <= 0 {
		return 0
	}
	return float64(sales-p.sales[0]) / span
}

// look asks a shop how it stands, without patience: a display must not wait.
func look(ctx context.Context, edge *EdgeClient, storeID string, now time.Time) StoreView {
	view := StoreView{StoreID: storeID}
	var s EdgeStatus
	if err := attempt(ctx, time.Second, func(ctx context.Context) error { return edge.get(ctx, "/v1/status", &s) }); err != nil {
		return view
	}
	view.State, view.Pending = s.Connectivity, s.PendingEvents
	if s.Since != nil {
		view.For = max(0, now.Sub(*s.Since))
	}
	return view
}

// sayLine is the state of a line in words.
func sayLine(cut Cut) string {
	switch cut.Kind {
	case "":
		return "whole"
	case BlackHole:
		return "the cable is pulled"
	case Slow:
		return fmt.Sprintf("slow: %g kbit/s", float64(cut.Rate)*8/1000)
	default:
		return string(cut.Kind)
	}
}

// show shows pictures until ctx is done.
func (r *run) show(ctx context.Context) {
	if r.options.Show == nil {
		return
	}
	for {
		p := r.picture(ctx)
		if ctx.Err() != nil {
			return // the last look was cut short: it would show a shop that does not answer
		}
		r.options.Show(p)
		if pause(ctx, r.options.Every) != nil {
			return
		}
	}
}

// picture is how it looks now.
func (r *run) picture(ctx context.Context) Picture {
	now := time.Now()
	p := Picture{Title: r.options.Title, Elapsed: now.Sub(r.begun), Closes: r.options.Closes, Goal: r.options.Sales, Calls: r.watch.Calls()}
	for _, shop := range r.shops {
		sales, total, voided := shop.ledger.sum()
		p.Sales, p.Total, p.Voided = p.Sales+sales, p.Total+total, p.Voided+voided
	}
	p.Stores = make([]StoreView, len(r.shops))
	group, ctx := errgroup.WithContext(ctx)
	for i, shop := range r.shops {
		group.Go(func() error { p.Stores[i] = look(ctx, shop.edge, shop.store.StoreID, now); return nil })
	}
	_ = group.Wait() // a shop that does not answer is what the picture shows
	tills := r.watch.Tills()
	p.Tills = tills[:min(len(tills), r.options.Terminals)]
	if line := r.shops[0].line; line != nil {
		p.Line = sayLine(line.now().cut)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p.PerSecond = r.pulse.beat(now, p.Sales)
	if len(r.happened) > 0 {
		p.News = r.happened[len(r.happened)-1]
	}
	return p
}
