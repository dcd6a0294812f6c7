package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/go-json-experiment/json"
)

// childVariable makes this program, started once more, one of the roles.
const childVariable = "TIEM_BENCH_CHILD"

// profileVariable tells an HQ where the profile of this process goes; its own
// goes beside it, with .hq at the end.
const profileVariable = "TIEM_BENCH_PROFILE"

// childOrder tells a child what it is to be, and with what.
type childOrder struct {
	Role     string `json:"role"`
	Database string `json:"database,omitzero"` // of an HQ

	// Of a crowd:
	Target  string `json:"target,omitzero"` // host:port of a gRPC server
	Group   string `json:"group,omitzero"`  // of store ids
	Streams int    `json:"streams,omitzero"`
	Sales   int    `json:"sales,omitzero"`   // of each store's backlog
	Silent  bool   `json:"silent,omitzero"`  // nobody asks whether HQ is there
	RampUS  int64  `json:"ramp_us,omitzero"` // between two stores that open, µs; 0: all at once
}

// childState is what a child says: once when it is ready, and after each command.
type childState struct {
	HTTP   string `json:"http,omitzero"` // addresses, host:port
	GRPC   string `json:"grpc,omitzero"`
	Heap   uint64 `json:"heap,omitzero"`   // bytes in use, after a collection
	Stack  uint64 `json:"stack,omitzero"`  // bytes in use
	Open   int    `json:"open,omitzero"`   // stores that HQ has answered
	Done   int    `json:"done,omitzero"`   // stores that have nothing left to send
	Failed int    `json:"failed,omitzero"` // attempts of stores
	Why    string `json:"why,omitzero"`    // most of those failed
	Error  string `json:"error,omitzero"`
}

// role is a child's work: it is ready when it returns, and answers commands.
type role func(ctx context.Context, order childOrder) (childState, func(ctx context.Context, command string) (childState, error), error)

// childMain is the whole program of a child, and its exit code; false: this is
// none. A child lives for as long as its standard input is open: it never
// outlives its parent.
func childMain() (code int, isChild bool) {
	text, isChild := os.LookupEnv(childVariable)
	if !isChild {
		return 0, false
	}
	if err := childRun(text); err != nil {
		answer(childState{Error: err.Error()})
		return 1, true
	}
	return 0, true
}

func childRun(text string) error {
	var order childOrder
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		return err
	}
	play, ok := map[string]role{"hq": playHQ, "bare": playBare, "crowd": playCrowd}[order.Role]
	if !ok {
		return fmt.Errorf("there is no role %q", order.Role)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if path := os.Getenv(profileVariable); path != "" && order.Role == "hq" {
		o := options{profile: path + ".hq"}
		return o.profiled(ctx, func(ctx context.Context) error { return order.serve(ctx, play) })
	}
	return order.serve(ctx, play)
}

// serve plays the role until standard input ends.
func (order childOrder) serve(ctx context.Context, play role) error {
	ready, obey, err := play(ctx, order)
	if err != nil {
		return err
	}
	answer(ready)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		state, err := obey(ctx, in.Text())
		if err != nil {
			state.Error = err.Error()
		}
		answer(state)
	}
	return nil
}

func answer(s childState) {
	line, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings and numbers
	}
	_, _ = fmt.Println(string(line))
}

// child is one of them, from its parent's side.
type child struct {
	childState // when it was ready

	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startChild starts this program once more and waits until it is ready.
func startChild(ctx context.Context, order childOrder) (*child, error) {
	text, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := []string{self}
	if order.Role == "crowd" { // elsewhere in the world: it is not to take HQ's cores
		command = []string{"nice", "-n", "10", self}
	}
	c := &child{cmd: exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...)} // it ends with its standard input
	c.cmd.Env, c.cmd.Stderr = append(os.Environ(), childVariable+"="+string(text)), os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if c.childState, err = c.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", order.Role, err), c.close())
	}
	return c, nil
}

func (c *child) read() (childState, error) {
	var s childState
	line, err := c.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s)
	}
	if err == nil && s.Error != "" {
		err = errors.New(s.Error)
	}
	return s, err
}

// tell gives a command and returns the answer.
func (c *child) tell(command string) (childState, error) {
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		return childState{}, err
	}
	return c.read()
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// close ends the child; one that does not go is killed.
func (c *child) close() error {
	const patience = 30 * time.Second
	late := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	return errors.Join(c.in.Close(), c.cmd.Wait())
}
