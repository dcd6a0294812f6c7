package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"tiem/internal/fault"
)

// ChaosOptions say how much to sell and what to break.
type ChaosOptions struct {
	Seed      uint64
	Sales     int
	Kills     int
	Tills     int
	Bin       string // directory of the programs; empty: see Programs
	Catalogue []byte
	Keep      bool      // leave the scratch directory even if all is well
	Say       io.Writer // what happens, line by line
}

// ChaosReport is what Chaos did and found.
type ChaosReport struct {
	Seed     uint64        `json:"seed"`
	OK       bool          `json:"ok"`
	Problem  string        `json:"problem,omitzero"`
	Dir      string        `json:"dir,omitzero"` // the scratch directory, if it was left
	Struck   []Struck      `json:"kills"`
	Killed   map[Part]int  `json:"killed"`
	Sales    int           `json:"sales"` // acknowledged
	Voided   int           `json:"voided"`
	Repeated int           `json:"repeated"` // finalizes sent again at the end: the same receipt
	Tills    TillStats     `json:"tills"`
	StallMS  int64         `json:"longest_stall_ms"`
	SellMS   int64         `json:"selling_ms"`
	DrainMS  int64         `json:"drain_ms"`
	Took     time.Duration `json:"-"`
	Report   *Report       `json:"report,omitzero"`
	Audits   []Audit       `json:"audits,omitzero"`
}

// Chaos makes a scratch installation, lets tills sell while its processes are
// killed by SIGKILL as Plan says, lets the edge drain, and asks the oracle:
// edge = HQ event by event, and invariants A–D. The error is the first thing
// that went wrong, a *DifferenceError or a fault; the report is valid in any case.
func Chaos(ctx context.Context, o ChaosOptions) (*ChaosReport, error) {
	c := &chaos{options: o, begun: time.Now(), report: &ChaosReport{Seed: o.Seed, Killed: map[Part]int{}}, ledger: NewLedger()}
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
}

func (c *chaos) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "tiem-chaos-")
	if err == nil {
		err = os.Chmod(dir, 0o711) //nolint:gosec // as root, the databases run as another user, who must get to them
	}
	if err != nil {
		return fault.Wrap(err, fault.Config, "data_dir_access", "no scratch directory can be made").At("TMPDIR")
	}
	defer func() {
		if c.options.Keep || err != nil && ctx.Err() == nil { // whoever interrupts it does not want to look
			c.report.Dir = dir
			c.say("everything is left in %s", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	c.say("seed %d: %d sales on %d tills, %d kills; scratch directory %s", c.options.Seed, c.options.Sales, c.options.Tills, c.options.Kills, dir)
	if c.in, err = Start(ctx, c.installation(dir)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.in.Stop()) }()
	if err := c.sellAndKill(ctx); err != nil {
		return err
	}
	return c.judge(ctx)
}

func (c *chaos) installation(dir string) Options {
	terminals := make([]string, c.options.Tills)
	for i := range terminals {
		terminals[i] = fmt.Sprintf("T%d", i+1)
	}
	return Options{
		Bin: c.options.Bin, DataDir: dir, Catalogue: c.options.Catalogue, Terminals: terminals, Environ: ownEnviron(),
		EdgeEnv: []string{"SYNC_RETRY_MAX=1s"}, // the drain is to show the work, not the pause before it
		Step:    func(what string, took time.Duration) { c.say("%s (%.1f s)", what, took.Seconds()) },
	}
}

// ownEnviron is this program's environment without the settings of another
// installation: a scratch one must not touch the demo's databases or ports.
func ownEnviron() []string {
	foreign := []string{
		"EDGE_DATABASE_URL", "EDGE_DATA_DIR", "EDGE_ADDR", "EDGE_STORE_ID", "EDGE_DEMO", "STORE_TOKEN", "FAKE_CAPTURE_AFTER",
		"HQ_DATABASE_URL", "HQ_DATA_DIR", "HQ_ADDR", "HQ_GRPC_ADDR", "HQ_URL", "HQ_GRPC_TARGET", "HQ_TOKEN",
	}
	return mergeEnv(os.Environ(), foreign)
}

// sellAndKill plays all sales and all strikes; when it returns without an
// error, everything that was killed is up again.
func (c *chaos) sellAndKill(ctx context.Context) error {
	killer := newKiller(c.in, c.ledger, Plan(c.options.Seed, c.options.Sales, c.options.Kills), c.say)
	begun := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	playing, played := context.WithCancel(groupCtx)
	defer played()
	group.Go(func() error {
		defer played()
		_, err := Play(groupCtx, c.in.Store(), PlayOptions{Seed: c.options.Seed, Sales: c.options.Sales, Ledger: c.ledger, Gate: killer.gate})
		c.report.SellMS = time.Since(begun).Milliseconds()
		return err
	})
	group.Go(func() error { return killer.run(groupCtx) })
	group.Go(func() error {
		select {
		case part := <-c.in.Died():
			return c.in.server(part).ended(c.in.server(part).current())
		case <-playing.Done():
			return nil
		}
	})
	err := group.Wait()
	stats := c.ledger.Stats()
	r := c.report
	r.Struck, r.Sales, r.Voided, r.Tills, r.StallMS = killer.struck(), len(c.ledger.Sales()), len(c.ledger.Voided()), stats, stats.Stall.Milliseconds()
	for _, s := range r.Struck {
		r.Killed[s.Part]++
	}
	if err == nil {
		c.say("%d sales acknowledged in %.1f s", r.Sales, float64(r.SellMS)/1000)
	}
	return err
}

// judge lets the edge drain and asks everybody whether all is well.
func (c *chaos) judge(ctx context.Context) error {
	const atMost = 100
	var err error
	if c.report.Repeated, err = Again(ctx, c.in.Store(), c.ledger, atMost); err != nil {
		return err
	}
	c.report.Report, err = VerifyStore(ctx, c.in.Store(), VerifyOptions{Wait: time.Minute, Ledger: c.ledger, Complete: true})
	if c.report.Report != nil {
		c.report.DrainMS = c.report.Report.DrainMS
	}
	if err != nil {
		return err
	}
	c.say("edge = HQ: %d events, head %s; A, B, C and D hold", c.report.Report.Figures.Events, c.report.Report.Figures.Head.String()[:12])
	c.report.Audits, err = c.in.Audit(ctx)
	for _, a := range c.report.Audits {
		c.say("%s: %s", a.Command, a.Said)
	}
	return err
}

func (c *chaos) say(format string, args ...any) {
	if c.options.Say != nil {
		fmt.Fprintf(c.options.Say, "%6.1f s  %s\n", time.Since(c.begun).Seconds(), fmt.Sprintf(format, args...))
	}
}
