package postgres

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent makes the kernel send the child sig when we die, even by kill -9.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// servesCluster tells whether process pid is a PostgreSQL at work in cluster.
func servesCluster(pid int, cluster string) bool {
	proc := "/proc/" + strconv.Itoa(pid)
	name, err := os.ReadFile(proc + "/comm")
	if err != nil || strings.TrimSpace(string(name)) != "postgres" {
		return false
	}
	cwd, err := os.Stat(proc + "/cwd")
	if errors.Is(err, fs.ErrPermission) {
		// Root without CAP_SYS_PTRACE, as in a container. A postmaster never
		// rewrites its arguments (its children do).
		args, err := os.ReadFile(proc + "/cmdline")
		return err == nil && bytes.Contains(args, []byte("\x00-D\x00"+cluster+"\x00"))
	}
	if err != nil {
		return false // gone, or a zombie: dead, and only not yet reaped
	}
	home, err := os.Stat(cluster)
	return err == nil && os.SameFile(cwd, home)
}

// seesBackends says that isBackend can tell.
const seesBackends = true

// isBackend tells whether process pid is one that a postmaster of the cluster
// has started. Such a process says in its arguments what it does; a postmaster,
// and a stand-alone PostgreSQL that somebody runs by hand, do not.
func isBackend(pid int, cluster string) bool {
	_, ok := titleOf(pid)
	return ok && servesCluster(pid, cluster)
}

// titleOf is what process pid says that it does, if a postmaster has started it.
func titleOf(pid int) (string, bool) {
	args, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(args), "postgres: ")
}

// backendsOf are the processes that a postmaster of the cluster has started.
func backendsOf(cluster string) []int {
	entries, _ := os.ReadDir("/proc") // what can be seen is what can be ended
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && isBackend(pid, cluster) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// staysOn are the titles, behind the cluster_name if it has one, of those that
// PostgreSQL 15 to 18 does not wait for before the checkpoint of its stop
// (PM_WAIT_BACKENDS in postmaster.c).
var staysOn = regexp.MustCompile(`^(.*: )?(checkpointer|archiver|walsender|logger|io worker)\b`)

func holdsUpCheckpoint(title string) bool { return !staysOn.MatchString(title) }

// checkpointHeldUp tells whether the cluster has a process that must be gone before
// its postmaster, which stops, has the checkpoint written.
func checkpointHeldUp(cluster string) bool {
	return slices.ContainsFunc(backendsOf(cluster), func(pid int) bool {
		title, ok := titleOf(pid)
		return ok && holdsUpCheckpoint(title)
	})
}
