package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"tiem/demo"
	"tiem/internal/fault"
	"tiem/internal/program"
	"tiem/internal/sim"
	"tiem/internal/sim/scenario"
	"tiem/internal/sim/screen"
)

// Tempo of a run: what a first-time user gets, and how many visits a till must
// be able to serve for a rate that is asked for.
const (
	defaultTills = 5
	defaultSales = 100
	defaultSpeed = 20
	headroom     = 2
)

type runCommand struct {
	target

	Terminals *int          `name:"terminals" aliases:"tills" placeholder:"N" help:"Tills that sell at once in each shop, 1 to 50. By default 5."`
	Rate      *float64      `name:"rate"      placeholder:"N" help:"Shoppers a second, all tills together; 0, the default: as many as the tills can serve."`
	Speed     *float64      `name:"speed"     placeholder:"N" help:"How much faster people are than in a shop: 1 is real time, 0 means that they take no time at all. By default 20, or what --rate needs."`
	Duration  time.Duration `name:"duration"  placeholder:"60s" help:"Close the shop after so long. Without it and --sales: after 100 sales; with --cut, --slow or --flap 20 s after the last of it is over, one that has no end being seen for 30 s."`
	Sales     int           `name:"sales"     placeholder:"N" help:"Close the shop after so many sales, at least one in each shop; some more baskets are given up."`
	Seed      uint64        `name:"seed"      default:"1" help:"Of the shoppers: what they take, how they pay, what they change their minds about."`

	Cut      []string `name:"cut"      placeholder:"30s@60s" help:"Pull the cable for 30 s, 60 s after the tills began. May be given several times."`
	Slow     []string `name:"slow"     placeholder:"64kbit[@60s[+30s]]" help:"Let the line carry so little, each way: from the beginning or from a moment on, to the end or for a while."`
	Flap     []string `name:"flap"     placeholder:"2s/3s[@60s[+30s]]" help:"Let the line be down for 2 s and up for 3 s, again and again."`
	Scenario string   `name:"scenario" placeholder:"FILE|NAME" help:"Play a scenario: a text file, or one of --list. --terminals, --rate, --speed, and --duration and --sales (together) win over what it says; --cut, --slow and --flap are added to it."`
	List     bool     `name:"list"     help:"List the scenarios that are built in, and the sentences that one may use."`
	Stores   int      `name:"stores"   default:"1" help:"Shops of their own against one HQ, 1 to 100."`
	Protocol string   `name:"protocol" placeholder:"http|grpc" help:"How events of shops of its own travel: their SYNC_PROTOCOL. By default what the environment says, else what an edge prefers."`
	Line     string   `name:"line"     placeholder:"HOST:PORT" help:"Break the line of the running shop: listen here and carry to HQ_URL. The shop must have been started with HQ_URL=http://HOST:PORT."`
	LineGRPC string   `name:"line-grpc" placeholder:"HOST:PORT" help:"The line's other end, for a shop that speaks gRPC: listen here and carry to HQ_GRPC_TARGET. The shop must have been started with HQ_GRPC_TARGET=HOST:PORT, too, or with SYNC_PROTOCOL=http. One whose events would not go by the line is refused."`

	Bin   string `name:"bin"   placeholder:"DIR" help:"Directory of store-edge and hq-platform, for shops of its own; by default that of this program, else ./bin."`
	Keep  bool   `name:"keep"  help:"Leave the scratch directory (databases and logs), also if all is well."`
	Quiet bool   `name:"quiet" help:"Show nothing until the summary."`
	JSON  bool   `name:"json"  help:"Show nothing, and print one JSON object at the end."`
}

