package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// A contest is one line of the table: two ways of doing the same work.
type contest struct {
	name   string  // such as "finalize, 5 clients"
	unit   string  // what a rate counts, such as "sales"
	bar    float64 // the least ratio that was promised
	slices int     // turns of a round
	ours   side
	floor  side
	meter  meter // the servers that work
}

// side is one of the two. prepare makes ready what a round needs, uncounted;
// work does one slice of the round, such as slice 3 of 10, and returns how many
// units that was.
type side struct {
	prepare func(ctx context.Context, round int) error
	work    func(ctx context.Context, slice, slices int) (units int, err error)
}

// result is what a contest came to.
type result struct {
	contest

	ratios []float64 // ours / floor, round by round
	oursPS []float64 // units a second
	floors []float64
	spent  []usage // of ours, a unit
}

// run holds the contest's rounds; ours and the floor take turns at beginning.
// One short round before them is thrown away: it warms both sides.
func (c contest) run(ctx context.Context, rounds int, say io.Writer) (result, error) {
	r := result{contest: c}
	for round := -1; round < rounds; round++ {
		rates, spent, err := c.round(ctx, round)
		if err != nil {
			return r, fmt.Errorf("%s, round %d: %w", c.name, round+1, err)
		}
		if round < 0 {
			continue
		}
		r.oursPS, r.floors = append(r.oursPS, rates[0]), append(r.floors, rates[1])
		r.ratios, r.spent = append(r.ratios, rates[0]/rates[1]), append(r.spent, spent)
		_, _ = fmt.Fprintf(say, "%s, round %d: %.0f of %.0f %s/s = %.2f\n", c.name, round+1, rates[0], rates[1], c.unit, rates[0]/rates[1])
	}
	return r, nil
}

// round lets the two sides take turns slice by slice, so that what else the
// machine does falls on both.
func (c contest) round(ctx context.Context, round int) (perSecond [2]float64, spent usage, err error) {
	sides := [2]side{c.ours, c.floor}
	for _, s := range sides {
		if err := s.prepare(ctx, round); err != nil {
			return perSecond, spent, err
		}
	}
	var took [2]time.Duration
	var units [2]int
	for slice := range c.slices {
		for turn := range sides {
			i := (slice + round + turn + 2) % 2
			before, begin := c.meter.used(), time.Now()
			n, err := sides[i].work(ctx, slice, c.slices)
			if err != nil {
				return perSecond, spent, err
			}
			took[i], units[i] = took[i]+time.Since(begin), units[i]+n
			if i == 0 {
				spent = spent.plus(c.meter.used().minus(before))
			}
		}
	}
	for i := range perSecond {
		perSecond[i] = float64(units[i]) / took[i].Seconds()
	}
	return perSecond, usage{spent.program / time.Duration(units[0]), spent.database / time.Duration(units[0])}, nil
}

// figure is the result as it is published.
func (r result) figure(machine, command string) figure {
	var program, database []float64
	for _, u := range r.spent {
		program, database = append(program, float64(u.program)/1e3), append(database, float64(u.database)/1e3)
	}
	return figure{Contest: r.name, Unit: r.unit, Bar: r.bar, Ratios: r.ratios, Ours: median(r.oursPS), Floor: median(r.floors),
		Program: median(program), Database: median(database), Machine: machine, Command: command}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
