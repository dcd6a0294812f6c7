package sim

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"tiem/internal/fault"
)

// readyPatience is how long a server may take to be ready: its first start
// makes a database, on a slow disk.
const readyPatience = time.Minute

// server is one of the installation's two servers, over all its lives.
type server struct {
	part   Part
	name   string
	path   string
	url    string
	env    []string
	log    string
	died   chan<- Part
	errors io.Writer

	killed atomic.Int64 // the postmaster that was killed last

	mu    sync.Mutex
	child *child // of this life; nil before the first
}

// start begins a life with env; a server that is alive is left alone.
func (s *server) start(env []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child != nil && s.child.alive() {
		return nil
	}
	c, err := startChild(s.name, s.path, []string{"serve"}, env, s.log)
	if err != nil {
		return err
	}
	s.child = c
	go s.mourn(c)
	if s.errors != nil {
		go followErrors(c, s.errors)
	}
	return nil
}

// mourn tells of an end that nobody asked for.
func (s *server) mourn(c *child) {
	<-c.exited
	if c.wanted.Load() {
		return
	}
	select {
	case s.died <- s.part:
	default: // it is known already that something is wrong
	}
}

// current is the child of this life, or nil.
func (s *server) current() *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// pid is 0 while the server is down.
func (s *server) pid() int {
	if c := s.current(); c != nil && c.alive() {
		return c.process.Pid
	}
	return 0
}

func (s *server) words() string {
	if c := s.current(); c != nil {
		return c.words()
	}
	return ""
}

func (s *server) kill() error {
	c := s.current()
	if c == nil || !c.alive() {
		return fault.New(fault.Conflict, "not_running", "%s is not running", s.part)
	}
	c.kill()
	return nil
}

func (s *server) halt(ctx context.Context) error {
	if c := s.current(); c != nil && c.alive() {
		return c.stop(ctx)
	}
	return nil
}

func (s *server) awaitExit(ctx context.Context) error {
	c := s.current()
	if c == nil {
		return nil
	}
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ready waits until /ready is 200. A server that ends before, or takes longer
// than readyPatience, is a fault that shows what it said last.
func (s *server) ready(ctx context.Context) error {
	c := s.current()
	probe := newExchange(string(s.part), s.url, "")
	defer probe.close()
	ctx, cancel := context.WithTimeoutCause(ctx, readyPatience, errNotReady)
	defer cancel()
	for {
		err := attempt(ctx, 2*time.Second, func(ctx context.Context) error {
			return probe.do(ctx, request{method: "GET", path: "/ready"}, nil)
		})
		if err == nil && c.alive() { // else another program answers at its address
			return nil
		}
		select {
		case <-c.exited:
			return s.ended(c)
		case <-ctx.Done():
			return fault.Wrap(context.Cause(ctx), fault.Unavailable, "not_ready", "%s is not ready at %s/ready", s.part, s.url).
				Advise("the end of %s:\n%s", c.logPath, c.words())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var errNotReady = fault.New(fault.Timeout, "not_ready", "waited for %s", readyPatience)

// ended describes an end that nobody wanted. A program that refused its
// configuration (exit 78) is a fault of kind Config, as it is to the program.
func (s *server) ended(c *child) error {
	kind, how := fault.Unavailable, "by itself"
	if c.err != nil {
		how = "with " + c.err.Error()
	}
	if exitCode(c.err) == exitConfig {
		kind = fault.Config
	}
	return fault.New(kind, "server_died", "%s (%s) ended %s", s.part, s.name, how).Advise("the end of %s:\n%s", c.logPath, c.words())
}
