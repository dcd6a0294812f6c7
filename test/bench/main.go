package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
)

type options struct {
	only    []string
	contest string
	rounds  int
	scale   float64
	say     io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	only := flag.String("only", "", "comma-separated parts: finalize, intake, drain, flat (default: all)")
	rounds := flag.Int("rounds", 5, "rounds of each contest")
	scale := flag.Float64("scale", 1, "how much work a round is, 1 for what the documents say")
	profile := flag.String("cpuprofile", "", "write a CPU profile of this process to this file")
	contests := flag.String("contest", "", "only contests whose name has this in it")
	flag.Parse()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		defer pprof.StopCPUProfile()
	}
	o := options{contest: *contests, rounds: *rounds, scale: *scale, say: os.Stderr}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if err := o.run(ctx); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be undone
	}
}

func (o options) wants(part string) bool { return len(o.only) == 0 || slices.Contains(o.only, part) }

func (o options) scaled(n int) int { return max(10, int(float64(n)*o.scale)) }

func (o options) run(ctx context.Context) (err error) {
	var results []result
	if o.wants("finalize") {
		r, err := o.finalize(ctx)
		if err != nil {
			return err
		}
		results = append(results, r...)
	}
	if o.wants("intake") {
		r, err := o.intake(ctx)
		if err != nil {
			return err
		}
		results = append(results, r...)
	}
	if o.wants("drain") {
		r, err := o.drain(ctx)
		if err != nil {
			return err
		}
		results = append(results, r...)
	}
	for _, r := range results {
		fmt.Printf("%-55s %.2f (%.2f–%.2f) bar %.2f\n", r.name, median(r.ratios), slices.Min(r.ratios), slices.Max(r.ratios), r.bar)
	}
	return nil
}

func (o options) finalize(ctx context.Context) (results []result, err error) {
	s, err := newStage(ctx, "edge")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	c, err := openCounter(ctx, s)
	if err != nil {
		return nil, err
	}
	defer c.ours.db.Close()
	defer c.floor.db.Close()
	stop, err := c.serve(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, contest := range c.contests(o.scaled(2500)) {
		if !strings.Contains(contest.name, o.contest) {
			continue
		}
		contest.meter = meter{s}
		r, err := contest.run(ctx, o.rounds, o.say)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, c.checkSame(ctx)
}

func (o options) intake(ctx context.Context) (results []result, err error) {
	s, err := newStage(ctx, "hq")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	h, err := openHeadOffice(ctx, s)
	if err != nil {
		return nil, err
	}
	defer h.ours.Close()
	defer h.floor.Close()
	for _, contest := range h.contests(o.scaled(30_000)) {
		if !strings.Contains(contest.name, o.contest) {
			continue
		}
		contest.meter = meter{s}
		r, err := contest.run(ctx, o.rounds, o.say)
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, h.checkSame(ctx)
}

func (o options) drain(ctx context.Context) (results []result, err error) {
	shop, err := newStage(ctx, "edge")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	office, err := newStage(ctx, "hq")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, office.close()) }()
	d, err := openDrainage(ctx, shop, office)
	if err != nil {
		return nil, err
	}
	defer d.close()
	stop, err := d.serveHQ(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	contest := d.contest(o.scaled(50_000))
	contest.meter = meter{shop, office}
	r, err := contest.run(ctx, o.rounds, o.say)
	return []result{r}, err
}
