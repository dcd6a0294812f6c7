// Command store-edge is the server in the shop: the tills sell on it, with or
// without a line to HQ. `store-edge --help` lists its commands.
//
// Settings come from the environment or from flags of the same name; they
// become an edge.Config, and an edge.App does the rest. To read how a sale flows,
// follow serve (serve.go) into internal/edge: Open in open.go connects, New in
// edge.go puts the parts together; then httpapi/transactions.go, where finalize
// enters, and checkout/finalize.go.
package main

import (
	"os"
	_ "time/tzdata" // Asia/Ho_Chi_Minh must resolve on any machine

	"tiem/internal/edge"
	"tiem/internal/program"
)

const description = `The store's server: five tills on the LAN sell on it, whether or not HQ can be reached.

Examples:
  store-edge serve                                     listen, with a PostgreSQL of its own
  store-edge seed --file catalogue.csv --dry-run       check a catalogue: errors by row and column
  store-edge terminal add --id T1 --name "Till 1"      register a till and print its token, once
  store-edge staff add --id C1 --name Lan              add a person and print their PIN, once
  store-edge audit list                                who did what, and who stood for it
  store-edge outbox list --state pending --follow      watch what waits for HQ
  store-edge outbox verify                             recompute the hash chain, name the first bad row`

// commandLine is every command and flag; kong reads its tags.
type commandLine struct {
	Config edge.Config `embed:""`

	Serve    serveCommand     `cmd:"" help:"Listen for tills and relay to HQ until interrupted."`
	Migrate  migrateCommand   `cmd:"" help:"Bring the database schema up to date."`
	Seed     seedCommand      `cmd:"" help:"Load a catalogue (CSV): all of it or nothing."`
	Terminal terminalCommands `cmd:"" help:"Let tills in, shut them out, and list them."`
	Staff    staffCommands    `cmd:"" help:"Add people, disable them, reset PINs, and list them."`
	Audit    auditCommands    `cmd:"" help:"Look at who did what."`
	Outbox   outboxCommands   `cmd:"" help:"Look at the store's log of events and verify it."`
	Doctor   doctorCommand    `cmd:"" help:"Examine the edge and say what is wrong and what to do."`
	Openapi  openapiCommand   `cmd:"" help:"Print the API's OpenAPI document (YAML)."`
	Version  program.Version  `cmd:"" help:"Print the program's version."`
}

func main() { os.Exit(newProgram().Main()) }

func newProgram() program.Program {
	line := &commandLine{}
	return program.Program{Name: "store-edge", Description: description, Line: line, Bind: []any{&line.Config},
		Check: func(environ []string) error {
			if err := edge.CheckEnvironment(environ); err != nil {
				return err
			}
			return line.Config.Check()
		}}
}
