//go:build linux

package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A database whose own log is on the full disk cannot say why it ended.
func TestFullDiskIsSeenWithoutWords(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting a disk of a limited size needs root")
	}
	wordless, small := errors.New("it ended at once: "), t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", small, "tmpfs", 0, "size=8m"))
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(small, 0)) })
	cluster := t.TempDir()
	require.False(t, site{root: "/", cluster: cluster}.startedWithoutSpace(wordless))
	require.True(t, site{root: small, cluster: filepath.Join(small, "postgres")}.startedWithoutSpace(wordless))
	require.True(t, site{root: "/", cluster: small}.startedWithoutSpace(wordless))
	require.NoError(t, os.Symlink(small, filepath.Join(cluster, "pg_wal")))
	require.True(t, site{root: "/", cluster: cluster}.startedWithoutSpace(wordless), "the log has a disk of its own")
	require.False(t, site{root: "/proc", cluster: "/proc"}.startedWithoutSpace(wordless), "it does not tell its size")
}
