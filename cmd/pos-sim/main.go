// Command pos-sim plays a shop against the real programs: it brings up the demo
// (`make run`), sells as many tills at once and plays scenarios, compares edge with
// HQ event by event, and kills processes and cuts the line while tills sell. `pos-sim --help`
// lists its commands.
//
// It is a client: it starts store-edge and hq-platform as processes and speaks
// their public APIs. Settings come from the environment, from flags, or from the
// demo's env file; package sim does the rest.
package main

import (
	"os"

	"tiem/internal/program"
)

const description = `A shop and its tills, simulated against the real store-edge and hq-platform.

Examples:
  pos-sim demo                          bring up HQ, one shop and their PostgreSQL; Ctrl-C stops them
  pos-sim run                           five tills sell a hundred baskets in the demo's shop, as one looks on
  pos-sim run --scenario pulled-cable   five tills, and somebody pulls the cable, in a shop of its own
  pos-sim verify                        compare the demo's edge with HQ, event by event and sum by sum
  pos-sim chaos --seed 7                a thousand sales with five kill -9 and a line that fails, in a scratch shop, then verify

Exit codes: 0 fine, 1 the check failed (the first difference is named), 2 bad usage, 78 bad configuration.`

// commandLine is every command and flag; kong reads its tags.
type commandLine struct {
	Demo    demoCommand     `cmd:"" help:"Bring up HQ, one shop and their PostgreSQL, with a catalogue; Ctrl-C stops all of it."`
	Run     runCommand      `cmd:"" help:"Let tills sell, in a running shop or in shops of their own, and break the line meanwhile."`
	Verify  verifyCommand   `cmd:"" help:"Compare edge and HQ, event by event and sum by sum; name the first difference."`
	Chaos   chaosCommand    `cmd:"" help:"Sell in a scratch shop while its processes are killed and its line to HQ fails, then verify."`
	Version program.Version `cmd:"" help:"Print the program's version."`
}

func main() {
	os.Exit(posSim().Main())
}

// posSim is the program; each has a command line of its own.
func posSim() program.Program {
	return program.Program{Name: "pos-sim", Description: description, Line: &commandLine{}}
}
