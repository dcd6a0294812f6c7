package sim

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"tiem/internal/fault"
)

// logLimit is the size in bytes at which a server's log is set aside (to
// name.log.1) when the server is started.
const logLimit = 16 << 20

// child is one server process that was started here.
type child struct {
	name    string // of the program
	logPath string
	logFrom int64 // where its log begins in the file, in bytes
	process *os.Process
	exited  chan struct{} // closed when it is gone and reaped
	err     error         // of its exit; read after exited
	wanted  atomic.Bool   // we ended it: its end is no accident
}

// startChild starts a server in a process group of its own; its output is
// appended to logPath. The kernel's promise to end it with us (Linux) is tied to
// the thread that starts it, so that thread is kept until it has ended.
func startChild(name, path string, args, env []string, logPath string) (*child, error) {
	trimLog(logPath)
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "log_unwritable", "the log %s cannot be written", logPath)
	}
	defer func() { _ = log.Close() }() // the child has it
	c := &child{name: name, logPath: logPath, exited: make(chan struct{})}
	if info, err := log.Stat(); err == nil {
		c.logFrom = info.Size()
	}
	cmd := exec.Command(path, args...) //nolint:noctx // a server outlives the call that starts it; stop and kill end it
	cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
	cmd.SysProcAttr = ownGroup()
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		c.process = cmd.Process
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fault.Wrap(err, fault.Config, "program_not_started", "%s cannot be started", path)
	}
	return c, nil
}

// trimLog sets a long log aside. One that cannot be moved only grows.
func trimLog(path string) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		_ = os.Rename(path, path+".1")
	}
}

// alive tells whether it has not ended.
func (c *child) alive() bool {
	select {
	case <-c.exited:
		return false
	default:
		return true
	}
}

// kill ends it by SIGKILL and returns when it is gone.
func (c *child) kill() {
	c.wanted.Store(true)
	_ = c.process.Kill() // an error means that it has ended already
	<-c.exited
}

// stop asks it to end and waits; when ctx ends first, it is killed, which is a
// fault of kind Timeout (stop_forced).
func (c *child) stop(ctx context.Context) error {
	c.wanted.Store(true)
	if err := c.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.kill() // a system without SIGTERM
		return nil
	}
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
	}
	c.kill()
	return fault.New(fault.Timeout, "stop_forced", "%s did not stop in time and was killed", c.name).
		Advise("what it said last is in %s", c.logPath)
}

// words are the end of what it wrote, for people.
func (c *child) words() string { return logTail(c.logPath, c.logFrom) }

// pause waits for d, or returns ctx's error if that comes first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