// Help explains what happens, what one sees, and what it exits with.
func (*runCommand) Help() string {
	return `It sells in the shop of the env file, over its public API. The manager signs in at TERMINAL_ID with MANAGER_PIN and
makes pairing codes; terminals SIM1, SIM2, … are paired with them, and cashiers sign in with their PINs. Shoppers
come with mostly two or three items, pay cash or by a fake QR (EDGE_DEMO), change their minds, get a discount that
the manager approves, go back for their purse (the basket is suspended, and resumed at another till), or leave. Now
and then a till falls silent and another goes on with its basket, or a till repeats a request to see that it is
harmless. Scanning takes 1 to 3 s an item and paying some 20 s, divided by --speed.

You see sales a second, how long each call took (p50, p95, p99), what HQ has not acknowledged yet, whether the shop
is ONLINE, and what each till does: on a terminal of 80×24 in place, else a line a second. Ctrl-C closes the shop: tills have five seconds to end what they have begun.
A second Ctrl-C does not wait for them.

  pos-sim run                                     a hundred sales on five tills of the demo, then pos-sim verify
  pos-sim run --rate 50 --duration 2m --json      for machines
  pos-sim run --cut 30s@20s --duration 70s        five tills, and somebody pulls the cable
  pos-sim run --scenario pulled-cable             the same as a scenario; --list shows the others
  pos-sim run --stores 20 --duration 60s          twenty shops, one HQ

With --cut, --slow, --flap, --scenario or --stores it brings up shops of its own in a scratch directory, behind a line
that it can break, touches no other, and at the end compares every shop with HQ: event by event, invariants A to D,
and both programs' own verifiers. (A running shop speaks to HQ directly; only --line can break its line, see below.
What kills programs needs a shop of its own in any case.) Each shop has a PostgreSQL: some 160 MiB of memory a shop.

To break the line of a running shop, the shop must go by it from its start, and HQ must be where its env file says:

  HQ_URL=http://127.0.0.1:9090 HQ_GRPC_TARGET=127.0.0.1:9091 make run
  pos-sim run --line 127.0.0.1:9090 --line-grpc 127.0.0.1:9091 --cut 30s@20s

It is OFFLINE while no such run is there.

Whoever interrupts a run that was to be compared with HQ has proven nothing: that is exit 1, and so is something that
was to happen and did not, because the shop closed before. Baskets that tills gave up on in a running shop are named.

Exit codes: 0 all is well, 1 a check failed, a till gave up or it was interrupted, 2 bad usage, 78 bad configuration.`
}

// Run sells.
func (c *runCommand) Run(ctx context.Context, stdout io.Writer) error {
	if c.List {
		return listScenarios(stdout)
	}
	o, err := c.runOptions()
	if err != nil {
		return err
	}
	var terminal *screen.Terminal
	switch {
	case c.JSON || c.Quiet:
	case screen.IsTerminal(stdout, os.Getenv):
		terminal = screen.NewTerminal(stdout, os.Getenv)
		defer terminal.Close()
		o.Show, o.Every = terminal.Show, 250*time.Millisecond
	default:
		o.Show, o.Every = func(p sim.Picture) { fmt.Fprintln(stdout, screen.Plain(p)) }, time.Second
	}
	if !c.JSON && !c.Quiet {
		o.Say = func(format string, args ...any) {
			if terminal == nil || !terminal.Painting() {
				fmt.Fprintf(stdout, format+"\n", args...)
			}
		}
	}
	atOnce, rest := secondInterrupt()
	defer rest()
	o.AtOnce = atOnce
	report, err := sim.Run(ctx, o)
	if terminal != nil {
		terminal.Close()
	}
	if c.JSON {
		return errors.Join(err, program.PrintJSON(stdout, report))
	}
	printRun(stdout, report)
	return err
}

