//go:build unix

package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// patience is for one step on a machine that is busy with other things.
const patience = time.Minute

func config(dir string) postgres.ServerConfig {
	return postgres.ServerConfig{
		Dir: dir, Database: "tiem_test",
		Settings: map[string]string{"fsync": "off"},
		Logger:   slog.New(slog.DiscardHandler),
	}
}

func start(t *testing.T, cfg postgres.ServerConfig) *postgres.Server {
	t.Helper()
	s, err := postgres.StartServer(limit(t), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Close(ctx))
}

func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// query runs statements and returns the one value of the last one, a text.
func query(t *testing.T, url string, statements ...string) string {
	t.Helper()
	value, err := tryQuery(limit(t), url, statements...)
	require.NoError(t, err)
	return value
}

func tryQuery(ctx context.Context, url string, statements ...string) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	var value string
	for _, sql := range statements {
		rows, queryErr := conn.Query(ctx, sql)
		if err = queryErr; err == nil {
			value, err = pgx.CollectOneRow(rows, pgx.RowTo[string])
		}
		if errors.Is(err, pgx.ErrNoRows) { // not a query
			err = nil
		}
		if err != nil {
			break
		}
	}
	return value, errors.Join(err, conn.Close(ctx))
}

// The helper is this test binary run again, as a program that can be killed.
const helperEnv = "TIEM_POSTGRES_HELPER"

// report is what the helper says when its server is ready, or why it is not.
type report struct {
	PID  int // the postmaster's
	URL  string
	Code string // of the fault
	Text string
}

// TestHelperProcess is the helper's program; in an ordinary run it does nothing.
func TestHelperProcess(t *testing.T) {
	mode, dir, ok := strings.Cut(os.Getenv(helperEnv), ":")
	if !ok {
		return
	}
	begin := postgres.StartServer
	if mode == "attach" {
		begin = postgres.AttachServer
	}
	s, err := begin(t.Context(), config(dir))
	r := report{Code: fault.CodeOf(err), Text: fmt.Sprint(err)}
	if err == nil {
		r = report{PID: s.PID(), URL: s.URL()}
	}
	line, _ := json.Marshal(r)
	fmt.Printf("%s\n", line)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test is done with us
	require.NoError(t, s.Close(context.Background()))
}

// helper is a running helper process.
type helper struct {
	report
	process *os.Process
	stdin   io.Closer
	stdout  *bufio.Reader
	cmd     *exec.Cmd
}

// runHelper starts the helper (mode "start" or "attach") and waits for its report.
func runHelper(t *testing.T, mode, dir string, change ...func(*exec.Cmd)) *helper {
	t.Helper()
	h := spawnHelper(t, mode, dir, change...)
	line, err := h.stdout.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &h.report), "%s", line)
	return h
}

// spawnHelper starts the helper and does not wait for anything.
func spawnHelper(t *testing.T, mode, dir string, change ...func(*exec.Cmd)) *helper {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
	cmd.Env = append(os.Environ(), helperEnv+"="+mode+":"+dir, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	for _, f := range change {
		f(cmd)
	}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	h := &helper{process: cmd.Process, stdin: stdin, stdout: bufio.NewReader(stdout), cmd: cmd}
	t.Cleanup(h.end)
	return h
}

// end lets the helper close its server and go.
func (h *helper) end() {
	_ = h.stdin.Close()
	_ = h.cmd.Wait()
}

// kill is kill -9.
func (h *helper) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, h.process.Signal(syscall.SIGKILL))
	_ = h.cmd.Wait() // it says "signal: killed"
}
