//go:build linux

package edge_test

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/doctor"
	"tiem/internal/edge"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
)

// owners is every file below dir with its owner and mode.
func owners(t *testing.T, dir string) map[string]string {
	t.Helper()
	list := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		stat, ok := info.Sys().(*syscall.Stat_t)
		require.True(t, ok)
		list[path] = fmt.Sprint(info.Mode(), stat.Uid, stat.Gid)
		return nil
	}))
	return list
}

// requireOwners makes sure that what was there has the owner and the mode
// that it had; a server at work makes files.
func requireOwners(t *testing.T, before, after map[string]string, name string) {
	t.Helper()
	for path, was := range before {
		if now, there := after[path]; there {
			require.Equal(t, was, now, "%s: %s", name, path)
		}
	}
}

func chownAll(t *testing.T, dir string, uid int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		return os.Lchown(path, uid, uid)
	}))
}

// managed are the settings of a shop with a PostgreSQL of its own, which has
// been stopped.
func managed(t *testing.T) edge.Config {
	t.Helper()
	cfg := settings()
	cfg.DataDir = postgrestest.DataDir(t)
	require.NoError(t, edge.Migrate(t.Context(), cfg, slog.New(slog.DiscardHandler)))
	return cfg
}

// examined is what doctor found, by check.
func examined(t *testing.T, cfg edge.Config) map[string]doctor.Check {
	t.Helper()
	found := map[string]doctor.Check{}
	for _, c := range edge.Doctor(t.Context(), cfg, slog.New(slog.DiscardHandler), 0).Checks {
		require.Equal(t, c.Status != doctor.OK, c.Advice != "", "%v", c)
		found[c.Name] = c
	}
	return found
}

func requireCheck(t *testing.T, c doctor.Check, status doctor.Status, found, advice string) {
	t.Helper()
	require.Equal(t, status, c.Status, "%v", c)
	require.Contains(t, c.Found, found)
	require.Contains(t, c.Advice, advice)
}

// A doctor changes nothing: where a start would give files to another user or
// change a mode, there is none.
func TestDoctorStartsNothingThatChangesFiles(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("changing owners needs root")
	}
	cfg := managed(t)
	cluster := filepath.Join(cfg.DataDir, "postgres")
	info, err := os.Stat(cluster)
	require.NoError(t, err)
	uid := int(info.Sys().(*syscall.Stat_t).Uid) //nolint:forcetypeassert // Linux
	for name, c := range map[string]struct {
		change  func()
		data    doctor.Status
		says    string
		started string
	}{
		"everything is root's": {func() { chownAll(t, cfg.DataDir, 0) }, doctor.Warn, "belongs to root", "would give " + cluster},
		"a closed data root": {func() {
			chownAll(t, cfg.DataDir, uid)
			require.NoError(t, os.Chmod(cfg.DataDir, 0o700))
		}, doctor.OK, "", "would change the mode of " + cfg.DataDir},
		"a data root that is a barrier": {func() {
			require.NoError(t, os.Chmod(cfg.DataDir, 0o700))
			require.NoError(t, os.Lchown(cfg.DataDir, 0, 0))
		}, doctor.Fail, "may not enter " + cfg.DataDir, "may not enter " + cfg.DataDir},
		"an open cluster": {func() { require.NoError(t, os.Chmod(cluster, 0o755)) }, doctor.Fail, "0755", "refuses mode 0755"},
	} {
		require.NoError(t, os.Chmod(cfg.DataDir, 0o711))
		require.NoError(t, os.Chmod(cluster, 0o700))
		chownAll(t, cfg.DataDir, uid)
		c.change()
		before := owners(t, cfg.DataDir)
		found := examined(t, cfg)
		after := owners(t, cfg.DataDir)
		require.Len(t, after, len(before), name)
		requireOwners(t, before, after, name)
		requireCheck(t, found["data directory"], c.data, c.says, "")
		requireCheck(t, found["database"], doctor.Warn, "not started: ", "see the data directory above")
		require.Contains(t, found["database"].Found, c.started, name)
		requireCheck(t, found["chain"], doctor.Warn, "not checked", "")
	}
	require.NoError(t, os.Chmod(cfg.DataDir, 0o711))
	require.NoError(t, os.Chmod(cluster, 0o700))
	chownAll(t, cfg.DataDir, uid)
	before := owners(t, cfg.DataDir)
	requireCheck(t, examined(t, cfg)["database"], doctor.OK, "that was started for this examination", "")
	requireOwners(t, before, owners(t, cfg.DataDir), "nor does a start that is one")
}

// serve runs and its PostgreSQL does not come up: doctor shows why and does not
// wait for it.
func TestDoctorShowsWhyAServerDoesNotComeUp(t *testing.T) {
	t.Parallel()
	cfg := managed(t)
	cluster := filepath.Join(cfg.DataDir, "postgres")
	server, err := postgres.StartServer(t.Context(), postgres.ServerConfig{Dir: cfg.DataDir, Database: "edge", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close(t.Context())) })
	requireCheck(t, examined(t, cfg)["database"], doctor.OK, "that runs", "")
	require.NoError(t, os.Chmod(cluster, 0o755))
	require.NoError(t, syscall.Kill(server.PID(), syscall.SIGKILL))
	var found map[string]doctor.Check
	require.Eventually(t, func() bool {
		found = examined(t, cfg)
		down := strings.Contains(found["server"].Found, "its PostgreSQL is not up") // at first the killed one may not be gone yet
		return down && strings.Contains(found["database"].Found, "has invalid permissions")
	}, time.Minute, 50*time.Millisecond)
	requireCheck(t, found["database"], doctor.Fail, "not up: ", "need not be stopped")
	require.Contains(t, found["database"].Found, "FATAL:")
	requireCheck(t, found["data directory"], doctor.Fail, "0755", "chmod 0700")
	require.NoError(t, os.Chmod(cluster, 0o700))
}

// The cause of a line that is down, in words; what waiting does not mend is a
// fail.
func TestDoctorTellsWhyTheLineIsDown(t *testing.T) {
	t.Parallel()
	const name = "line to HQ"
	p := newPatient(t)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	hang := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(hang) })
	for url, c := range map[string]struct {
		status        doctor.Status
		found, advice string
	}{
		secure.URL: {doctor.Fail, "its certificate is not trusted", "is HQ_URL right"},
		strings.Replace(p.hq.URL, "http:", "https:", 1): {doctor.Fail, "does not speak TLS", "is HQ_URL right"},
		"http://127.0.0.1:1":                            {doctor.Warn, "does not answer: the connection is refused", "goes on selling"},
		silent.URL:                                      {doctor.Warn, "does not answer: no answer within SYNC_TIMEOUT", "goes on selling"},
		p.hq.URL + "/elsewhere":                         {doctor.Fail, "404", "is HQ_URL the address of an hq-platform?"},
	} {
		p.cfg.HQURL, p.cfg.SyncTimeout = url, time.Minute
		if url == silent.URL {
			p.cfg.SyncTimeout = 200 * time.Millisecond
		}
		requireCheck(t, examined(t, p.cfg)[name], c.status, c.found, c.advice)
	}
	p.cfg.SyncTimeout = time.Minute
	p.cfg.HQURL = p.hq.URL + "/"
	greeted := p.hq.greeted.Load()
	found := examined(t, p.cfg)
	requireCheck(t, found[name], doctor.OK, "accepts the token", "")
	requireCheck(t, found["clock"], doctor.OK, "against HQ's", "")
	require.Equal(t, greeted+1, p.hq.greeted.Load(), "at its own path")
}
