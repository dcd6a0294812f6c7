//go:build unix

package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tiem/internal/fault"
)

// pidFile is what postmaster.pid says; see PostgreSQL's pidfile.h.
type pidFile struct {
	pid    int
	status string // "starting", "ready", "stopping"; "" while it is being written
}

// readPidFile reads postmaster.pid; a missing or unreadable one is zero.
func readPidFile(cluster string) pidFile {
	text, err := os.ReadFile(filepath.Join(cluster, "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 { // a stand-alone backend writes a negative one
		return pidFile{}
	}
	f := pidFile{pid: pid}
	if len(lines) > 7 {
		f.status = strings.TrimSpace(lines[7])
	}
	return f
}

// postmasterPID is the process that runs the cluster; 0 if there is none. The
// file alone proves nothing: after a power cut its number may be anybody's.
func postmasterPID(cluster string) int {
	if pid := readPidFile(cluster).pid; pid != 0 && servesCluster(pid, cluster) {
		return pid
	}
	return 0
}

// signalPostmaster signals the process that runs the cluster and returns its
// number; 0 if there is none. The handle (a pidfd, on Linux) is taken before
// the process is looked at, so the signal cannot reach one that gets the
// number in between.
func signalPostmaster(cluster string, sig os.Signal) int {
	pid := readPidFile(cluster).pid
	if pid == 0 {
		return 0
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return 0
	}
	defer func() { _ = p.Release() }()
	if postmasterPID(cluster) != pid {
		return 0
	}
	_ = p.Signal(sig) // an error means that it has just ended
	return pid
}

// stopOrphan stops a postmaster that a killed owner left behind; only the
// owner of the data root may call it. It is on its way out already (Pdeathsig)
// unless its owner died on another system than Linux.
func (s *Server) stopOrphan(ctx context.Context) error {
	for _, step := range []struct {
		signal syscall.Signal
		grace  time.Duration
	}{{syscall.SIGINT, stopGrace}, {syscall.SIGQUIT, quitGrace}} {
		pid := signalPostmaster(s.site.cluster, step.signal)
		if pid == 0 {
			return nil
		}
		s.log.Warn("stopping the PostgreSQL that a killed program left behind", "pid", pid, "signal", step.signal.String())
		for deadline := time.Now().Add(step.grace); time.Now().Before(deadline); {
			if postmasterPID(s.site.cluster) != pid {
				return nil
			}
			if err := pause(ctx, lockPoll); err != nil {
				return err
			}
		}
	}
	return fault.New(fault.Unavailable, "postgres_start_failed",
		"the PostgreSQL that a killed program left behind (process %d) does not stop", readPidFile(s.site.cluster).pid).
		Advise("look at what it is doing, then stop it by hand with kill -QUIT")
}

// How long the remains of a dead postmaster may take to end by themselves, and
// then in order.
const (
	remainsGrace = time.Second
	remainsLast  = 5 * time.Second
)

// endRemains ends what holds the cluster for too long: a backend that is busy
// does not notice that its postmaster is gone, and keeps the shared memory, with
// which nobody else can start. Its client hears nothing of it in any case. held
// is how long the start has been waiting.
func (s *Server) endRemains(held time.Duration) {
	sig := syscall.SIGTERM
	switch {
	case held < remainsGrace:
		return
	case held > remainsLast:
		sig = syscall.SIGKILL // in the middle of whatever it does: the start recovers
	}
	for _, pid := range backendsOf(s.site.cluster) {
		if signalBackend(pid, s.site.cluster, sig) {
			s.log.Warn("ending a process of a PostgreSQL that was killed", "pid", pid, "signal", sig.String())
		}
	}
}

// signalBackend signals a process that serves the cluster, unless the number is
// another's by now; see signalPostmaster.
func signalBackend(pid int, cluster string, sig os.Signal) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	return isBackend(pid, cluster) && p.Signal(sig) == nil
}

// staleEnv tells PostgreSQL that the number in postmaster.pid is not that of a
// postmaster, which we have just seen to be so. Without it PostgreSQL refuses
// to start as long as any process of this user has that number, which a reboot
// makes likely and nobody in a shop could mend. It is the variable by which
// pg_ctl says the same of itself (CreateLockFile in miscinit.c); all other
// checks, above all that of shared memory in use, stay as they are.
func (s *Server) staleEnv() []string {
	if pid := readPidFile(s.site.cluster).pid; pid != 0 {
		return []string{"PG_GRANDPARENT_PID=" + strconv.Itoa(pid)}
	}
	return nil
}
