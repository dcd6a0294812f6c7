package postgres

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
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
	args, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && bytes.HasPrefix(args, []byte("postgres: ")) && servesCluster(pid, cluster)
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