// runOptions are what the flags and the scenario say.
func (c *runCommand) runOptions() (sim.RunOptions, error) {
	o := sim.RunOptions{Seed: c.Seed, Terminals: defaultTills, Stores: c.Stores, Bin: c.Bin, Catalogue: demo.Catalogue, Keep: c.Keep, LineAddr: c.Line, LineGRPC: c.LineGRPC, Protocol: c.Protocol}
	if err := c.usage(); err != nil {
		return o, err
	}
	if err := c.events(&o); err != nil {
		return o, err
	}
	c.override(&o)
	o.Speed = c.speed(o)
	own := c.Stores > 1 || c.Scenario != "" || len(o.Events) > 0
	if c.Line != "" && o.Kills() {
		return o, fault.New(fault.Usage, "usage", "--line breaks the line of a running shop, but the scenario kills programs").Advise("leave --line out: then it brings up a shop of its own")
	}
	if c.Protocol != "" && (!own || c.Line != "") {
		return o, fault.New(fault.Usage, "usage", "--protocol is for shops of its own; a running one has been started with its SYNC_PROTOCOL")
	}
	if err := o.Check(); err != nil {
		return o, err
	}
	if !own || c.Line != "" {
		needed := []string{"MANAGER_ID", "MANAGER_PIN", "CASHIER_PIN"}
		if c.LineGRPC != "" {
			needed = append(needed, "HQ_GRPC_TARGET")
		}
		store, err := c.store(needed...)
		if err != nil {
			return o, err
		}
		o.Shop = &store
	}
	if o.Title == "" {
		o.Title = fmt.Sprintf("%d tills", o.Terminals)
		if c.Stores > 1 {
			o.Title = fmt.Sprintf("%d shops, %d tills each", c.Stores, o.Terminals)
		}
	}
	return o, nil
}

func (c *runCommand) usage() error {
	switch {
	case c.Terminals != nil && (*c.Terminals < 1 || *c.Terminals > scenario.MaxTills):
		return fault.New(fault.Usage, "usage", "--terminals is 1 to %d", scenario.MaxTills)
	case c.Stores < 1 || c.Stores > 100:
		return fault.New(fault.Usage, "usage", "--stores is 1 to 100")
	case c.Sales < 0 || c.Duration < 0 || c.Rate != nil && !(*c.Rate >= 0) || c.Speed != nil && !(*c.Speed >= 0):
		return fault.New(fault.Usage, "usage", "--sales, --duration, --rate and --speed are never negative")
	case c.Line != "" && c.Stores > 1:
		return fault.New(fault.Usage, "usage", "--line is one running shop's, --stores brings up shops of its own")
	}
	return checkProtocol(c.Protocol)
}

// events are what happens besides selling: the scenario's and the flags'.
func (c *runCommand) events(o *sim.RunOptions) error {
	if c.Scenario != "" {
		s, err := readScenario(c.Scenario)
		if err != nil {
			return err
		}
		o.Title, o.Terminals, o.Rate, o.Events, o.AtHQ = s.Title, s.Tills, s.Rate, s.Events, s.AtHQ
		o.Closes, o.Sales = s.Closes, s.Sales
		if c.Speed == nil && s.Speed > 0 {
			c.Speed = &s.Speed
		}
	}
	for _, flag := range []struct {
		texts []string
		parse func(string) (scenario.Event, error)
	}{{c.Cut, scenario.ParseCut}, {c.Slow, scenario.ParseSlow}, {c.Flap, scenario.ParseFlap}} {
		for _, text := range flag.texts {
			e, err := flag.parse(text)
			if err != nil {
				return err
			}
			o.Events = append(o.Events, e)
		}
	}
	return nil
}

// override lets flags win over the scenario, and closes the shop where nobody has
// said when.
func (c *runCommand) override(o *sim.RunOptions) {
	if c.Terminals != nil {
		o.Terminals = *c.Terminals
	}
	if c.Rate != nil {
		o.Rate = *c.Rate
	}
	if c.Duration > 0 || c.Sales > 0 {
		o.Closes, o.Sales = c.Duration, c.Sales
	}
	switch {
	case o.Sales > 0 || o.Closes > 0:
	case len(o.Events) > 0:
		o.Closes = scenario.Covers(o.Events)
	default:
		o.Sales = max(defaultSales, o.Stores)
	}
}

// speed is --speed, or what lets the tills keep up with --rate.
func (c *runCommand) speed(o sim.RunOptions) float64 {
	if c.Speed != nil {
		return *c.Speed
	}
	needed := headroom * o.Rate * sim.MeanVisit.Seconds() / float64(o.Terminals*o.Stores)
	return max(defaultSpeed, needed)
}
