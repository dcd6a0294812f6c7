//go:build unix && !linux

package postgres

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has no counterpart outside Linux: a database that outlives a
// killed program is stopped by the next start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// servesCluster tells whether process pid is a PostgreSQL at work in cluster.
// There is no /proc to see its directory in; we start it with "-D cluster".
func servesCluster(pid int, cluster string) bool {
	line, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(strings.TrimSpace(string(line))+" ", "postgres -D "+cluster+" ")
}

const seesBackends = false

// isBackend cannot be told without /proc: a process of a dead postmaster is
// left to end by itself.
func isBackend(int, string) bool { return false }

func backendsOf(string) []int { return nil }

// checkpointHeldUp cannot be told either: what the postmaster says is believed.
func checkpointHeldUp(string) bool { return false }
