//go:build unix

package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// child is a process started by spawn.
type child struct {
	process *os.Process
	exited  chan struct{} // closed when it is gone and reaped
	err     error         // of its exit; read after exited
}

// command prepares a program to run as the account. Its environment is empty
// but for what a program needs to load: no PG* variable may change what we
// asked for, and our secrets are none of its business.
func (a account) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...) //nolint:noctx // run and stop end it more gently than a context would
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	if libs, ok := os.LookupEnv("LD_LIBRARY_PATH"); ok {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+libs)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: a.credential(),
		Setpgid:    true, // Ctrl-C in a terminal is for us; we stop the database in order
	}
	return cmd
}

// spawn starts cmd, to be sent sig by the kernel when this process dies
// (Linux). The kernel ties that promise to the thread that started the child,
// so the thread is kept until the child has ended.
func spawn(cmd *exec.Cmd, sig syscall.Signal) (*child, error) {
	dieWithParent(cmd.SysProcAttr, sig)
	c := &child{exited: make(chan struct{})}
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
		return nil, err
	}
	return c, nil
}

// run runs a short program to its end; if ctx ends first, it is killed with all
// that it started. The error has what the program wrote to stderr.
func run(ctx context.Context, cmd *exec.Cmd) error {
	var stderr tail
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second // a grandchild may hold the pipe
	c, err := spawn(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	select {
	case <-c.exited:
	case <-ctx.Done():
		_ = syscall.Kill(-c.process.Pid, syscall.SIGKILL) // not reaped yet, so the group is ours
		<-c.exited
		return context.Cause(ctx)
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w: %s", cmd.Path, c.err, stderr.text())
	}
	return nil
}
