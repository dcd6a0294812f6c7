//go:build linux

package hq_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq"
	"tiem/internal/postgres/postgrestest"
)

func requireReady(t *testing.T, app *hq.App, code, check string) {
	t.Helper()
	answer := httptest.NewRecorder()
	app.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ready", nil))
	if code == "" {
		require.Equal(t, http.StatusOK, answer.Code, "%s", answer.Body)
		return
	}
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	var problem struct {
		Code  string `json:"code"`
		Check string `json:"check"`
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &problem), "%s", answer.Body)
	require.Equal(t, []string{code, check}, []string{problem.Code, problem.Check})
}

// HQ is ready if its database can take a batch: not on a disk that is almost
// full, not read only, not with another schema.
func TestReadyTellsTheTruth(t *testing.T) {
	t.Parallel()
	dir := postgrestest.SmallDisk(t, 320)
	cfg := config(t)
	cfg.DataDir = filepath.Join(dir, "hq")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }()
	app, err := hq.Open(t.Context(), cfg, slog.New(slog.NewJSONHandler(log, nil)))
	require.NoError(t, err)
	defer func() { require.NoError(t, app.Close()) }()
	requireReady(t, app, "", "")

	filler := filepath.Join(dir, "filler")
	var fs syscall.Statfs_t
	require.NoError(t, syscall.Statfs(dir, &fs))
	require.NoError(t, os.WriteFile(filler, make([]byte, int64(fs.Bavail)*fs.Bsize-20<<20), 0o600))
	requireReady(t, app, "disk_almost_full", "disk")
	require.NoError(t, app.Listen(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	require.Eventually(t, func() bool {
		told, err := os.ReadFile(log.Name())
		return err == nil && bytes.Contains(told, []byte(`"the database's disk is almost full","area":"data"`))
	}, 5*time.Second, 5*time.Millisecond, "somebody is told")
	stop()
	require.NoError(t, <-done)
	answer := httptest.NewRecorder()
	app.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	require.Regexp(t, `(?m)^tiem_disk_free_bytes\{area="data"\} 2\.\d+e\+07$`, answer.Body.String())
	require.Regexp(t, `(?m)^tiem_wal_bytes [1-9]`, answer.Body.String())
	require.NoError(t, os.Remove(filler))
	requireReady(t, app, "", "")

	for _, step := range []struct{ readOnly, code, check string }{{"on", "database_read_only", "database"}, {"off", "", ""}} {
		_, err = app.DB.Exec(t.Context(), "begin read write; alter database hq set default_transaction_read_only = "+step.readOnly+"; commit")
		require.NoError(t, err)
		app.DB.Pool().Reset() // settings of a database are for new connections
		requireReady(t, app, step.code, step.check)
	}
	_, err = app.DB.Exec(t.Context(), "update goose_db_version set version_id = 999 where version_id = 1")
	require.NoError(t, err)
	requireReady(t, app, "schema_missing", "schema")
}
