package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

// ChaosOptions say how much to sell and what to break.
type ChaosOptions struct {
	Seed      uint64
	Sales     int
	Kills     int
	Cuts      int // of the line from the edge to HQ
	Tills     int
	Protocol  string // SYNC_PROTOCOL of the edge; empty: what it prefers
	Bin       string // directory of the programs; empty: see Programs
	Catalogue []byte
	Keep      bool      // leave the scratch directory even if all is well
	Say       io.Writer // what happens, line by line
}

// ChaosReport is what Chaos did and found.
type ChaosReport struct {
	Seed     uint64          `json:"seed"`
	OK       bool            `json:"ok"`
	Problem  string          `json:"problem,omitzero"`
	Dir      string          `json:"dir,omitzero"` // the scratch directory, if it was left
	Struck   []Struck        `json:"kills"`
	Killed   map[Part]int    `json:"killed"`
	Suffered []Suffered      `json:"cuts"`
	Cut      map[CutKind]int `json:"cut"`
	Felt     int             `json:"cuts_felt"` // cuts that came while a connection was there to feel them
	Sales    int             `json:"sales"`     // acknowledged
	Voided   int             `json:"voided"`
	Repeated int             `json:"repeated"` // finalizes sent again at the end: the same receipt
	Tills    TillStats       `json:"tills"`
	StallMS  int64           `json:"longest_stall_ms"`
	SellMS   int64           `json:"selling_ms"`
	DrainMS  int64           `json:"drain_ms"`
	Took     time.Duration   `json:"-"`
	Report   *Report         `json:"report,omitzero"`
	Audits   []Audit         `json:"audits,omitzero"`

	Redelivered int64 `json:"redelivered"` // events that HQ was sent although it had them, by its own count
}

// Chaos makes a scratch installation, lets tills sell while its processes are
// killed by SIGKILL as Plan says and the line from the edge to HQ fails as
// PlanCuts says, lets the edge drain, and asks the oracle: edge = HQ event by
// event, and invariants A–D. The error is the first thing
// that went wrong, a *DifferenceError or a fault (interrupted, if ctx is done
// before the oracle has spoken); the report is valid in any case.
func Chaos(ctx context.Context, o ChaosOptions) (*ChaosReport, error) {
	c := &chaos{options: o, begun: time.Now(), report: &ChaosReport{Seed: o.Seed, Killed: map[Part]int{}, Cut: map[CutKind]int{}}, ledger: NewLedger()}
	err := c.run(ctx)
	c.report.OK, c.report.Took = err == nil, time.Since(c.begun)
	if err != nil {
		c.report.Problem = err.Error()
	}
	return c.report, err
}

type chaos struct {
	options ChaosOptions
	begun   time.Time
	report  *ChaosReport
	ledger  *Ledger
	in      *Installation
	line    *Line     // from the edge to HQ
	sold    time.Time // when the last sale was acknowledged
	proven  bool
}

func (c *chaos) run(ctx context.Context) (err error) {
	c.report.Dir, err = inScratch(ctx, c.options.Keep, func(dir string) error { return c.runIn(ctx, dir) })
	if c.report.Dir != "" {
		c.say("everything is left in %s", c.report.Dir)
	}
	return err
}

func (c *chaos) runIn(ctx context.Context, dir string) (err error) {
	o := c.options
	c.say("seed %d: %d sales on %d tills, %d kills, %d cuts; scratch directory %s", o.Seed, o.Sales, o.Tills, o.Kills, o.Cuts, dir)
	var hqAddr, hqGRPC string
	if c.line, hqAddr, hqGRPC, err = LineToHQ(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.line.Close()) }()
	if c.in, err = Start(ctx, c.installation(dir, hqAddr, hqGRPC)); err != nil {
		return c.verdict(ctx, err)
	}
	defer func() { err = errors.Join(err, c.in.Stop()) }()
	return c.verdict(ctx, c.prove(ctx))
}

// verdict puts an interruption before what it has led to.
func (c *chaos) verdict(ctx context.Context, err error) error {
	if ctx.Err() != nil && !c.proven {
		return interrupted(err, "the shop was not compared with HQ", nil)
	}
	return err
}

func (c *chaos) prove(ctx context.Context) error {
	if err := c.sellAndBreak(ctx); err != nil {
		return err
	}
	return c.judge(ctx)
}

