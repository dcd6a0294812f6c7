//go:build linux

package edge_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/postgres/postgrestest"
)

// notReady is a problem of /ready.
type notReady struct {
	Code  string `json:"code"`
	Check string `json:"check"`
	Hint  string `json:"hint"`
}

// ready asks /ready; the problem is zero on 200.
func ready(t *testing.T, app *edge.App) (int, notReady) {
	t.Helper()
	answer := httptest.NewRecorder()
	app.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ready", nil))
	var problem notReady
	if answer.Code != http.StatusOK {
		require.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &problem), "%s", answer.Body)
	}
	return answer.Code, problem
}

func requireNotReady(t *testing.T, app *edge.App, code, check string) {
	t.Helper()
	status, problem := ready(t, app)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, []string{code, check}, []string{problem.Code, problem.Check})
	require.NotEmpty(t, problem.Hint)
}

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// A database that answers and takes no writes cannot take a sale.
func TestADatabaseThatTakesNoWritesIsNotReady(t *testing.T) {
	t.Parallel()
	app := open(t)
	status, _ := ready(t, app)
	require.Equal(t, http.StatusOK, status)
	var name string
	require.NoError(t, app.DB.QueryRow(t.Context(), "select current_database()").Scan(&name))
	readOnly := func(value string) {
		_, err := app.DB.Exec(t.Context(), "begin read write; alter database "+name+" set default_transaction_read_only = "+value+"; commit")
		require.NoError(t, err)
		app.DB.Pool().Reset() // as after a restart: settings of a database are for new connections
	}
	readOnly("on")
	requireNotReady(t, app, "database_read_only", "database")
	_, err := app.DB.Exec(t.Context(), "delete from goose_db_version")
	require.Error(t, err, "it really takes none")
	readOnly("off")
	status, _ = ready(t, app)
	require.Equal(t, http.StatusOK, status)

	_, err = app.DB.Exec(t.Context(), "update goose_db_version set version_id = 999 where version_id = 1")
	require.NoError(t, err)
	requireNotReady(t, app, "schema_missing", "schema")
	_, err = app.DB.Exec(t.Context(), "drop table goose_db_version")
	require.NoError(t, err)
	requireNotReady(t, app, "schema_missing", "schema")
	app.DB.Close()
	requireNotReady(t, app, "database_unavailable", "database")
}

// The shop's own PostgreSQL, on a disk of 320 MiB: /ready follows the disk, and
// the server's death and return.
func TestReadyFollowsTheDiskAndTheServer(t *testing.T) {
	t.Parallel()
	dir := postgrestest.SmallDisk(t, 320)
	cfg := settings()
	cfg.DataDir = filepath.Join(dir, "edge")
	log := &journal{}
	app, err := edge.Open(t.Context(), cfg, slog.New(slog.NewJSONHandler(log, nil)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, app.Close()) })
	status, _ := ready(t, app)
	require.Equal(t, http.StatusOK, status)

	filler := filepath.Join(dir, "filler")
	var fs syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &fs))
	require.NoError(t, os.WriteFile(filler, make([]byte, int64(fs.Bavail)*fs.Bsize-20<<20), 0o600)) // 20 MiB are less than a tenth
	requireNotReady(t, app, "disk_almost_full", "disk")
	serve(t, app)
	require.Eventually(t, func() bool {
		return strings.Contains(log.String(), `"the database's disk is almost full","area":"data"`)
	},
		5*time.Second, 5*time.Millisecond, "somebody is told")
	answer := httptest.NewRecorder()
	app.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Regexp(t, `(?m)^tiem_disk_free_bytes\{area="data"\} 2\.\d+e\+07$`, answer.Body.String())
	require.Regexp(t, `(?m)^tiem_disk_free_bytes\{area="wal"\} 2\.\d+e\+07$`, answer.Body.String())
	require.Regexp(t, `(?m)^tiem_wal_bytes [1-9]`, answer.Body.String())
	require.NoError(t, os.Remove(filler))
	status, _ = ready(t, app)
	require.Equal(t, http.StatusOK, status)

	text, err := os.ReadFile(filepath.Join(cfg.DataDir, "postgres", "postmaster.pid"))
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	require.Eventually(t, func() bool {
		status, problem := ready(t, app)
		return status == http.StatusServiceUnavailable && problem.Code == "database_unavailable" && problem.Check == "database"
	}, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { status, _ := ready(t, app); return status == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
}
