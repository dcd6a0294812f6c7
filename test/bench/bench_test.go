package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The bench stands on the product's schema and code and is run by hand: a round
// of a few sales, real in all else, tells that floor, peer and checks still fit.
// It measures nothing.
func TestEveryPartStillRuns(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(docs, "benchmarks.md"), []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o600))
	o := options{only: "finalize,intake,drain,flat,tills", rounds: 1, scale: 0.004, docs: docs, say: io.Discard}
	require.NoError(t, o.run(t.Context()))

	page, err := os.ReadFile(filepath.Join(docs, "benchmarks.md"))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(page, []byte("before\n")) && bytes.HasSuffix(page, []byte("after\n")), "%s", page)
	require.NotContains(t, string(page), "old")
	for _, contest := range []string{"own code, 1 client", "HTTP API, 5 clients", "batches of 500, 4 stores", "drain of 200 sales", "finalize with 6,000", "HQ intake with 6,000",
		"add-item p99, five tills without a pause: OFFLINE", "finalize p99, five tills with pauses: 10,000 events drain", "waiting time, ms"} {
		require.Contains(t, string(page), contest)
	}
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
	merged := merge([]figure{{Contest: "a", Bar: 1}, {Contest: "b"}}, []figure{{Contest: "a", Bar: 2}, {Contest: "c"}})
	require.Equal(t, []figure{{Contest: "a", Bar: 2}, {Contest: "b"}, {Contest: "c"}}, merged)
	for n, text := range map[int]string{7: "7", 1000: "1,000", 1_050_007: "1,050,007"} {
		require.Equal(t, text, thousands(n))
	}
	var took []time.Duration
	for ms := 100; ms > 0; ms-- {
		took = append(took, time.Duration(ms)*time.Millisecond)
	}
	require.Equal(t, latency{P50: 50_000, P99: 99_000}, latencyOf(took))
	require.Equal(t, latency{P50: 7_000, P99: 7_000}, latencyOf([]time.Duration{7 * time.Millisecond}))
	total := 0
	for slice := range 7 {
		total += share(100, slice, 7)
	}
	require.Equal(t, 100, total)
}
