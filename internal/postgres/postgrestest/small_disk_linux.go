package postgrestest

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// SmallDisk is a directory on a file system of its own, of that many MiB, which
// every account may pass: to be filled. Only root may mount one: another user's
// test is skipped (CI's is not).
func SmallDisk(t testing.TB, mib int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a file system")
	}
	dir := DataDir(t)
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		err = syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("mode=0711,size=%dm", mib))
	}
	if err != nil {
		t.Fatalf("postgrestest: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil { // a server that is being killed may still look at it
			t.Errorf("postgrestest: %v", err)
		}
	})
	return dir
}
