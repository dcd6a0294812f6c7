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
	"time"

	"tiem/internal/program"
)

// options are the command line.
type options struct {
	only    string
	contest string
	rounds  int
	scale   float64
	docs    string
	profile string
	say     io.Writer
}

func main() {
	if code, isChild := childMain(); isChild {
		os.Exit(code)
	}
	o := options{say: os.Stderr}
	flag.StringVar(&o.only, "only", "finalize,intake,drain,flat,tills,latency,wire,idle,reconnect", "the parts to run, separated by commas; flat loads 1.5 million sales, twice, and takes its time")
	flag.StringVar(&o.contest, "contest", "", "only contests that have this in their name")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each contest")
	flag.Float64Var(&o.scale, "scale", 1, "how much work a round is; 1 is what the documents say")
	flag.StringVar(&o.docs, "docs", "", "a directory whose benchmarks.md, .json and .svg are brought up to date; empty: only print")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of this process (the shop and the load generators) to this file, and one of an HQ that is a process of its own beside it, with .hq at the end")
	flag.Usage = func() {
		_, _ = fmt.Fprintf(flag.CommandLine.Output(), "bench measures sales and sync against physical limits, as ratios. Keep the machine quiet meanwhile.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if o.profile != "" {
		_ = os.Setenv(profileVariable, o.profile) // a name without a zero
	}
	program.TuneCollector() // as the programs do
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := o.profiled(ctx, o.run)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled runs what there is to run, under the profiler if that was asked for.
func (o options) profiled(ctx context.Context, run func(context.Context) error) error {
	if o.profile == "" {
		return run(ctx)
	}
	f, err := os.Create(o.profile)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	err = run(ctx)
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

// part is a group of contests on servers of its own.
type part struct {
	name string
	run  func(context.Context) ([]figure, error)
}

func (o options) run(ctx context.Context) error {
	parts := []part{{"finalize", o.finalize}, {"intake", o.intake}, {"drain", o.drain}, {"flat", o.flat}, {"tills", o.tills}, {"latency", o.latency}, {"wire", o.wire}, {"idle", o.idle}, {"reconnect", o.reconnect}}
	wanted := strings.Split(o.only, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("there is no part %q; see --help", name)
		}
	}
	var figures []figure
	for _, p := range parts {
		if !slices.Contains(wanted, p.name) {
			continue
		}
		begin := time.Now()
		f, err := p.run(ctx)
		if err == nil && o.docs != "" {
			err = publish(o.docs, f) // at once: what took minutes is not lost by what comes later
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		figures = append(figures, f...)
		o.tell(fmt.Sprintf("%s: %s", p.name, time.Since(begin).Round(time.Second)))
	}
	fmt.Print(string(tableOf(figures)))
	return nil
}

func (o options) scaled(n int) int { return max(10, int(float64(n)*o.scale)) }

// command is what somebody types to get these figures.
func (o options) command(part string) string {
	c := fmt.Sprintf("go run ./test/bench -only %s -rounds %d", part, o.rounds)
	if o.scale != 1 {
		c += fmt.Sprintf(" -scale %g", o.scale)
	}
	return c
}

// hold runs the contests that were asked for, one after another.
func (o options) hold(ctx context.Context, part string, m meter, contests []contest) ([]figure, error) {
	var figures []figure
	for _, c := range contests {
		if !strings.Contains(c.name, o.contest) {
			continue
		}
		c.meter = m
		r, err := c.run(ctx, o.rounds, o.say)
		if err != nil {
			return nil, err
		}
		figures = append(figures, r.figure(m.machine(ctx), o.command(part)))
	}
	return figures, nil
}

func (o options) finalize(ctx context.Context) (figures []figure, err error) {
	s, err := newStage(ctx, "edge")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	c, err := openCounter(ctx, s)
	if err != nil {
		return nil, err
	}
	defer c.close()
	stop, err := c.serve(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if figures, err = o.hold(ctx, "finalize", meter{servers: []*stage{s}}, c.contests(o.scaled(2500))); err != nil {
		return nil, err
	}
	return figures, c.checkSame(ctx)
}

func (o options) intake(ctx context.Context) (figures []figure, err error) {
	s, err := newStage(ctx, "hq")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	h, err := openHeadOffice(ctx, s)
	if err != nil {
		return nil, err
	}
	defer h.close()
	if figures, err = o.hold(ctx, "intake", meter{servers: []*stage{s}}, h.contests(o.scaled(30_000))); err != nil {
		return nil, err
	}
	return figures, h.checkSame(ctx)
}

func (o options) flat(ctx context.Context) (figures []figure, err error) {
	history := o.scaled(1_500_000)
	for _, open := range []func(context.Context, *stage) (contest, func(), error){
		func(ctx context.Context, s *stage) (contest, func(), error) {
			return agedShops(ctx, s, history, o.scaled(2500))
		},
		func(ctx context.Context, s *stage) (contest, func(), error) {
			return agedOffices(ctx, s, history, o.scaled(30_000))
		},
	} {
		f, err := o.aged(ctx, open)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f...)
	}
	return figures, nil
}

func (o options) aged(ctx context.Context, open func(context.Context, *stage) (contest, func(), error)) (figures []figure, err error) {
	s, err := newStage(ctx, "flat")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	_, _ = fmt.Fprintln(o.say, "flat: loading history …")
	c, closer, err := open(ctx, s)
	if err != nil {
		return nil, err
	}
	defer closer()
	return o.hold(ctx, "flat", meter{servers: []*stage{s}}, []contest{c})
}
