package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	code, isChild := childMain()
	if !isChild {
		workInMemory()
		code = m.Run()
	}
	os.Exit(code)
}

// workInMemory keeps the servers' files in memory, where there is room and programs
// may run: what a disk takes for every COMMIT and checkpoint is of interest only to
// somebody who measures.
func workInMemory() {
	const (
		memory = "/dev/shm"
		room   = 4 << 30 // bytes, several times what it takes
		noExec = 8       // ST_NOEXEC of statvfs(3)
	)
	var fs unix.Statfs_t
	if os.Getenv("TMPDIR") == "" && unix.Statfs(memory, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= room && fs.Flags&noExec == 0 {
		_ = os.Setenv("TMPDIR", memory)
	}
}

// lanes are parts that run one after another, beside the other lanes: most of a
// part's time is spent waiting.
var lanes = []string{"tills", "drain,finalize", "latency,intake,flat", "reconnect,wire,idle"}

// The bench stands on the product's schema and code and is run by hand: a round
// of a few sales, real in all else, tells that floor, peer and checks still fit.
// It measures nothing.
func TestEveryPartStillRuns(t *testing.T) {
	t.Parallel()
	docs := make([]string, len(lanes))
	var running errgroup.Group
	for i, parts := range lanes {
		docs[i] = t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(docs[i], "benchmarks.md"), []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o600))
		o := options{only: parts, rounds: 1, scale: 0.004, docs: docs[i], say: t.Output()}
		running.Go(func() error { return o.run(t.Context()) })
	}
	require.NoError(t, running.Wait())

	var pages []byte
	for _, dir := range docs {
		page, err := os.ReadFile(filepath.Join(dir, "benchmarks.md"))
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(page, []byte("before\n")) && bytes.HasSuffix(page, []byte("after\n")), "%s", page)
		require.NotContains(t, string(page), "old")
		pages = append(pages, page...)
	}
	for _, contest := range []string{"own code, 1 client", "HTTP API, 5 clients", "batches of 500, 4 stores", "drain of 200 sales", "finalize with 6,000", "HQ intake with 6,000",
		"drain of 200 sales over gRPC", "20 sales/s, p99: gRPC against logical replication", "1 sales/s, p50: gRPC against HTTP", "40 idle streams", "while 10 others reconnect",
		"add-item p99, five tills without a pause: OFFLINE", "finalize p99, five tills with pauses: 4,000 events drain", "waiting time, ms", "| 20 sales/s, the race | gRPC |", "| 20 sales/s, the race | logical replication |", "| 200 sales/s | HTTP |"} {
		require.Contains(t, string(pages), contest)
	}
	require.FileExists(t, filepath.Join(docs[slices.Index(lanes, "latency,intake,flat")], "benchmarks-latency.svg"))
	require.Error(t, options{only: "finalise", say: io.Discard}.run(t.Context()))
}

func TestFigures(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2.0, median([]float64{3, 1, 2}), 1e-9)
	require.InDelta(t, 2.5, median([]float64{4, 1, 2, 3}), 1e-9)
	require.True(t, figure{Bar: 0.6, Ratios: []float64{0.1, 0.6, 0.9}}.reached())
	require.False(t, figure{Bar: 0.6, Ratios: []float64{0.1, 0.59, 0.9}}.reached())
	require.True(t, figure{Bar: 1.2, AtMost: true, Ratios: []float64{0.9, 1.2, 1.9}}.reached())
	require.False(t, figure{Bar: 1.2, AtMost: true, Ratios: []float64{0.9, 1.21, 1.9}}.reached())
	require.Equal(t, "none", figure{AtMost: true, Ratios: []float64{9}}.promise(), "a figure without a promise cannot miss it")
	require.Equal(t, "2.00, at most: **missed**", figure{AtMost: true, Bar: 2, Ratios: []float64{9}}.promise())
	require.Equal(t, "0.50, **missed**", figure{Bar: 0.5, Ratios: []float64{0.4}}.promise())
	require.Equal(t, "1.25 KB a stream", figure{}.amount(1.25, "KB a stream"))
	require.Equal(t, "1344 sales", figure{}.amount(1344.4, "sales"))
	merged := merge([]figure{{Contest: "a", Bar: 1}, {Contest: "b"}}, []figure{{Contest: "a", Bar: 2}, {Contest: "c"}})
	require.Equal(t, []figure{{Contest: "a", Bar: 2}, {Contest: "b"}, {Contest: "c"}}, merged)
	for n, text := range map[int]string{7: "7", 1000: "1,000", 1_050_007: "1,050,007"} {
		require.Equal(t, text, thousands(n))
	}
	var took []time.Duration
	for ms := 100; ms > 0; ms-- {
		took = append(took, time.Duration(ms)*time.Millisecond)
	}
	require.Equal(t, latency{P50: 50_000, P99: 99_000, Mean: 50_500}, latencyOf(took))
	require.Equal(t, latency{P50: 7_000, P99: 7_000, Mean: 7_000}, latencyOf([]time.Duration{7 * time.Millisecond}))
	total := 0
	for slice := range 7 {
		total += share(100, slice, 7)
	}
	require.Equal(t, 100, total)
}
