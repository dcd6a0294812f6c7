package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tiem/internal/sim"
	"tiem/internal/wire"
)

// condition is how things are between the shop and HQ while the tills sell.
type condition int

// The conditions. Nothing that the tills do is different in them.
const (
	online   condition = iota // everything before is at HQ; what is sold follows at once
	offline                   // the line is cut
	draining                  // the line is back and a backlog goes over it
	conditions
)

// tillsBar is the ratio to ONLINE that was promised, at most.
const tillsBar = 1.2

// tillsSpeak is the protocol of the shop, the one that shops have by default. The
// line carries it as well as HTTP, by which it is watched.
const tillsSpeak = wire.GRPC

// leastBacklog is a backlog, in events, that outlives a slice of a few sales.
const leastBacklog = 4_000

// pace is how busy the tills are.
type pace struct {
	name  string
	pause time.Duration // before each call, on the average
	calls int           // of a round, in each condition
}

// paces: without a pause five tills take all that the shop's core has, and a relay
// can only get what it takes from them. With pauses the core is half idle; then a
// relay that drains as fast as it can is in everybody's way all the same, because
// whatever it runs is on the core when a till's call comes.
var paces = []pace{{"five tills without a pause", 0, 20_000}, {"five tills with pauses", 8 * time.Millisecond, 10_000}}

// trial is one of them: the tills sell in one run under three conditions that
// take turns.
type trial struct {
	pace
	shop    *pinnedShop
	tills   []*counterTill
	backlog int // events
	sales   int // of a round, in each condition
	slices  int // turns of a round
	rounds  [conditions][]quantiles
	spent   [conditions]work
}

// work is what a condition took over all rounds.
type work struct {
	wall    time.Duration
	calls   int
	drained int64 // events
	used    shares
}

// shares are processor times of all that work on the two cores.
type shares struct{ edge, edgeDatabase, hq, hqDatabase, load time.Duration }

func (s shares) plus(v shares) shares {
	return shares{s.edge + v.edge, s.edgeDatabase + v.edgeDatabase, s.hq + v.hq, s.hqDatabase + v.hqDatabase, s.load + v.load}
}

func (s shares) minus(v shares) shares {
	return shares{s.edge - v.edge, s.edgeDatabase - v.edgeDatabase, s.hq - v.hq, s.hqDatabase - v.hqDatabase, s.load - v.load}
}

