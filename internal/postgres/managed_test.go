//go:build unix

package postgres_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

func TestServerKeepsDataOverStarts(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	begun := time.Now()
	s := start(t, config(dir))
	t.Logf("first start: %v", time.Since(begun))
	require.True(t, s.Ready())
	group, err := syscall.Getpgid(s.PID())
	require.NoError(t, err)
	require.Equal(t, s.PID(), group, "Ctrl-C in a terminal does not reach it")
	query(t, s.URL(), "create table kept as select 'sữa' as item")
	first := s.URL()
	stop(t, s)
	require.False(t, s.Ready())
	require.Zero(t, s.PID())
	require.NoFileExists(t, filepath.Join(dir, "postgres", "postmaster.pid"), "the stop was clean")

	begun = time.Now()
	s = start(t, config(dir))
	t.Logf("later start: %v", time.Since(begun))
	require.Equal(t, first, s.URL())
	require.Equal(t, "sữa", query(t, s.URL(), "select item from kept"))
	for setting, want := range map[string]string{
		"data_checksums": "on", "server_encoding": "UTF8", "lc_collate": "C", "listen_addresses": "",
		"synchronous_commit": "on", "full_page_writes": "on", "fsync": "off", "TimeZone": "UTC",
	} {
		require.Equal(t, want, query(t, s.URL(), "show "+setting), setting)
	}
}

func TestServerIsClosedToOtherUsers(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := postgrestest.DataDir(t)
	start(t, config(dir))
	cmd := exec.Command("ls", filepath.Join(dir, "postgres"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	require.Error(t, cmd.Run())
}

func TestServerRunsAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := postgrestest.DataDir(t)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chown(dir, 65534, 65534))
	program := copyOfTestBinary(t)
	h := runHelper(t, "start", dir, func(cmd *exec.Cmd) {
		cmd.Path = program
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	})
	require.Empty(t, h.Text)
	query(t, h.URL, "create table kept as select 'x' as item")
	require.Equal(t, uint32(65534), statUID(t, "/proc/"+strconv.Itoa(h.PID)))

	command, err := postgres.AttachServer(limit(t), config(dir))
	require.NoError(t, err, "root may attach to it")
	require.Equal(t, h.PID, command.PID())
	h.end()

	start(t, config(dir))
	require.Equal(t, uint32(65534), statUID(t, filepath.Join(dir, "postgres")), "a start by root leaves the data to its user")
}

func TestRootDropsToUnprivilegedUser(t *testing.T) {
	t.Parallel()
	asRoot(t)
	s := start(t, config(postgrestest.DataDir(t)))
	require.NotZero(t, statUID(t, "/proc/"+strconv.Itoa(s.PID())))
}

func TestRootTakesRestoredClusterBack(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := postgrestest.DataDir(t)
	stop(t, start(t, config(dir)))
	require.NoError(t, exec.Command("chown", "-R", "root:root", dir).Run()) // as an unpacked backup may be
	s := start(t, config(dir))
	require.Equal(t, "1", query(t, s.URL(), "select '1'"))
}

func TestUnreachableDataRootIsNamed(t *testing.T) {
	t.Parallel()
	asRoot(t)
	closed := filepath.Dir(postgrestest.DataDir(t))
	require.NoError(t, os.Chmod(closed, 0o700))
	dir := filepath.Join(closed, "a", "b")
	require.NoError(t, os.MkdirAll(dir, 0o755)) // what is there already is never moved
	_, err := postgres.StartServer(limit(t), config(dir))
	require.Equal(t, "data_dir_access", fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Config, fault.KindOf(err))
	require.Contains(t, fault.As(err).Message, "may not enter "+closed)
	require.Contains(t, fault.As(err).Hint, "choose a directory outside "+closed)
	require.Contains(t, fault.As(err).Hint, "or run the program as the user who owns it")
	info, err := os.Stat(closed)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), "the directory is not ours to open")
}

// The same for an ordinary user: nobody is changed to, so he hears of the
// directories themselves.
func TestDirectoryOfAnotherUserIsNamed(t *testing.T) {
	t.Parallel()
	asRoot(t)
	asNobody := func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	program := copyOfTestBinary(t)
	above, dir := filepath.Dir(postgrestest.DataDir(t)), postgrestest.DataDir(t)
	require.NoError(t, os.Chmod(above, 0o700))
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, dir := range []string{filepath.Join(above, "data"), dir} {
		h := runHelper(t, "start", dir, asNobody, func(cmd *exec.Cmd) { cmd.Path = program })
		require.Equal(t, "data_dir_access", h.Code, h.Text)
		require.Contains(t, h.Text, dir)
		require.Regexp(t, "choose (a|another) (data )?directory", h.Text)
	}
	for _, dir := range []string{above, dir} {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}

// A checkout in root's home, or below mktemp -d: the data lives where the
// database may go, and is found where it was asked for.
func TestNewDataRootBehindAClosedDoor(t *testing.T) {
	t.Parallel()
	asRoot(t)
	closed := filepath.Dir(postgrestest.DataDir(t))
	require.NoError(t, os.Chmod(closed, 0o700))
	cfg := config(filepath.Join(closed, "data", "edge"))
	cfg.Elsewhere = filepath.Join(filepath.Dir(postgrestest.DataDir(t)), "elsewhere")
	first := start(t, cfg)
	require.Equal(t, "4711", query(t, first.URL(), "select lo_create(4711)::text"))
	place, err := os.Readlink(cfg.Dir)
	require.NoError(t, err)
	require.Equal(t, cfg.Elsewhere, filepath.Dir(place))
	require.FileExists(t, filepath.Join(cfg.Dir, "postgres", "PG_VERSION"))
	command, err := postgres.AttachServer(limit(t), cfg)
	require.NoError(t, err)
	require.Equal(t, first.URL(), command.URL())
	stop(t, first)
	second := start(t, cfg)
	require.Equal(t, "1", query(t, second.URL(), "select count(*)::text from pg_largeobject_metadata"), "the data is kept")
	places, err := os.ReadDir(cfg.Elsewhere)
	require.NoError(t, err)
	require.Len(t, places, 1)
	info, err := os.Stat(closed)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), "the directory is not ours to open")
}

func TestOverlongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(postgrestest.DataDir(t), strings.Repeat("deep/", 30))
	s := start(t, config(dir))
	require.Equal(t, "1", query(t, s.URL(), "select '1'"))
	command, err := postgres.AttachServer(limit(t), config(dir))
	require.NoError(t, err)
	require.Equal(t, s.URL(), command.URL())
	sockets := query(t, s.URL(), "show unix_socket_directories")
	sockets = strings.Trim(sockets, `"`)
	info, err := os.Stat(sockets)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	stop(t, s)
	require.NoDirExists(t, sockets)
}

func TestOddPath(t *testing.T) {
	t.Parallel()
	s := start(t, config(filepath.Join(postgrestest.DataDir(t), `quầy "1", 50% & more`)))
	require.Equal(t, "1", query(t, s.URL(), "select '1'"))
}

func TestUnfinishedClusterIsRemoved(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	half := filepath.Join(dir, "postgres.new-123")
	require.NoError(t, os.MkdirAll(filepath.Join(half, "base"), 0o700))
	other := filepath.Join(dir, "postgres.old")
	require.NoError(t, os.Mkdir(other, 0o700))
	start(t, config(dir))
	require.NoDirExists(t, half)
	require.DirExists(t, other)
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	file := filepath.Join(dir, "postgres", "photo.jpg")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := postgres.StartServer(limit(t), config(dir))
	require.Equal(t, "data_dir_foreign", fault.CodeOf(err), "%v", err)
	require.FileExists(t, file)
}

// The refusal names both versions and says what to install; only older data can
// be brought forward.
func TestOtherMajorVersionIsRefused(t *testing.T) {
	t.Parallel()
	for data, hint := range map[string]string{
		"12": "pg_upgrade moves the data to ",
		"99": "older data cannot be made of it",
	} {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			dir := postgrestest.DataDir(t)
			stop(t, start(t, config(dir)))
			version := filepath.Join(dir, "postgres", "PG_VERSION")
			own, err := os.ReadFile(version)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(version, []byte(data+"\n"), 0o600))
			_, err = postgres.StartServer(limit(t), config(dir))
			require.Equal(t, "postgres_version", fault.CodeOf(err), "%v", err)
			require.Equal(t, fault.Config, fault.KindOf(err))
			require.Contains(t, fault.As(err).Message, "is of PostgreSQL "+data+", but version "+strings.TrimSpace(string(own)))
			require.Contains(t, fault.As(err).Hint, "install PostgreSQL "+data)
			require.Regexp(t, "(apt-get install postgresql-|brew install postgresql@)"+data, fault.As(err).Hint)
			require.Contains(t, fault.As(err).Hint, hint)

			require.NoError(t, os.WriteFile(version, own, 0o600))
			start(t, config(dir)) // nothing was changed
		})
	}
}

func TestMissingBinaries(t *testing.T) {
	t.Parallel()
	cfg := config(postgrestest.DataDir(t))
	cfg.BinDir = t.TempDir()
	_, err := postgres.StartServer(limit(t), cfg)
	require.Equal(t, "postgres_not_found", fault.CodeOf(err), "%v", err)
	require.Equal(t, fault.Config, fault.KindOf(err))
	require.Contains(t, fault.As(err).Hint, "install postgresql")
}

// A refused setting is an example of a server that never comes up.
func TestFailedStartIsExplained(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	cfg := config(dir)
	cfg.Settings["shared_buffers"] = "nonsense"
	_, err := postgres.StartServer(limit(t), cfg)
	require.Equal(t, "postgres_start_failed", fault.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "shared_buffers", "PostgreSQL's own words are the cause")
	start(t, config(dir)) // nothing holds the directory any more
}

func TestLogIsTrimmed(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	log := filepath.Join(dir, "postgres.log")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(log, make([]byte, 9<<20), 0o600))
	start(t, config(dir))
	info, err := os.Stat(log)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(1<<20))
	info, err = os.Stat(log + ".1")
	require.NoError(t, err)
	require.Equal(t, int64(9<<20), info.Size())
}

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("changing users needs root")
	}
}

func statUID(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Uid
}

// copyOfTestBinary puts this program where other users can run it. It is another
// process that writes it: a file that we have open, and a child of another test
// inherits for a moment, cannot be run ("text file busy").
func copyOfTestBinary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tiem-helper-") // a file system in memory may forbid running programs
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o711))
	path := filepath.Join(dir, "helper")
	require.NoError(t, exec.Command("cp", os.Args[0], path).Run())
	return path
}