func (c *chaos) installation(dir, hqAddr, hqGRPC string) Options {
	return Options{
		Bin: c.options.Bin, DataDir: dir, Catalogue: c.options.Catalogue, Terminals: terminalNames(c.options.Tills), Environ: ownEnviron(), HQAddr: hqAddr, HQGRPC: hqGRPC,
		// Only the edge takes the line; who judges it asks HQ directly. A short pause lets the drain show the work, and a
		// black hole is to outlast the timeout now and then.
		EdgeEnv: append(c.line.Settings(c.options.Protocol), "SYNC_RETRY_MAX=1s", "SYNC_TIMEOUT=2s"),
		Step:    func(what string, took time.Duration) { c.say("%s (%.1f s)", what, took.Seconds()) },
	}
}

// terminalNames are T1, T2, …
func terminalNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("T%d", i+1)
	}
	return names
}

// sellAndBreak plays all sales, strikes and cuts; when it returns without an
// error, everything that was killed is up again and the line is whole.
func (c *chaos) sellAndBreak(ctx context.Context) error {
	o := c.options
	killer := newKiller(c.in, c.ledger, Plan(o.Seed, o.Sales, o.Kills), c.say)
	cutter := newCutter(c.line, c.ledger, PlanCuts(o.Seed, o.Sales, o.Cuts), c.say)
	gate := func(ctx context.Context, sold int) error {
		if err := killer.gate(ctx, sold); err != nil {
			return err
		}
		return cutter.gate(ctx, sold)
	}
	begun := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	playing, played := context.WithCancel(groupCtx)
	defer played()
	group.Go(func() error {
		defer played()
		_, err := Play(groupCtx, c.in.Store(), PlayOptions{Seed: o.Seed, Sales: o.Sales, Ledger: c.ledger, Gate: gate})
		c.sold = time.Now()
		c.report.SellMS = c.sold.Sub(begun).Milliseconds()
		return err
	})
	group.Go(func() error { return killer.run(groupCtx) })
	group.Go(func() error { return cutter.run(groupCtx) })
	group.Go(func() error {
		select {
		case part := <-c.in.Died():
			return c.in.server(part).ended(c.in.server(part).current())
		case <-playing.Done():
			return nil
		}
	})
	err := group.Wait()
	c.count(killer.struck(), cutter.suffered())
	c.report.Redelivered = killer.redelivered
	if err == nil {
		c.say("%d sales acknowledged in %.1f s", c.report.Sales, float64(c.report.SellMS)/1000)
	}
	return err
}

// count writes down what was done to the shop, and what its tills saw of it.
func (c *chaos) count(struck []Struck, suffered []Suffered) {
	stats := c.ledger.Stats()
	r := c.report
	r.Struck, r.Suffered, r.Tills, r.StallMS = struck, suffered, stats, stats.Stall.Milliseconds()
	r.Sales, r.Voided = len(c.ledger.Sales()), len(c.ledger.Voided())
	for _, s := range struck {
		r.Killed[s.Part]++
	}
	for _, s := range suffered {
		r.Cut[s.Kind]++
		if s.Hit > 0 {
			r.Felt++
		}
	}
}

// judge lets the edge drain and asks everybody whether all is well.
func (c *chaos) judge(ctx context.Context) error {
	const atMost = 100
	err := c.drain(ctx)
	if err != nil {
		return err
	}
	last, err := redelivered(ctx, c.in)
	if err != nil {
		return err
	}
	c.report.Redelivered += last
	if c.report.Repeated, err = Again(ctx, c.in.Store(), c.ledger, atMost); err != nil {
		return err
	}
	c.report.Report, err = VerifyStore(ctx, c.in.Store(), VerifyOptions{Ledger: c.ledger, Complete: true})
	if err != nil {
		return err
	}
	c.say("edge = HQ: %d events, head %s; A, B, C and D hold", c.report.Report.Figures.Events, c.report.Report.Figures.Head.String()[:12])
	c.report.Audits, err = c.in.Audit(ctx)
	for _, a := range c.report.Audits {
		c.say("%s: %s", a.Command, a.Said)
	}
	c.proven = err == nil
	return err
}

// drain waits until HQ has acknowledged everything. If that takes too long, the
// oracle says what HQ lacks.
func (c *chaos) drain(ctx context.Context) error {
	edge := NewEdgeClient(c.in.Store().EdgeURL, c.in.Store().Tills[0].Token)
	defer edge.Close()
	v := &verification{edge: edge, options: VerifyOptions{Wait: time.Minute}}
	status, err := v.drain(ctx)
	c.report.DrainMS = time.Since(c.sold).Milliseconds()
	if err == nil {
		c.say("%d events are pending %d ms after the last sale", status.PendingEvents, c.report.DrainMS)
	}
	return err
}

func (c *chaos) say(format string, args ...any) {
	if c.options.Say != nil {
		fmt.Fprintf(c.options.Say, "%6.1f s  %s\n", time.Since(c.begun).Seconds(), fmt.Sprintf(format, args...))
	}
}
