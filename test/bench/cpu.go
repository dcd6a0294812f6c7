package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is processor time: of this process, and of PostgreSQL's backends. On a
// machine that others use, too, it says more than the clock.
type usage struct{ program, database time.Duration }

func (u usage) minus(v usage) usage { return usage{u.program - v.program, u.database - v.database} }

func (u usage) plus(v usage) usage { return usage{u.program + v.program, u.database + v.database} }

// meter reads the usage of this process and its children, and of some servers'
// backends.
type meter struct {
	servers  []*stage
	children []*child
}

// used is what they have used so far. It reads /proc; elsewhere the database's
// part is zero. A backend that has ended is not counted: the pools keep theirs.
func (m meter) used() usage {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // it fails for a bad pointer only
	u := usage{program: time.Duration(r.Utime.Nano() + r.Stime.Nano())}
	for _, c := range m.children {
		u.program += processorTime(strconv.Itoa(c.pid()))
	}
	for _, s := range m.servers {
		u.database += backendsTime(s.server.PID())
	}
	return u
}

// backendsTime is the processor time of a postmaster's children.
func backendsTime(pid int) (used time.Duration) {
	postmaster := strconv.Itoa(pid)
	children, _ := os.ReadFile("/proc/" + postmaster + "/task/" + postmaster + "/children")
	for child := range strings.FieldsSeq(string(children)) {
		used += processorTime(child)
	}
	return used
}

// processorTime is the utime and stime of a process (proc(5)), in ticks of 10 ms.
func processorTime(pid string) time.Duration {
	line, _ := os.ReadFile("/proc/" + pid + "/stat")
	_, rest, _ := strings.Cut(string(line), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
