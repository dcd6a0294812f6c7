// Command hq-platform is HQ: it receives the stores' events and keeps what they
// mean. `hq-platform --help` lists its commands.
//
// Settings come from the environment or from flags of the same name; they
// become an hq.Config, and an hq.App does the rest. Answers go to standard
// output, the log and errors to standard error. Exit codes: 0 fine, 1 the check
// failed, 2 bad usage, 78 bad configuration (the key is named).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"tiem/internal/fault"
	"tiem/internal/hq"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// exit is what kong calls after it printed help.
type exit int

// run is the program: it returns the exit code.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if e, ok := recover().(exit); ok {
			code = int(e)
		}
	}()
	var line commandLine
	parser := kong.Must(&line, kong.Name("hq-platform"), kong.Description(description),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)))
	command, err := parser.Parse(args)
	if err != nil {
		err = fault.Wrap(err, fault.Usage, "usage", "bad command line").Advise("see hq-platform --help")
		return report(stderr, err)
	}
	if err := errors.Join(hq.CheckEnvironment(environ), line.Config.Check()); err != nil {
		return report(stderr, err)
	}
	return report(stderr, command.Run(&line.Config))
}

// report prints err for people and returns its exit code.
func report(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, "hq-platform:", err)
	}
	return fault.ExitCode(err)
}