func (o options) tills(ctx context.Context) (figures []figure, err error) {
	_, _ = fmt.Fprintln(o.say, "tills: building the programs and opening a shop …")
	shop, err := openPinnedShop(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	all, err := openTills(ctx, shop)
	if err != nil {
		return nil, err
	}
	for _, p := range paces {
		if !strings.Contains(p.name, o.contest) {
			continue
		}
		t := newTrial(p, shop, all, o)
		if err := t.run(ctx, o.rounds, o.say); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		figures = append(figures, t.figures(machineOf(ctx, shop.db), o.command("tills"))...)
	}
	return figures, nil
}

// newTrial sizes a trial: a slice is long enough to be worth its preparation, and
// over before its backlog is, however short it is.
func newTrial(p pace, shop *pinnedShop, all []*counterTill, o options) *trial {
	t := &trial{pace: p, shop: shop, tills: all, backlog: max(leastBacklog, o.scaled(100_000)), sales: max(tills, o.scaled(p.calls)/callsASale)}
	t.slices = min(max(t.sales/200, 1), 4)
	return t
}

func (t *trial) run(ctx context.Context, rounds int, say io.Writer) error {
	for _, till := range t.tills {
		till.pause = t.pause
	}
	for round := -1; round < rounds; round++ {
		if err := t.round(ctx, round); err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		if round >= 0 {
			_, _ = fmt.Fprintln(say, t.said(round))
		}
	}
	return errors.Join(t.enter(ctx, online), t.shop.check(ctx))
}

// round lets the conditions take turns, forwards and backwards, so that what the
// machine does, and what grows, falls on all of them. Round −1 is short: it warms
// everything up.
func (t *trial) round(ctx context.Context, round int) error {
	var took [conditions]timings
	turns, sales := t.slices, t.sales
	if round < 0 {
		turns, sales = 1, max(t.sales/10, tills)
	}
	for slice := range turns {
		order := []condition{online, offline, draining}
		if (slice+round)%2 != 0 {
			slices.Reverse(order)
		}
		for _, c := range order {
			part, err := t.slice(ctx, c, share(sales, slice, turns), round >= 0)
			if err != nil {
				return err
			}
			took[c].add(&part)
		}
	}
	if round < 0 {
		return nil
	}
	for c := range took {
		t.rounds[c] = append(t.rounds[c], quantiles{add: latencyOf(took[c][addItem]), finalize: latencyOf(took[c][finalizing])})
	}
	return nil
}

// aMoment is too short for a backlog to stand still in: a scaled-down slice of a
// few sales is over before the relay's next batch is.
const aMoment = time.Second

// slice sells under a condition. One at whose end the backlog was dry measured
// something else: it is not counted, and done again.
func (t *trial) slice(ctx context.Context, c condition, sales int, count bool) (timings, error) {
	const tries = 4
	for range tries {
		if err := t.enter(ctx, c); err != nil {
			return timings{}, err
		}
		before, err := t.shop.client.Status(ctx)
		if err != nil {
			return timings{}, err
		}
		used, begin := t.used(), time.Now()
		took, err := sellAll(ctx, t.tills, sales)
		if err != nil {
			return took, err
		}
		w := work{wall: time.Since(begin), calls: took.calls(), used: t.used().minus(used)}
		after, err := t.shop.client.Status(ctx)
		if err != nil {
			return took, err
		}
		w.drained = after.Acked - before.Acked
		stood := w.drained == 0 && w.wall > aMoment
		if c == draining && (after.PendingEvents == 0 || stood) {
			continue
		}
		if after.Protocol != tillsSpeak {
			return took, fmt.Errorf("the edge speaks %s at the end of a slice, not %s", after.Protocol, tillsSpeak)
		}
		if want := map[condition]string{online: "ONLINE", offline: "OFFLINE"}[c]; c != draining && after.Connectivity != want {
			return took, fmt.Errorf("the edge is %s at the end of a slice that wants %s", after.Connectivity, want)
		}
		if count {
			t.spent[c].add(w)
		}
		return took, nil
	}
	return timings{}, fmt.Errorf("a backlog of %d events was dry, or stood still, when %d sales were sold: %d times", t.backlog, sales, tries)
}

func (w *work) add(v work) {
	w.wall, w.calls, w.drained, w.used = w.wall+v.wall, w.calls+v.calls, w.drained+v.drained, w.used.plus(v.used)
}

// enter brings a condition about; the tills rest.
func (t *trial) enter(ctx context.Context, c condition) error {
	s := t.shop
	switch c {
	case online:
		s.line.Mend()
		err := s.await(ctx, "drained", func(e sim.EdgeStatus) bool { return e.Connectivity == "ONLINE" && e.PendingEvents == 0 })
		if err != nil {
			return err
		}
		return errors.Join(settle(ctx, s.db), settle(ctx, s.hq))
	case offline:
		if err := t.cut(ctx); err != nil {
			return err
		}
		return settle(ctx, s.db)
	default:
		if err := t.cut(ctx); err != nil {
			return err
		}
		if err := s.fill(ctx, t.backlog); err != nil {
			return err
		}
		before, err := s.client.Status(ctx)
		if err != nil {
			return err
		}
		s.line.Mend()
		return s.await(ctx, "draining", func(e sim.EdgeStatus) bool { return e.Acked > before.Acked }) // it sends before the line is trusted again
	}
}

// cut pulls the cable, and sells once, so that the edge has something to notice
// it by.
func (t *trial) cut(ctx context.Context) error {
	t.shop.line.Cut(sim.Cut{Kind: sim.Refused})
	if err := t.tills[0].sell(ctx); err != nil {
		return err
	}
	return t.shop.await(ctx, "OFFLINE", func(e sim.EdgeStatus) bool { return e.Connectivity == "OFFLINE" })
}

// used are the processor times so far. This process is the load generator and
// the line.
func (t *trial) used() shares {
	s := t.shop
	return shares{edge: processorTime(strconv.Itoa(s.PID(sim.EdgeServer))), edgeDatabase: backendsTime(s.PID(sim.EdgePostgres)),
		hq: processorTime(strconv.Itoa(s.PID(sim.HQServer))), hqDatabase: backendsTime(s.PID(sim.HQPostgres)), load: meter{}.used().program}
}
