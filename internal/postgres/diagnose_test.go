//go:build linux

package postgres_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// inventory is every file below dir, with what would show that somebody was there.
func inventory(t *testing.T, dir string) string {
	t.Helper()
	var list strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		fmt.Fprintln(&list, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		return nil
	}))
	return list.String()
}

// diagnose makes sure that nothing is changed by looking.
func diagnose(t *testing.T, dir string) postgres.Facts {
	t.Helper()
	parent := filepath.Dir(dir)
	before := inventory(t, parent)
	facts := postgres.Diagnose(limit(t), config(dir))
	require.Equal(t, before, inventory(t, parent), "a doctor does not leave tools behind")
	return facts
}

func TestDiagnoseFollowsALife(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	f := diagnose(t, dir)
	require.ErrorIs(t, f.RootErr, fs.ErrNotExist)
	require.Zero(t, f.Major)
	require.NoError(t, f.MajorErr)
	require.NotEmpty(t, f.Installed)
	require.GreaterOrEqual(t, f.Installed[0].Major, 15)
	require.NoError(t, f.InstallErr)
	require.NoDirExists(t, dir)

	s := start(t, config(dir))
	pid := s.PID()
	f = postgres.Diagnose(limit(t), config(dir)) // a server at work changes its files by itself
	require.NoError(t, f.RootErr)
	require.Equal(t, []any{true, os.Getpid(), "serve", pid, 0}, []any{f.Locked, f.HolderPID, f.HolderRole, f.Postmaster, f.StalePID})
	require.Equal(t, filepath.Join(dir, "postgres"), f.Cluster)
	require.Equal(t, filepath.Join(dir, "postgres", ".s.PGSQL.5432"), f.Socket)
	require.FileExists(t, f.Socket)
	require.Positive(t, f.Major)
	require.Equal(t, fs.FileMode(0o700), f.Mode.Perm())
	require.Equal(t, f.Account, f.Owner)
	require.Empty(t, f.Barrier)
	stop(t, s)

	f = diagnose(t, dir)
	require.Equal(t, []any{false, 0, 0}, []any{f.Locked, f.Postmaster, f.StalePID})

	// After a power cut the number in postmaster.pid may be anybody's: here, ours.
	stale := filepath.Join(dir, "postgres", "postmaster.pid")
	require.NoError(t, os.WriteFile(stale, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600))
	f = diagnose(t, dir)
	require.Equal(t, []any{0, os.Getpid()}, []any{f.Postmaster, f.StalePID})
	require.NotEmpty(t, f.StaleName)
	require.NotEqual(t, "unknown", f.StaleName)
	require.NoError(t, os.WriteFile(stale, []byte("2147483646\n"), 0o600))
	f = diagnose(t, dir)
	require.Equal(t, []any{2147483646, ""}, []any{f.StalePID, f.StaleName}, "nobody's")
	require.NoError(t, os.Remove(stale))

	// Data of a version that is not here.
	version := filepath.Join(dir, "postgres", "PG_VERSION")
	require.NoError(t, os.WriteFile(version, []byte("99\n"), 0o600))
	f = diagnose(t, dir)
	require.Equal(t, 99, f.Major)
	require.Equal(t, "postgres_version", fault.CodeOf(f.InstallErr))
	require.NoError(t, os.Remove(version))
	f = diagnose(t, dir)
	require.Equal(t, "data_dir_foreign", fault.CodeOf(f.MajorErr))
}

// An unpacked backup: the cluster is root's and closed, which is for its owner
// to mend, and for nobody to open to all.
func TestDiagnoseDataOfRoot(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := postgrestest.DataDir(t)
	stop(t, start(t, config(dir)))
	f := diagnose(t, dir)
	require.Empty(t, f.NoStart)
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		return os.Lchown(path, 0, 0)
	}))
	f = diagnose(t, dir)
	require.Empty(t, f.Barrier)
	require.Equal(t, "root", f.Owner)
	require.NotEqual(t, "root", f.Account)
	require.Contains(t, f.NoStart, "a start would give "+f.Cluster)
	require.NoError(t, f.InstallErr)
	require.NoError(t, os.Chmod(dir, 0o700))
	require.Equal(t, dir, diagnose(t, dir).Barrier, "the data root is on the way")
}

func TestDiagnoseOddDirectories(t *testing.T) {
	t.Parallel()
	base := filepath.Dir(postgrestest.DataDir(t))
	long := filepath.Join(base, strings.Repeat("x", 90))
	f := diagnose(t, long)
	require.Greater(t, len(filepath.Join(long, "postgres", ".s.PGSQL.5432")), f.SocketMax)
	require.LessOrEqual(t, len(f.Socket), f.SocketMax, "it goes elsewhere")

	file := filepath.Join(base, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	f = diagnose(t, filepath.Join(file, "edge"))
	require.Error(t, f.RootErr)

	cfg := config(filepath.Join(base, "none"))
	cfg.BinDir = base
	f = postgres.Diagnose(limit(t), cfg)
	require.Equal(t, "postgres_not_found", fault.CodeOf(f.InstallErr))

	asRoot(t)
	closed := filepath.Join(base, "closed")
	require.NoError(t, os.MkdirAll(filepath.Join(closed, "edge"), 0o700))
	f = diagnose(t, filepath.Join(closed, "edge"))
	require.Equal(t, closed, f.Barrier)
	require.NotEqual(t, "root", f.Account)
}
