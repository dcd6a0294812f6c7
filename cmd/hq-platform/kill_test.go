package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq/audit"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// platform is hq-platform serve as a real process.
type platform struct {
	t       *testing.T
	binary  string
	url     string // of the database
	token   string // of store S1
	address string
	process *exec.Cmd
	exited  chan error
}

// build compiles the program with failpoints.
func build(t *testing.T) *platform {
	t.Helper()
	p := &platform{t: t, binary: filepath.Join(t.TempDir(), "hq-platform"), url: postgrestest.NewURL(t, hqdb.Migrations)}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "failpoint", "-o", p.binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	p.token = strings.Fields(strings.SplitAfter(on(t, p.url, "store", "add", "--id", "S1", "--name", "Nguyễn Trãi"), "token")[1])[0]
	return p
}

// start serves until it is killed or the test ends, and waits until it listens.
func (p *platform) start(failpoints string) {
	p.t.Helper()
	p.process = exec.CommandContext(context.WithoutCancel(p.t.Context()), p.binary, "serve", "--hq-addr", "127.0.0.1:0", "--hq-grpc-addr", "127.0.0.1:0", "--hq-database-url", p.url)
	p.process.Env = append(os.Environ(), "TIEM_FAILPOINTS="+failpoints)
	logs, err := p.process.StderrPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, p.process.Start())
	listening := make(chan string, 1)
	p.exited = make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(logs)
		for lines.Scan() {
			var entry struct {
				Msg     string `json:"msg"`
				Address string `json:"address"`
			}
			if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "HQ is listening" {
				listening <- entry.Address
			}
		}
		p.exited <- p.process.Wait()
	}()
	p.t.Cleanup(p.stop)
	select {
	case p.address = <-listening:
	case err := <-p.exited:
		p.process = nil
		require.NoError(p.t, err, "serve ended early")
	case <-time.After(30 * time.Second):
		require.Fail(p.t, "serve does not listen")
	}
}

// stop asks the process to end, which it must do cleanly.
func (p *platform) stop() {
	if p.process == nil {
		return
	}
	require.NoError(p.t, p.process.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, <-p.exited)
	p.process = nil
}

// requireKilled waits for the end that a failpoint made.
func (p *platform) requireKilled() {
	p.t.Helper()
	select {
	case err := <-p.exited:
		require.ErrorContains(p.t, err, "killed")
	case <-time.After(10 * time.Second):
		require.Fail(p.t, "the failpoint was not reached")
	}
	p.process = nil
}

// send posts a batch; an error means that no answer came.
func (p *platform) send(batch *wire.Batch) (ack wire.Ack, err error) {
	data, err := wire.EncodeBatch(batch)
	require.NoError(p.t, err)
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, "http://"+p.address+"/v1/ingestion/events", bytes.NewReader(data))
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ack, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, http.StatusOK, response.StatusCode, "%s", body)
	require.NoError(p.t, json.Unmarshal(body, &ack))
	return ack, nil
}

// HQ is killed around its COMMIT (faults 25 and 26): before it nothing of the
// batch is there, after it all of it is; either way the resent batch ends in one
// effect and the log verifies.
func TestKilledAroundCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failpoint            string
		accepted, duplicates int // of the resent batch
	}{
		"before": {"intake.before_commit=kill@2", 3, 0},
		"after":  {"intake.after_commit=kill@2", 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := build(t)
			shop := hqtest.NewShop("S1")
			tea := hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One}
			for range 3 {
				shop.Sell(tea)
			}
			p.start(c.failpoint)
			ack, err := p.send(shop.Batch(1, 3))
			require.NoError(t, err)
			require.Equal(t, 3, ack.Accepted)
			_, err = p.send(shop.Batch(4, 6))
			require.Error(t, err, "a killed HQ acknowledges nothing")
			p.requireKilled()
			_, err = net.DialTimeout("tcp", p.address, time.Second)
			require.Error(t, err)

			p.start("")
			ack, err = p.send(shop.Batch(4, 6))
			require.NoError(t, err)
			require.Equal(t, []int{c.accepted, c.duplicates}, []int{ack.Accepted, ack.Duplicates})
			ack, err = p.send(shop.Batch(4, 9))
			require.NoError(t, err)
			require.Equal(t, []int{3, 3}, []int{ack.Accepted, ack.Duplicates})

			db, err := postgres.Open(t.Context(), p.url, postgres.PoolConfig{})
			require.NoError(t, err)
			t.Cleanup(db.Close)
			report, err := audit.Verify(t.Context(), db, "S1")
			require.NoError(t, err)
			require.Nil(t, report.Bad)
			require.EqualValues(t, 9, report.Events)
			require.EqualValues(t, 30_000, report.Total)
		})
	}
}
