// Command hq-platform is HQ: it receives the stores' events and keeps what they
// mean. `hq-platform --help` lists its commands.
//
// Settings come from the environment or from flags of the same name; they
// become an hq.Config, and an hq.App does the rest. Answers go to standard
// output, the log and errors to standard error. Exit codes: 0 fine, 1 the check
// failed, 2 bad usage, 78 bad configuration (the key is named).
package main

import (
	"os"
	_ "time/tzdata" // a machine need not have zone files

	"tiem/internal/hq"
	"tiem/internal/program"
)

func main() { os.Exit(newProgram().Main()) }

func newProgram() program.Program {
	line := &commandLine{}
	return program.Program{Name: "hq-platform", Description: description, Line: line, Bind: []any{&line.Config},
		Check: func(environ []string) error {
			if err := hq.CheckEnvironment(environ); err != nil {
				return err
			}
			return line.Config.Check()
		}}
}
