package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tiem/internal/wire"
)

// match is a race at one rate: its first lane against its last, and whoever is
// between them, too.
type match struct {
	*race

	lanes     []*lane
	at        string  // what a reader of the table is told of the rate
	perSecond float64 // sales
	sales     int     // of a round and lane
	slices    int     // turns of a round
	rounds    [][]latency
	spent     []usage // by lane, over all rounds, warm sales included
	sold      []int
}

// run lets the lanes take turns, slice by slice, in changing order.
func (m *match) run(ctx context.Context, rounds int, say func(string)) error {
	m.rounds, m.spent, m.sold = make([][]latency, len(m.lanes)), make([]usage, len(m.lanes)), make([]int, len(m.lanes))
	for round := range rounds {
		if err := m.prepare(ctx, m.lanes, m.sales+m.slices*warm); err != nil {
			return err
		}
		took := make([][]time.Duration, len(m.lanes))
		for slice := range m.slices {
			for turn := range m.lanes {
				i := (slice + round + turn) % len(m.lanes)
				before := m.meter().used()
				part, err := m.slice(ctx, m.lanes[i], share(m.sales, slice, m.slices), m.perSecond)
				if err != nil {
					return fmt.Errorf("%s, round %d: %w", m.lanes[i].name, round+1, err)
				}
				m.spent[i] = m.spent[i].plus(m.meter().used().minus(before))
				m.sold[i] += len(part) + min(warm, len(part))
				took[i] = append(took[i], part...)
			}
		}
		var line []string
		for i, l := range m.lanes {
			q := latencyOf(took[i])
			m.rounds[i] = append(m.rounds[i], q)
			line = append(line, fmt.Sprintf("%s %.2f/%.2f/%.2f", l.name, q.Mean/1e3, q.P50/1e3, q.P99/1e3))
		}
		say(fmt.Sprintf("%g sales/s, round %d: %s (mean/p50/p99 in ms)", m.perSecond, round+1, strings.Join(line, ", ")))
	}
	return nil
}

// promise is a figure of a lane against the last one.
type promise struct {
	lane int
	name string // of the quantile
	of   func(latency) float64
	most float64 // 0: nothing was promised
}

func p50(l latency) float64 { return l.P50 }

func p99(l latency) float64 { return l.P99 }

// figures are ratios of lanes to the last one, round by round.
func (m *match) figures(promises []promise, machine, command string) []figure {
	peer := len(m.lanes) - 1
	var all []figure
	for _, p := range promises {
		f := figure{Unit: "sales", Bar: p.most, AtMost: true, Machine: machine, Command: command,
			Contest: fmt.Sprintf("COMMIT → durable at HQ, %g sales/s, %s: %s against %s", m.perSecond, p.name, m.lanes[p.lane].name, m.lanes[peer].name),
			Ours:    m.perSecond, Floor: m.perSecond, Program: perCall(m.spent[p.lane].program, m.sold[p.lane]),
			Database: perCall(m.spent[p.lane].database, m.sold[p.lane]),
			Latency:  &latencies{Ours: typical(m.rounds[p.lane]), Floor: typical(m.rounds[peer]), At: m.at, OursWay: m.lanes[p.lane].name, FloorWay: m.lanes[peer].name}}
		for i := range m.rounds[peer] {
			f.Ratios = append(f.Ratios, p.of(m.rounds[p.lane][i])/p.of(m.rounds[peer][i]))
		}
		all = append(all, f)
	}
	return all
}

// latency is the race against logical replication: 2,000 sales a lane in five
// rounds.
func (o options) latency(ctx context.Context) (figures []figure, err error) {
	r, err := openRace(ctx, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	sales := o.scaled(400)
	m := &match{race: r, lanes: []*lane{r.ours(wire.GRPC), r.ours(wire.HTTP), r.peer()}, at: "20 sales/s, the race", perSecond: 20, sales: sales, slices: min(4, sales/100+1)}
	if err := m.run(ctx, o.rounds, o.tell); err != nil {
		return nil, err
	}
	return m.figures([]promise{{lane: 0, name: "p50", of: p50, most: 1.4}, {lane: 0, name: "p99", of: p99, most: 1},
		{lane: 1, name: "p50", of: p50, most: 2}, {lane: 1, name: "p99", of: p99}}, r.meter().machine(ctx), o.command("latency")), r.check(ctx)
}

// wire is the two protocols beside each other, at three rates.
func (o options) wire(ctx context.Context) (figures []figure, err error) {
	r, err := openRace(ctx, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for _, rate := range []struct {
		perSecond     float64
		sales, slices int
	}{{1, 12, 1}, {20, 100, 1}, {200, 1000, 2}} {
		sales := max(2, int(float64(rate.sales)*o.scale))
		m := &match{race: r, lanes: []*lane{r.ours(wire.GRPC), r.ours(wire.HTTP)}, at: fmt.Sprintf("%g sales/s", rate.perSecond),
			perSecond: rate.perSecond, sales: sales, slices: rate.slices}
		if err := m.run(ctx, o.rounds, o.tell); err != nil {
			return nil, err
		}
		figures = append(figures, m.figures([]promise{{name: "p50", of: p50}, {name: "p99", of: p99}}, r.meter().machine(ctx), o.command("wire"))...)
	}
	return figures, r.check(ctx)
}

func (o options) tell(line string) { _, _ = fmt.Fprintln(o.say, line) }
