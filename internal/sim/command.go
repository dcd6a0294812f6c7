package sim

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"

	"tiem/internal/fault"
)

const (
	commandPatience = time.Minute
	exitConfig      = 78
)

// command is one short run of a program of the installation.
type command struct {
	path  string
	args  []string
	env   []string
	stdin []byte
}

// run runs the command to its end and reads its standard output as JSON into
// `into`, unless that is nil.
func (c command) run(ctx context.Context, into any) error {
	stdout, err := c.output(ctx)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal([]byte(stdout), into); err != nil {
		return fault.Wrap(err, fault.Internal, "command_unreadable", "the answer of %s %s is not the JSON that was expected", c.path, strings.Join(c.args, " "))
	}
	return nil
}

// output runs the command to its end and returns its standard output. What it
// said on standard error becomes the fault's hint. If ctx ends first, it is
// asked to stop.
func (c command) output(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env, cmd.Stdin = c.env, bytes.NewReader(c.stdin)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second // for its database to stop in order
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return stdout.String(), nil
	}
	kind := fault.Unavailable
	if exitCode(err) == exitConfig {
		kind = fault.Config
	}
	return stdout.String(), fault.Wrap(err, kind, "command_failed", "%s %s failed", c.path, strings.Join(c.args, " ")).
		Advise("it said:\n%s", lastLines(stderr.String()))
}

// exitCode is the exit code of a process that ended with err; −1 if err is
// something else, or a signal ended it.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// mergeEnv is base with the assignments of over in the place of its own; an
// assignment without a "=" takes the variable away.
func mergeEnv(base []string, over ...[]string) []string {
	merged := slices.Clone(base)
	for _, assignment := range slices.Concat(over...) {
		name, _, assigns := strings.Cut(assignment, "=")
		merged = slices.DeleteFunc(merged, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
		if assigns {
			merged = append(merged, assignment)
		}
	}
	return merged
}

// valueIn is a variable's value in an environment; "" if it is not there.
func valueIn(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
