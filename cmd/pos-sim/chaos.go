package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tiem/demo"
	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/sim"
)

type chaosCommand struct {
	Seed  uint64 `name:"seed"  default:"1"    help:"Of the shoppers and of the kills."`
	Sales int    `name:"sales" default:"1000" help:"Baskets to be paid; some more are given up."`
	Kills int    `name:"kills" default:"5"    help:"How often something is killed: the edge, HQ, or either PostgreSQL."`
	Tills int    `name:"tills" default:"5"    help:"Tills that sell at once, 1 to 50."`
	Bin   string `name:"bin"   placeholder:"DIR" help:"Directory of store-edge and hq-platform; by default that of this program, else ./bin."`
	Plan  bool   `name:"plan"  help:"Print what would be killed, and do nothing."`
	Keep  bool   `name:"keep"  help:"Leave the scratch directory (databases and logs), also if all is well."`
	JSON  bool   `name:"json"  help:"Print the report as JSON instead of what happens."`
}

// Help explains what a seed repeats.
func (*chaosCommand) Help() string {
	return `It makes a shop of its own in a scratch directory, on free ports, and touches no other. While the tills sell,
processes are killed by SIGKILL at the seed's moments; servers are started again after the seed's pause, a
PostgreSQL is brought back by its server. Tills retry for 30 seconds, with the same ids and keys. Then the
edge drains, a sample of sales is finalized again (the same receipts must come back), and the oracle compares
edge and HQ event by event, what the cashiers saw with both, and checks invariants A to D.

The same seed has the same shoppers and the same plan; the interleaving is the machine's.

  pos-sim chaos --seed 7 --plan
  pos-sim chaos --seed 7 --sales 200 --kills 2 --keep`
}

// Run sells, kills and verifies.
func (c *chaosCommand) Run(ctx context.Context, stdout io.Writer) error {
	if c.Sales < 1 || c.Kills < 0 || c.Tills < 1 || c.Tills > 50 {
		return fault.New(fault.Usage, "usage", "--sales and --tills are at least 1, --tills at most 50, --kills at least 0")
	}
	plan := sim.Plan(c.Seed, c.Sales, c.Kills)
	if !c.JSON || c.Plan {
		if err := c.printPlan(stdout, plan); err != nil || c.Plan {
			return err
		}
	}
	o := sim.ChaosOptions{Seed: c.Seed, Sales: c.Sales, Kills: c.Kills, Tills: c.Tills, Bin: c.Bin, Catalogue: demo.Catalogue, Keep: c.Keep}
	if !c.JSON {
		o.Say = stdout
	}
	report, err := sim.Chaos(ctx, o)
	if c.JSON {
		return errors.Join(err, program.PrintJSON(stdout, report))
	}
	printChaos(stdout, report)
	return err
}

// planned is a strike as JSON.
type planned struct {
	AfterSales int      `json:"after_sales"`
	DelayMS    int64    `json:"delay_ms"`
	Part       sim.Part `json:"part"`
	DownMS     int64    `json:"down_ms"` // of a server; a PostgreSQL comes back by itself
}

func (c *chaosCommand) printPlan(stdout io.Writer, plan []sim.Strike) error {
	if c.JSON {
		list := make([]planned, len(plan))
		for i, s := range plan {
			list[i] = planned{s.AfterSales, s.Delay.Milliseconds(), s.Part, s.Down.Milliseconds()}
		}
		return program.PrintJSON(stdout, list)
	}
	fmt.Fprintf(stdout, "the plan of seed %d:\n", c.Seed)
	for _, s := range plan {
		fmt.Fprintf(stdout, "  after %4d sales and %4.1f ms: kill %s", s.AfterSales, float64(s.Delay.Microseconds())/1000, s.Part)
		if s.Part == sim.EdgeServer || s.Part == sim.HQServer {
			fmt.Fprintf(stdout, ", start it again after %.1f s", s.Down.Seconds())
		}
		fmt.Fprintln(stdout)
	}
	return nil
}

func printChaos(w io.Writer, r *sim.ChaosReport) {
	fmt.Fprintf(w, "\nsales acknowledged  %d (%.0f a second), %d given up, %d finalized again with the same receipt\n",
		r.Sales, 1000*float64(r.Sales)/float64(max(1, r.SellMS)), r.Voided, r.Repeated)
	fmt.Fprintf(w, "kills               %d:", len(r.Struck))
	for _, part := range []sim.Part{sim.EdgeServer, sim.HQServer, sim.EdgePostgres, sim.HQPostgres} {
		fmt.Fprintf(w, " %s %d", part, r.Killed[part])
		if part != sim.HQPostgres {
			fmt.Fprint(w, ",")
		}
	}
	fmt.Fprintf(w, "\ntills               %d requests, %d retries, the longest wait %d ms\n", r.Tills.Requests, r.Tills.Retries, r.StallMS)
	if r.Report != nil {
		fmt.Fprintf(w, "events              %d at the edge and at HQ, drained %d ms after the last sale\n", r.Report.Figures.Events, r.DrainMS)
	}
	fmt.Fprintf(w, "time                %.1f s, of which %.1f s selling\n", r.Took.Seconds(), float64(r.SellMS)/1000)
	if r.OK {
		fmt.Fprintln(w, "edge = HQ, event by event; A, B, C and D hold")
	}
}
