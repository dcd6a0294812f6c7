package sim

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from a child, and makes the kernel end
// it when we die.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// isChildOf tells whether process pid was started by process parent.
func isChildOf(pid, parent int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// pid (comm) state ppid …: comm may hold anything, so it is skipped from behind.
	_, rest, found := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	return found && len(fields) > 1 && fields[1] == strconv.Itoa(parent)
}
