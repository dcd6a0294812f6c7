//go:build unix && !linux

package sim

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from a child. There is no counterpart of
// Linux's death signal: a server that outlives us is found by the next start.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// isChildOf tells whether process pid was started by process parent.
func isChildOf(pid, parent int) bool {
	ppid, err := exec.Command("ps", "-o", "ppid=", "-p", strconv.Itoa(pid)).Output() //nolint:noctx // a moment
	return err == nil && strings.TrimSpace(string(ppid)) == strconv.Itoa(parent)
}
