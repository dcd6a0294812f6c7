//go:build linux || darwin

package disk

import (
	"os"
	"syscall"
)

// Free asks for the room on the file system that holds path.
func Free(path string) (Room, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return Room{}, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	size := uint64(fs.Bsize)
	return Room{Free: int64(fs.Bavail * size), Total: int64(fs.Blocks * size)}, nil
}

// sameDisk tells whether two paths are on one file system; false if one of them
// cannot be looked at.
func sameDisk(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	if err != nil {
		return false
	}
	x, ok := first.Sys().(*syscall.Stat_t)
	y, also := second.Sys().(*syscall.Stat_t)
	return ok && also && x.Dev == y.Dev
}
