//go:build linux

package postgres_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// A start on a full disk is refused in words, whether it was our note that found
// no room or PostgreSQL's own file, and a start with room finds everything.
func TestStartOnFullDisk(t *testing.T) {
	t.Parallel()
	dir := postgrestest.SmallDisk(t, 128)
	s := start(t, config(dir))
	query(t, s.URL(), "create table kept as select 'x' as item")
	stop(t, s)
	ballast := filepath.Join(dir, "ballast")
	for _, room := range []int64{0, 4 << 10} {
		fillDisk(t, ballast)
		info, err := os.Stat(ballast)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(ballast, info.Size()-room))
		_, err = postgres.StartServer(limit(t), config(dir))
		requireDiskFull(t, err)
	}
	require.NoError(t, os.Remove(ballast))
	require.Equal(t, "x", query(t, start(t, config(dir)).URL(), "select item from kept"))
}

// The first start finds no room for a cluster, and leaves nothing behind.
func TestFirstStartOnFullDisk(t *testing.T) {
	t.Parallel()
	dir := postgrestest.SmallDisk(t, 24)
	_, err := postgres.StartServer(limit(t), config(dir))
	requireDiskFull(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func requireDiskFull(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, "disk_full", fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "a start that is tried again works when there is room")
	require.Contains(t, fault.As(err).Message, "disk is full")
	require.Contains(t, fault.As(err).Hint, "free space")
	require.Contains(t, fault.As(err).Hint, "then start again")
}

func fillDisk(t *testing.T, ballast string) {
	t.Helper()
	file, err := os.OpenFile(ballast, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	for page := make([]byte, 4<<10); err == nil; {
		_, err = file.Write(page)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, file.Close())
}
