package program_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/program"
)

// sample is a program with settings of every sort and a command that ends as it is told.
type sample struct {
	Name  string        `name:"sample-name"  env:"SAMPLE_NAME"  default:"nobody" help:"Whom to greet."`
	Count int           `name:"sample-count" env:"SAMPLE_COUNT" default:"1"`
	Pause time.Duration `name:"sample-pause" env:"SAMPLE_PAUSE" default:"1s"`
	Loud  bool          `name:"sample-loud"  env:"SAMPLE_LOUD"`
	Log   program.Log   `embed:""`

	Greet   greet           `cmd:"" help:"Say hello."`
	Fail    fail            `cmd:"" help:"Fail as told."`
	Version program.Version `cmd:"" help:"Print the version."`
}

type greet struct{}

func (greet) Run(settings *sample, stdout io.Writer) error {
	_, err := fmt.Fprintf(stdout, "hello %s ×%d after %s\n", settings.Name, settings.Count, settings.Pause)
	return err
}

type fail struct {
	How string `arg:""`
}

func (f fail) Run(ctx context.Context) error {
	switch f.How {
	case "check":
		return fault.New(fault.Invalid, "chain_broken", "row 7 was changed").Advise("call somebody")
	case "config":
		return fault.New(fault.Config, "setting_missing", "is not set").At("SAMPLE_NAME")
	case "usage":
		return fault.New(fault.Usage, "usage", "choose one of the two")
	case "interrupt":
		return ctx.Err()
	case "interrupted fault":
		return fault.Wrap(context.Canceled, fault.Unavailable, "request_cancelled", "the caller went away")
	case "panic":
		panic("a bug")
	}
	return errors.New("an error that nobody classified")
}

func run(ctx context.Context, environ []string, args ...string) (code int, stdout, stderr string) {
	var line sample
	var out, errs bytes.Buffer
	p := program.Program{Name: "sample", Description: "A sample.", Line: &line, Bind: []any{&line},
		Check: func(environ []string) error {
			if err := program.RefuseUnknown(environ, []string{"SAMPLE_"}, []string{"SAMPLE_NAME", "SAMPLE_COUNT"}); err != nil {
				return err
			}
			return line.Log.Check()
		}}
	code = p.Run(ctx, args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ []string
		args    []string
		code    int
		says    string // on standard error
	}{
		"a command":                   {nil, []string{"greet"}, 0, ""},
		"help":                        {nil, []string{"--help"}, 0, ""},
		"help of a command":           {nil, []string{"fail", "--help"}, 0, ""},
		"version":                     {nil, []string{"version"}, 0, ""},
		"a check that failed":         {nil, []string{"fail", "check"}, 1, "sample: row 7 was changed (call somebody)\n"},
		"an error without a kind":     {nil, []string{"fail", "plainly"}, 1, "sample: an error that nobody classified\n"},
		"an interrupted query":        {nil, []string{"fail", "interrupted fault"}, 1, "the caller went away"},
		"bad usage that Run finds":    {nil, []string{"fail", "usage"}, 2, "choose one"},
		"no command":                  {nil, nil, 2, "see sample --help"},
		"an unknown command":          {nil, []string{"sell"}, 2, "sell"},
		"an unknown flag":             {nil, []string{"greet", "--fast"}, 2, "--fast"},
		"a missing argument":          {nil, []string{"fail"}, 2, "<how>"},
		"a flag that is no number":    {nil, []string{"greet", "--sample-count", "x"}, 2, "--sample-count"},
		"a setting that is missing":   {nil, []string{"fail", "config"}, 78, "SAMPLE_NAME: is not set"},
		"an unknown setting":          {[]string{"SAMPLE_NAEM=x"}, []string{"greet"}, 78, "SAMPLE_NAEM"},
		"an unknown setting, no name": {[]string{"SAMPLE_"}, []string{"greet"}, 78, "SAMPLE_"},
		"others' variables":           {[]string{"SAMPLER=x", "PATH=/bin", "XSAMPLE_Y=1", "SAMPLE_NAME=a=b"}, []string{"greet"}, 0, ""},
		"a bad log level":             {nil, []string{"greet", "--log-level", "chatty"}, 78, "LOG_LEVEL"},
		"a bad log format":            {nil, []string{"greet", "--log-format", "xml"}, 78, "LOG_FORMAT"},
		"a log as text at debug":      {nil, []string{"greet", "--log-format", "text", "--log-level", "debug"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := run(t.Context(), c.environ, c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Contains(t, stderr, c.says)
			if c.code == 0 {
				require.NotEmpty(t, stdout)
				require.Empty(t, stderr)
			} else {
				require.NotContains(t, stdout, "hello", "a program that is refused does nothing")
			}
		})
	}
}

// kong reads the environment of the process itself, so this cannot run in parallel.
func TestAVariableThatCannotBeReadIsNamed(t *testing.T) {
	for name, value := range map[string]string{"SAMPLE_COUNT": "many", "SAMPLE_PAUSE": "5", "SAMPLE_LOUD": "perhaps"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			code, stdout, stderr := run(t.Context(), nil, "greet")
			require.Equal(t, 78, code, "configuration, not usage: %s", stderr)
			require.Contains(t, stderr, name)
			require.Contains(t, stderr, "--help")
			require.NotContains(t, stdout, "hello")
		})
	}
	t.Setenv("SAMPLE_COUNT", "3")
	t.Setenv("SAMPLE_PAUSE", "1500ms")
	_, stdout, _ := run(t.Context(), nil, "greet", "--sample-name", "Lan")
	require.Equal(t, "hello Lan ×3 after 1.5s\n", stdout)
	_, stdout, _ = run(t.Context(), nil, "greet", "--sample-count", "4")
	require.Contains(t, stdout, "×4", "a flag is nearer than the environment")
}

func TestAnInterruptedCommandHasNotFailed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, _, stderr := run(ctx, nil, "fail", "interrupt")
	require.Zero(t, code)
	require.Empty(t, stderr)
}

func TestABugIsNotSwallowed(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "a bug", func() { run(t.Context(), nil, "fail", "panic") })
}

func TestHelpNamesTheSettings(t *testing.T) {
	t.Parallel()
	code, stdout, _ := run(t.Context(), nil, "greet", "--help")
	require.Zero(t, code)
	for _, word := range []string{"SAMPLE_COUNT", "SAMPLE_PAUSE", "LOG_LEVEL", "Whom to greet"} {
		require.Contains(t, stdout, word)
	}
}

func TestVersionNamesTheProgram(t *testing.T) {
	t.Parallel()
	_, stdout, _ := run(t.Context(), nil, "version")
	require.Regexp(t, `^sample \S+.* go1\.\d+`, stdout)
}
