//go:build unix

package postgrestest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const (
	memory     = "/dev/shm"
	memoryRoom = 2 << 30 // bytes; a container often has 64 MiB there, which is not enough
)

// DataDir is a path for a managed server of the test's own. It does not exist
// yet, its parents let every account pass (those of t.TempDir do not), and it
// is removed when the test ends. It is in memory if there is room, where a
// first start takes a third of the time.
func DataDir(t testing.TB) string {
	t.Helper()
	dir, err := tempDir()
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("postgrestest: %v", err)
		}
	})
	return filepath.Join(dir, "data")
}

func tempDir() (string, error) {
	base := os.TempDir()
	var fs syscall.Statfs_t
	if os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= memoryRoom {
		base = memory
	}
	dir, err := os.MkdirTemp(base, "tiem-postgres-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}
