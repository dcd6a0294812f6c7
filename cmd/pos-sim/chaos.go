package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tiem/demo"
	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/sim"
)

type chaosCommand struct {
	Seed     uint64 `name:"seed"  default:"1"    help:"Of the shoppers, the kills and the cuts."`
	Sales    int    `name:"sales" default:"1000" help:"Baskets to be paid; some more are given up."`
	Kills    int    `name:"kills" default:"5"    help:"How often something is killed: the edge, HQ, or either PostgreSQL."`
	Cuts     int    `name:"cuts"  default:"5"    help:"How often the line from the edge to HQ fails, in one of five ways."`
	Tills    int    `name:"tills" default:"5"    help:"Tills that sell at once, 1 to 50."`
	Protocol string `name:"protocol" placeholder:"http|grpc" help:"How the edge's events travel: its SYNC_PROTOCOL. By default what the environment says, else what the edge prefers."`
	Bin      string `name:"bin"   placeholder:"DIR" help:"Directory of store-edge and hq-platform; by default that of this program, else ./bin."`
	Plan     bool   `name:"plan"  help:"Print what would be killed and cut, and do nothing."`
	Keep     bool   `name:"keep"  help:"Leave the scratch directory (databases and logs), also if all is well."`
	JSON     bool   `name:"json"  help:"Print the report as JSON instead of what happens."`
}

// Help explains what a seed repeats.
func (*chaosCommand) Help() string {
	return `It makes a shop of its own in a scratch directory, on free ports, and touches no other. While the tills sell,
processes are killed by SIGKILL at the seed's moments; servers are started again after the seed's pause, a
PostgreSQL is brought back by its server. Tills retry for 30 seconds, with the same ids and keys.

The edge reaches HQ through a line of this program's, which fails at the seed's moments, for HTTP and
gRPC alike:

  refused      every connection is reset, those that are open at once
  black hole   connections are taken and no byte moves; what was sent meanwhile arrives late
  request cut  a request breaks off at a byte of the seed's
  answer cut   an answer breaks off at a byte of the seed's: HQ has committed, the edge does not know
  slow         4 to 64 kB a second, each way

Five tills with five cashiers sell by default. Shoppers change their minds, go back for their purse (the basket is
suspended and taken up at another till), get discounts that the manager approves, and leave; tills die over a basket
and another takes it over.

Then the edge drains, a sample of sales is finalized again (the same receipts must come back), and the oracle
compares edge and HQ event by event, what the cashiers saw with both, and checks invariants A to D.

The same seed has the same shoppers and the same plan; the interleaving is the machine's.

  pos-sim chaos --seed 7 --plan
  pos-sim chaos --seed 7 --sales 200 --kills 2 --cuts 3 --keep
  pos-sim chaos --sales 20000 --kills 15 --cuts 15      five tills, 20,000 sales, thirty kills and cuts: some minutes

You see what happens as it happens, then the figures. Exit codes: 0 A to D hold, 1 one does not (the first difference
is named, and the scratch directory is left) or it was interrupted, 2 bad usage, 78 the programs cannot be started.`
}

