package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// quantiles are those of one round, of the calls that were promised something.
type quantiles struct{ add, finalize latency }

// latency is in microseconds, as the clock of who waits for it sees it.
type latency struct {
	P50  float64 `json:"p50_us"`
	P99  float64 `json:"p99_us"`
	Mean float64 `json:"mean_us"`
}

// latencyOf sorts took.
func latencyOf(took []time.Duration) latency {
	slices.Sort(took)
	var sum time.Duration
	for _, d := range took {
		sum += d
	}
	return latency{P50: quantile(took, 0.50), P99: quantile(took, 0.99), Mean: float64(sum) / float64(max(len(took), 1)) / float64(time.Microsecond)}
}

// quantile is the least duration, in µs, that a share q of the sorted ones do not
// exceed (nearest rank).
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return float64(sorted[max(rank, 1)-1]) / float64(time.Microsecond)
}

// said is a round in a line, in milliseconds.
func (t *trial) said(round int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, round %d:", t.name, round+1)
	for c, name := range []string{"ONLINE", "OFFLINE", "DRAIN"} {
		q, w := t.rounds[c][round], &t.spent[c]
		fmt.Fprintf(&b, " %s add-item %.1f/%.1f finalize %.1f/%.1f (%.0f calls/s, %.0f events/s)", name, q.add.P50/1e3, q.add.P99/1e3,
			q.finalize.P50/1e3, q.finalize.P99/1e3, float64(w.calls)/w.wall.Seconds(), float64(w.drained)/w.wall.Seconds())
	}
	return b.String() + " (p50/p99 in ms)"
}

// figures are the four ratios that were promised.
func (t *trial) figures(machine, command string) []figure {
	var all []figure
	for _, k := range []struct {
		name string
		of   func(quantiles) latency
	}{{"add-item", func(q quantiles) latency { return q.add }}, {"finalize", func(q quantiles) latency { return q.finalize }}} {
		base := each(t.rounds[online], k.of)
		for _, c := range []condition{offline, draining} {
			these := each(t.rounds[c], k.of)
			f := figure{Unit: "calls", Bar: tillsBar, AtMost: true, Machine: machine, Command: command, Note: t.note(),
				Contest: fmt.Sprintf("%s p99, %s: %s", k.name, t.name, []string{offline: "OFFLINE", draining: thousands(t.backlog) + " events drain"}[c]),
				Ours:    t.spent[c].rate(), Floor: t.spent[online].rate(),
				Program:  perCall(t.spent[c].used.edge, t.spent[c].calls),
				Database: perCall(t.spent[c].used.edgeDatabase, t.spent[c].calls), Latency: &latencies{Ours: typical(these), Floor: typical(base)}}
			for i := range these {
				f.Ratios = append(f.Ratios, these[i].P99/base[i].P99)
			}
			all = append(all, f)
		}
	}
	return all
}

func each(rounds []quantiles, of func(quantiles) latency) (list []latency) {
	for _, q := range rounds {
		list = append(list, of(q))
	}
	return list
}

// typical is the median over the rounds.
func typical(rounds []latency) latency {
	var p50, p99, mean []float64
	for _, l := range rounds {
		p50, p99, mean = append(p50, l.P50), append(p99, l.P99), append(mean, l.Mean)
	}
	return latency{P50: median(p50), P99: median(p99), Mean: median(mean)}
}

func (w *work) rate() float64 { return float64(w.calls) / w.wall.Seconds() }

func perCall(d time.Duration, calls int) float64 {
	return float64(d.Microseconds()) / float64(max(calls, 1))
}

// note tells who used the two cores, and how fast the backlog went meanwhile.
func (t *trial) note() string {
	var b strings.Builder
	fmt.Fprintf(&b, "p99 against p99 ONLINE, %s: shares of a core", t.name)
	for c, name := range []string{"ONLINE", "OFFLINE", "while draining"} {
		w := &t.spent[c]
		part := func(d time.Duration) float64 { return 100 * d.Seconds() / w.wall.Seconds() }
		fmt.Fprintf(&b, "; %s: store-edge %.0f %%, its PostgreSQL %.0f %%; hq-platform %.0f %%, its PostgreSQL %.0f %%, load generator and line %.0f %%",
			name, part(w.used.edge), part(w.used.edgeDatabase), part(w.used.hq), part(w.used.hqDatabase), part(w.used.load))
	}
	w := &t.spent[draining]
	fmt.Fprintf(&b, ". %.0f events a second drained beside %.0f calls a second", float64(w.drained)/w.wall.Seconds(), w.rate())
	return b.String()
}
