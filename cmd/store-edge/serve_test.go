package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var interrupt = os.Interrupt

// serve starts, answers, tells where it listens, and stops when it is told to.
func TestServe(t *testing.T) {
	s := newShop(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Dir, cmd.Env = t.TempDir(), append(s.environ, "EDGE_ADDR=127.0.0.1:0", "LOG_LEVEL=info", "LOG_FORMAT=json")
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(log)
	var address string
	for address == "" && lines.Scan() {
		if found := regexp.MustCompile(`"address":"([^"]+)"`).FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
			require.Contains(t, lines.Text(), `"store_id":"S1"`)
		}
	}
	require.NotEmpty(t, address)
	go func() { _, _ = io.Copy(io.Discard, log) }()
	for path, status := range map[string]int{"/ready": 200, "/health": 200, "/v1/status": 401} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, status, response.StatusCode, path)
	}
	s.run("terminal", "add", "--id", "T1") // a command beside it
	require.NoError(t, cmd.Process.Signal(interrupt))
	require.NoError(t, cmd.Wait(), "Ctrl-C ends it well")
}
