//go:build unix

package postgres

import (
	"errors"
	"syscall"
	"time"

	"tiem/internal/fault"
)

// How long a stop waits, step by step. All but the first are for a PostgreSQL
// that hangs, and are over within 7 s on Linux. Elsewhere its processes cannot be
// told apart: quitGrace takes the place of hangGrace, which makes it 15 s, and a
// process other than the postmaster is found to hang only behind stopGrace.
const (
	stopGrace = 20 * time.Second        // for the checkpoint of an orderly stop
	heedGrace = 3 * time.Second         // at most, for PostgreSQL to begin with it
	quitGrace = 10 * time.Second        // behind SIGQUIT: PostgreSQL itself kills what hangs after 5 s …
	hangGrace = 1500 * time.Millisecond // … and we what we can see to hang
	killGrace = time.Second             // for what was killed to be gone
)

// end stops the postmaster: SIGINT disconnects the clients and writes a
// checkpoint. If that takes longer than stopGrace, or is not even begun within heed,
// or if hurry is closed, SIGQUIT ends it without one, and its next start recovers from
// the log. A process of it that does not heed that is killed, as PostgreSQL itself
// would, and last the postmaster.
func (s *Server) end(c *child) error {
	_ = c.process.Signal(syscall.SIGINT) // an error means that it has ended already
	begun := time.Now()
	if s.endedInOrder(c) {
		return nil
	}
	s.log.Warn("PostgreSQL does not stop in order and is ended", "pid", c.process.Pid, "after_ms", time.Since(begun).Milliseconds())
	grace := hangGrace
	if !seesBackends {
		grace = quitGrace
	}
	_ = c.process.Signal(syscall.SIGQUIT)
	for _, kill := range []func(){func() { s.killBackends() }, func() { s.killAll(c) }} {
		if c.gone(grace) {
			return stopForced()
		}
		kill()
		grace = killGrace
	}
	if c.gone(killGrace) {
		return stopForced()
	}
	return fault.Wrap(errors.New("no end after SIGKILL"), fault.Internal, "postgres_stop_failed",
		"PostgreSQL (process %d) does not stop", c.process.Pid).
		Advise("it is left alone; the next start tries again")
}

func stopForced() error {
	return fault.New(fault.Timeout, "postgres_stop_forced",
		"PostgreSQL took too long to stop and was ended; no data is lost, it recovers at its next start")
}

// endedInOrder waits for an orderly stop for as long as there is hope of one.
func (s *Server) endedInOrder(c *child) bool {
	patience, heed := time.NewTimer(stopGrace), time.NewTimer(time.Duration(s.heed.Load()))
	defer patience.Stop()
	defer heed.Stop()
	for {
		select {
		case <-c.exited:
			return true
		case <-s.hurry:
			return false
		case <-patience.C:
			return false
		case <-heed.C:
			if !s.atCheckpoint(c) {
				return false
			}
		}
	}
}

// atCheckpoint tells whether the stop has come to its checkpoint, as far as can be
// seen. The postmaster says in postmaster.pid that it is stopping as soon as it is
// told to, and then waits for every process that may still write, without a limit.
func (s *Server) atCheckpoint(c *child) bool {
	if f := readPidFile(s.site.cluster); f.pid == c.process.Pid && f.status != "stopping" {
		return false
	}
	return !checkpointHeldUp(s.site.cluster)
}

// gone tells whether the child ends within grace.
func (c *child) gone(grace time.Duration) bool {
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case <-c.exited:
		return true
	case <-late.C:
		return false
	}
}

// killBackends kills what the postmaster waits for.
func (s *Server) killBackends() {
	for _, pid := range backendsOf(s.site.cluster) {
		if signalBackend(pid, s.site.cluster, syscall.SIGKILL) {
			s.log.Warn("killing a process of PostgreSQL that hangs", "pid", pid)
		}
	}
}

// killAll kills the postmaster, which is not reaped yet, so that the number is its
// own, and then what it may have left.
func (s *Server) killAll(c *child) {
	s.log.Warn("killing a PostgreSQL that hangs", "pid", c.process.Pid)
	_ = c.process.Signal(syscall.SIGKILL)
	s.killBackends()
}
