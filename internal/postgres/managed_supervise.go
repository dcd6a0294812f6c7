//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"tiem/internal/fault"
)

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 3 * time.Second
	steady       = 10 * time.Second // a database that was up this long did not die of its start
	heldPatience = 15 * time.Second // for the remains of a dead postmaster to go
	readyPoll    = 10 * time.Millisecond
	logCheck     = time.Minute
)

// errHeld says that a dead postmaster's remains (a zombie, a backend in its
// last query) still hold the cluster; they go away by themselves.
var errHeld = errors.New("the cluster is still held by the processes of a dead server")

// startOwned brings the database up under the lock and supervises it. If it
// fails, nothing is left running and the lock is released.
func startOwned(ctx context.Context, cfg ServerConfig, st site, lock *ownership) (*Server, error) {
	s := &Server{
		cfg: cfg, site: st, log: cfg.logger(), lock: lock,
		hurry: make(chan struct{}), done: make(chan struct{}),
	}
	s.heed.Store(int64(heedGrace))
	c, err := s.bringUp(ctx)
	if err != nil {
		st.removeSocketDir()
		lock.release()
		return nil, s.startFault(err)
	}
	var life context.Context
	life, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go s.supervise(life, c)
	return s, nil
}

func (s *Server) bringUp(ctx context.Context) (*child, error) {
	var err error
	if s.account, err = chooseAccount(s.site.cluster); err != nil {
		return nil, err
	}
	if err := s.openRoot(); err != nil {
		return nil, err
	}
	if s.programs, err = findPrograms(ctx, s.cfg.BinDir, s.site, s.account); err != nil {
		return nil, err
	}
	if err := s.ensureCluster(ctx); err != nil {
		return nil, err
	}
	c, err := s.launch(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.ensureDatabase(ctx); err != nil {
		s.down()
		return nil, errors.Join(err, s.end(c))
	}
	return c, nil
}

// supervise starts the database again whenever it dies, until life ends; then
// it stops it.
func (s *Server) supervise(life context.Context, c *child) {
	defer close(s.done)
	defer func() { _ = s.remember(nil) }()
	wait := firstBackoff
	for c != nil {
		up := time.Now()
		s.watch(life, c)
		s.down()
		if life.Err() != nil {
			s.stopErr = s.end(c)
			return
		}
		s.log.Error("PostgreSQL died; starting it again", "pid", c.process.Pid, "exit", c.err)
		if time.Since(up) > steady {
			wait = firstBackoff
		}
		c, wait = s.relaunch(life, wait)
	}
}

// watch returns when the child has died or life has ended.
func (s *Server) watch(life context.Context, c *child) {
	tick := time.NewTicker(logCheck)
	defer tick.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-c.exited:
			return
		case <-tick.C:
			trimLog(s.site.log)
		}
	}
}

// relaunch tries until the database is up, waiting a little longer each time,
// and returns the next wait; the child is nil if life ended first.
func (s *Server) relaunch(life context.Context, wait time.Duration) (*child, time.Duration) {
	for ; pause(life, wait) == nil; wait = min(2*wait, lastBackoff) {
		c, err := s.launch(life)
		if err = s.remember(err); err == nil {
			return c, min(2*wait, lastBackoff)
		}
		if life.Err() == nil {
			s.log.Error("PostgreSQL does not start; trying again", "error", err)
		}
	}
	return nil, wait
}

// launch starts the database and returns when it takes connections.
func (s *Server) launch(ctx context.Context) (*child, error) {
	begun := time.Now()
	for waited := false; ; waited = true {
		c, err := s.launchOnce(ctx)
		if err == nil {
			s.log.Info("PostgreSQL is ready", "pid", c.process.Pid, "dir", s.site.cluster,
				"user", s.account.name, "version", s.programs.major, "duration_ms", time.Since(begun).Milliseconds())
			return c, nil
		}
		if !errors.Is(err, errHeld) || time.Since(begun) > heldPatience {
			return nil, err
		}
		if !waited {
			s.log.Warn("waiting for the last processes of a PostgreSQL that was killed", "pids", backendsOf(s.site.cluster), "dir", s.site.cluster)
		}
		s.endRemains(time.Since(begun))
		if pause(ctx, firstBackoff) != nil {
			return nil, err
		}
	}
}

func (s *Server) launchOnce(ctx context.Context) (*child, error) {
	if err := s.stopOrphan(ctx); err != nil {
		return nil, err
	}
	if err := s.site.makeSocketDir(s.account); err != nil {
		return nil, err
	}
	log, begin, err := openLog(s.site.log, s.account)
	if err != nil {
		return nil, err
	}
	c, err := s.spawnPostgres(log)
	_ = log.Close() // the child has it now
	if err != nil {
		return nil, err
	}
	s.pid.Store(int64(c.process.Pid))
	if err := s.awaitReady(ctx, c); err != nil {
		s.down()
		return nil, errors.Join(s.explain(err, c, begin), s.end(c))
	}
	s.ready.Store(true)
	return c, nil
}

func (s *Server) spawnPostgres(log *os.File) (*child, error) {
	settings := s.cfg.settings()
	settings["port"] = socketPort
	settings["unix_socket_directories"] = `"` + strings.ReplaceAll(s.site.sockets, `"`, `""`) + `"`
	cmd := s.account.command(s.programs.postgres(), append([]string{"-D", s.site.cluster}, settingArgs(settings)...)...)
	cmd.Dir = s.site.cluster
	cmd.Env = append(cmd.Env, s.staleEnv()...)
	cmd.Stdout, cmd.Stderr = log, log
	return spawn(cmd, syscall.SIGINT)
}

// awaitReady waits until the child says that it takes connections and proves to
// serve our cluster. It gives a recovery all the time that ctx does.
func (s *Server) awaitReady(ctx context.Context, c *child) error {
	for {
		if f := readPidFile(s.site.cluster); f.pid == c.process.Pid && f.status == "ready" {
			return s.verify(ctx)
		}
		select {
		case <-c.exited:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(readyPoll):
		}
	}
}

// explain adds to err what the child logged since begin.
func (s *Server) explain(err error, c *child, begin int64) error {
	text := logSince(s.site.log, begin)
	select {
	case <-c.exited:
		if strings.Contains(text, `lock file "postmaster.pid" already exists`) || strings.Contains(text, "pre-existing shared memory block") {
			err = errHeld
		}
	default:
	}
	return fmt.Errorf("%w: %s", err, text)
}

func (s *Server) down() {
	s.ready.Store(false)
	s.pid.Store(0)
}

func (s *Server) startFault(err error) error {
	if fault.As(err) != nil {
		return err
	}
	if s.site.startedWithoutSpace(err) {
		return s.site.noRoom(err)
	}
	return fault.Wrap(err, fault.Unavailable, "postgres_start_failed", "PostgreSQL did not start in %s", s.site.cluster).
		Advise("its own words are at the end of %s", s.site.log)
}
