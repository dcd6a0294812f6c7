package sim

import "syscall"

// ownGroup keeps the console's Ctrl-C from a child.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// isChildOf is never true: there is no managed PostgreSQL on Windows.
func isChildOf(int, int) bool { return false }
