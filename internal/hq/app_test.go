package hq_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq"
	"tiem/internal/hq/audit"
	"tiem/internal/hq/hqtest"
	"tiem/internal/program"
	"tiem/internal/sale"
)

func config(t *testing.T) hq.Config {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755), "as root, PostgreSQL runs as another user")
	return hq.Config{Addr: "127.0.0.1:0", DataDir: filepath.Join(dir, "hq"), Log: program.Log{Level: "error", Format: "json"}}
}

// start opens and serves an HQ with a PostgreSQL of its own; stop ends both.
func start(t *testing.T, cfg hq.Config) (app *hq.App, stop func()) {
	t.Helper()
	log := cfg.Log.Logger()
	app, err := hq.Open(t.Context(), cfg, log)
	require.NoError(t, err)
	require.NoError(t, app.Listen(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, app.Close())
	}
	t.Cleanup(stop)
	return app, stop
}

func status(t *testing.T, app *hq.App, path string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+app.Addr()+path, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// PostgreSQL is killed under a serving HQ: 503 meanwhile, ready again within
// ten seconds, and everything acknowledged is there.
func TestServeSurvivesTheDeathOfItsDatabase(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	app, stop := start(t, cfg)
	require.Equal(t, http.StatusOK, status(t, app, "/ready"))
	_, err := app.Fleet.Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	shop := hqtest.NewShop("S1")
	shop.Sell(hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One})
	ack, err := app.Intake.Accept(t.Context(), shop.All())
	require.NoError(t, err)
	require.Equal(t, 3, ack.Accepted)

	require.NoError(t, syscall.Kill(postmaster(t, cfg), syscall.SIGKILL))
	require.Eventually(t, func() bool {
		return status(t, app, "/ready") == http.StatusServiceUnavailable
	}, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, http.StatusOK, status(t, app, "/health"), "the program itself lives")
	require.Eventually(t, func() bool {
		return status(t, app, "/ready") == http.StatusOK
	}, 10*time.Second, 20*time.Millisecond)

	shop.Sell(hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One})
	require.Eventually(t, func() bool {
		ack, err = app.Intake.Accept(t.Context(), shop.All())
		return err == nil
	}, 5*time.Second, 20*time.Millisecond)
	require.Equal(t, []int{3, 3}, []int{ack.Accepted, ack.Duplicates})

	// A command beside serve uses the same database; it neither stops nor changes it.
	command, err := hq.Attach(t.Context(), cfg, nil)
	require.NoError(t, err)
	report, err := audit.Verify(t.Context(), command.DB, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad)
	require.EqualValues(t, 6, report.Events)
	require.NoError(t, command.Close())
	require.Equal(t, http.StatusOK, status(t, app, "/ready"))

	_, err = hq.Open(t.Context(), cfg, nil)
	require.Equal(t, "data_dir_in_use", fault.CodeOf(err), "only a second serve is refused")
	stop()
}

func postmaster(t *testing.T, cfg hq.Config) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(cfg.DataDir, "postgres", "postmaster.pid"))
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(data), "\n")
	pid, err := strconv.Atoi(line)
	require.NoError(t, err)
	return pid
}

func TestAttachRefusesADatabaseWithoutTheSchema(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	_, err := hq.Attach(t.Context(), cfg, cfg.Log.Logger())
	require.Equal(t, "schema_missing", fault.CodeOf(err))
	require.NoError(t, hq.Migrate(t.Context(), cfg, cfg.Log.Logger()))
	app, err := hq.Attach(t.Context(), cfg, cfg.Log.Logger())
	require.NoError(t, err)
	require.NoError(t, app.Close())
}

func TestATakenAddressIsNamed(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	app := hq.New(nil, cfg, nil)
	require.NoError(t, app.Listen(t.Context()))
	cfg.Addr = app.Addr()
	err := hq.New(nil, cfg, nil).Listen(t.Context())
	require.Equal(t, "HQ_ADDR", fault.As(err).Field)
	require.Equal(t, 78, fault.ExitCode(err))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, app.Run(ctx))
}
