//go:build unix

package postgres

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
)

// A database whose disk is full cannot start: its recovery ends with a write.
// Nothing is wrong with it, so the supervisor goes on trying, and it comes back
// when there is room. What matters meanwhile is that people hear why.

// needsToStart is what a start may need: a segment of PostgreSQL's log, in bytes.
const needsToStart = 16 << 20

// startedWithoutSpace tells whether err, which ended a start, comes of a full
// disk. PostgreSQL says so in its log, unless that is on the same disk: then the
// disks are asked.
func (st site) startedWithoutSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "No space left on device") ||
		cramped(st.root) || cramped(st.cluster) || cramped(filepath.Join(st.cluster, "pg_wal")) // links to disks of their own
}

// cramped tells whether there is less room at path than a start may need. A path
// that is not there is not, nor a file system that does not tell its size.
func cramped(path string) bool {
	var disk syscall.Statfs_t
	return syscall.Statfs(path, &disk) == nil && disk.Blocks > 0 && disk.Bavail*uint64(disk.Bsize) < needsToStart
}

// noRoom refuses a start that is given up for want of room.
func (st site) noRoom(err error) error {
	return diskFull(err).Advise("free space on the disk of %s, then start again; nothing was lost", st.root)
}

// remember lets faults of this process tell why the database is down, and
// returns err in those words; nil says that it is up, or not ours any more.
func (s *Server) remember(err error) error {
	if err != nil && s.site.startedWithoutSpace(err) {
		outOfSpace.Store(s.site.sockets, true)
		return diskFull(err)
	}
	outOfSpace.Delete(s.site.sockets)
	return err
}
