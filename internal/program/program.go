// Package program is what the three programs have in common on a command line:
// parsing with kong, exit codes, the log, the version, and how answers are
// printed for people and for scripts.
//
// Settings come from the environment or from flags of the same name. Answers go
// to standard output; the log and errors to standard error. Exit codes are
// fault.ExitCode's: 0 fine, 1 a check failed, 2 bad usage, 78 bad configuration.
// A setting that cannot be read from the environment is configuration, not usage,
// and the variable is named.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"tiem/internal/fault"
)

// Program is a command line and what it means.
type Program struct {
	Name        string
	Description string
	Line        any                          // pointer to kong's struct of commands
	Check       func(environ []string) error // after parsing, before the command; may be nil
	Bind        []any                        // arguments of the commands' Run methods
}

// Main runs the program as the process it is in, until it ends or until SIGINT
// or SIGTERM, and returns the exit code.
func (p Program) Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	TuneCollector()
	return p.Run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
}

// TuneCollector lets garbage grow to four times the live heap, which is some ten
// megabytes, instead of once: on two cores the collector took a tenth of a
// sale's time. GOGC in the environment wins, and GOMEMLIMIT bounds both.
func TuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// exit is what kong calls after it has printed help.
type exit int

// Run runs the program once and returns its exit code. The commands' Run methods
// may ask for a context.Context, the io.Writer of answers, and what Bind holds.
func (p Program) Run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exit:
			code = int(e)
		default:
			panic(e)
		}
	}()
	parser := kong.Must(p.Line, kong.Name(p.Name), kong.Description(p.Description),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exit(code)) }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)), kong.Bind(p.Bind...))
	command, err := parser.Parse(args)
	if err != nil {
		return p.report(stderr, parseFault(err, p.Name))
	}
	if p.Check != nil {
		if err := p.Check(environ); err != nil {
			return p.report(stderr, err)
		}
	}
	return p.report(stderr, command.Run())
}

// fromEnvironment is how kong says that a variable holds nonsense.
var fromEnvironment = regexp.MustCompile(`\(from envar ([A-Z0-9_]+)=`)

func parseFault(err error, name string) error {
	if found := fromEnvironment.FindStringSubmatch(err.Error()); found != nil {
		return fault.New(fault.Config, "setting_invalid", "cannot be read").At(found[1]).
			Advise("%s --help says what it takes", name)
	}
	return fault.Wrap(err, fault.Usage, "usage", "bad command line").Advise("see %s --help", name)
}

// report prints err for people and returns its exit code. A command that was
// interrupted on purpose has not failed.
func (p Program) report(stderr io.Writer, err error) int {
	if errors.Is(err, context.Canceled) && fault.As(err) == nil {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.Name, err)
	}
	return fault.ExitCode(err)
}

// RefuseUnknown refuses variables of the environment (os.Environ's entries) that
// begin with one of the prefixes and that nobody reads: a misspelt setting must
// not be a silent default.
func RefuseUnknown(environ, prefixes, known []string) error {
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		ours := slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if ours && !slices.Contains(known, name) {
			return fault.New(fault.Config, "setting_unknown", "there is no setting of this name").At(name).
				Advise("--help lists the settings; unset it or correct its name")
		}
	}
	return nil
}

// Version is the command that every program has.
type Version struct{}

// Run prints what the Go toolchain recorded when it built the program.
func (Version) Run(ctx *kong.Context, stdout io.Writer) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fault.New(fault.Internal, "version_unknown", "the program was built without module information")
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " " + s.Value
		}
	}
	_, err := fmt.Fprintf(stdout, "%s %s%s %s\n", ctx.Model.Name, info.Main.Version, revision, info.GoVersion)
	return err
}
