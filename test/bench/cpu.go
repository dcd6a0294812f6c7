package main

import (
	"bytes"
	"os"
	"path/filepath"
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

// used is what this process and all its descendants named postgres have used
// so far. It reads /proc; elsewhere the database's part is zero.
func used() usage {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // it fails for a bad pointer only
	u := usage{program: time.Duration(r.Utime.Nano() + r.Stime.Nano())}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		line, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(line, []byte("(postgres)")) {
			continue
		}
		title, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if !ourBackend(string(title)) {
			continue
		}
		_, rest, _ := strings.Cut(string(line), ") ")
		if f := strings.Fields(rest); len(f) > 12 {
			ticks := 0
			for _, t := range f[11:13] { // utime, stime
				n, _ := strconv.Atoi(t)
				ticks += n
			}
			u.database += time.Duration(ticks) * time.Second / 100 // USER_HZ
		}
	}
	return u
}

// ourBackend tells a backend of the bench's databases from everybody else's.
func ourBackend(title string) bool {
	for _, name := range []string{"ours", "floor", "benchhq", "benchedge", "peer"} {
		if strings.HasPrefix(title, "postgres: postgres "+name+" ") {
			return true
		}
	}
	return false
}