// Run sells, kills, cuts and verifies.
func (c *chaosCommand) Run(ctx context.Context, stdout io.Writer) error {
	if c.Sales < 1 || c.Kills < 0 || c.Cuts < 0 || c.Tills < 1 || c.Tills > 50 {
		return fault.New(fault.Usage, "usage", "--sales and --tills are at least 1, --tills at most 50, --kills and --cuts at least 0")
	}
	if err := checkProtocol(c.Protocol); err != nil {
		return err
	}
	if !c.JSON || c.Plan {
		if err := c.printPlan(stdout); err != nil || c.Plan {
			return err
		}
	}
	o := sim.ChaosOptions{Seed: c.Seed, Sales: c.Sales, Kills: c.Kills, Cuts: c.Cuts, Tills: c.Tills, Protocol: c.Protocol, Bin: c.Bin, Catalogue: demo.Catalogue, Keep: c.Keep}
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

// checkProtocol refuses what no edge speaks.
func checkProtocol(protocol string) error {
	if protocol != "" && protocol != "http" && protocol != "grpc" {
		return fault.New(fault.Usage, "usage", "--protocol is http or grpc")
	}
	return nil
}

// plannedKill is a strike as JSON.
type plannedKill struct {
	AfterSales int      `json:"after_sales"`
	DelayMS    int64    `json:"delay_ms"`
	Part       sim.Part `json:"part"`
	DownMS     int64    `json:"down_ms"` // of a server; a PostgreSQL comes back by itself
}

// plannedCut is a cut as JSON.
type plannedCut struct {
	AfterSales int         `json:"after_sales"`
	DelayMS    int64       `json:"delay_ms"`
	Kind       sim.CutKind `json:"kind"`
	LastsMS    int64       `json:"lasts_ms"`
	Bytes      int         `json:"bytes,omitzero"`
	Rate       int         `json:"rate,omitzero"`
}

func (c *chaosCommand) printPlan(stdout io.Writer) error {
	kills, cuts := sim.Plan(c.Seed, c.Sales, c.Kills), sim.PlanCuts(c.Seed, c.Sales, c.Cuts)
	if c.JSON {
		plan := struct {
			Kills []plannedKill `json:"kills"`
			Cuts  []plannedCut  `json:"cuts"`
		}{make([]plannedKill, len(kills)), make([]plannedCut, len(cuts))}
		for i, s := range kills {
			plan.Kills[i] = plannedKill{s.AfterSales, s.Delay.Milliseconds(), s.Part, s.Down.Milliseconds()}
		}
		for i, s := range cuts {
			plan.Cuts[i] = plannedCut{s.AfterSales, s.Delay.Milliseconds(), s.Kind, s.Lasts.Milliseconds(), s.Bytes, s.Rate}
		}
		return program.PrintJSON(stdout, plan)
	}
	fmt.Fprintf(stdout, "the plan of seed %d:\n", c.Seed)
	for _, e := range inOrder(kills, cuts) {
		fmt.Fprintf(stdout, "  after %5d sales and %4.1f ms: %s\n", e.afterSales, float64(e.delay.Microseconds())/1000, e.what)
	}
	return nil
}

// planned is a strike or a cut as a line of the plan.
type planned struct {
	afterSales int
	delay      time.Duration
	what       string
}

// inOrder are kills and cuts in the order in which they come.
func inOrder(kills []sim.Strike, cuts []sim.Cut) []planned {
	plan := make([]planned, 0, len(kills)+len(cuts))
	for _, s := range kills {
		what := fmt.Sprintf("kill %s", s.Part)
		if s.Part == sim.EdgeServer || s.Part == sim.HQServer {
			what += fmt.Sprintf(", start it again after %.1f s", s.Down.Seconds())
		}
		plan = append(plan, planned{s.AfterSales, s.Delay, what})
	}
	for _, s := range cuts {
		what := fmt.Sprintf("line %s for %.1f s", s.Kind, s.Lasts.Seconds())
		switch {
		case s.Rate > 0:
			what += fmt.Sprintf(", %d bytes a second", s.Rate)
		case s.Kind == sim.RequestCut || s.Kind == sim.AnswerCut:
			what += fmt.Sprintf(", at byte %d", s.Bytes)
		}
		plan = append(plan, planned{s.AfterSales, s.Delay, what})
	}
	slices.SortStableFunc(plan, func(a, b planned) int {
		return cmp.Or(cmp.Compare(a.afterSales, b.afterSales), cmp.Compare(a.delay, b.delay))
	})
	return plan
}

func printChaos(w io.Writer, r *sim.ChaosReport) {
	fmt.Fprintf(w, "\nsales acknowledged  %d (%.0f a second), %d given up, %d finalized again with the same receipt\n",
		r.Sales, 1000*float64(r.Sales)/float64(max(1, r.SellMS)), r.Voided, r.Repeated)
	fmt.Fprintf(w, "kills               %d: %s\n", len(r.Struck),
		tally([]sim.Part{sim.EdgeServer, sim.HQServer, sim.EdgePostgres, sim.HQPostgres}, r.Killed))
	fmt.Fprintf(w, "cuts                %d: %s; of them felt by a connection: %d\n", len(r.Suffered), tally(sim.CutKinds(), r.Cut), r.Felt)
	fmt.Fprintf(w, "tills               %d requests, %d retries, the longest wait %d ms\n", r.Tills.Requests, r.Tills.Retries, r.StallMS)
	fmt.Fprintf(w, "baskets             %s\n", r.Tills.Moves())
	if r.Report != nil {
		fmt.Fprintf(w, "events              %d at the edge and at HQ, %d of them tried more than once, %d sent to HQ again although it had them, drained %d ms after the last sale\n",
			r.Report.Figures.Events, r.Report.Figures.Retried, r.Redelivered, r.DrainMS)
	}
	fmt.Fprintf(w, "time                %.1f s, of which %.1f s selling\n", r.Took.Seconds(), float64(r.SellMS)/1000)
	if r.OK {
		fmt.Fprintln(w, "edge = HQ, event by event; A, B, C and D hold")
	}
}

// tally shows how often each of names came.
func tally[K ~string](names []K, count map[K]int) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s %d", name, count[name])
	}
	return strings.Join(parts, ", ")
}
