package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

func TestThePlanIsInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	plan := inOrder([]sim.Strike{{AfterSales: 50, Delay: 2 * time.Millisecond, Part: sim.EdgePostgres}, {AfterSales: 70, Part: sim.HQServer, Down: time.Second}},
		[]sim.Cut{{AfterSales: 50, Delay: time.Millisecond, Kind: sim.Refused}, {AfterSales: 60, Kind: sim.Slow, Rate: 4096, Lasts: time.Second}})
	var what []string
	for _, p := range plan {
		what = append(what, p.what)
	}
	require.Equal(t, []string{"line refused for 0.0 s", "kill the edge's PostgreSQL", "line slow for 1.0 s, 4096 bytes a second",
		"kill HQ, start it again after 1.0 s"}, what)
}

func TestTheSummarySaysWhichCutsWereFelt(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printChaos(&out, &sim.ChaosReport{Suffered: make([]sim.Suffered, 3), Cut: map[sim.CutKind]int{sim.Slow: 3}, Felt: 2})
	require.Contains(t, out.String(), "slow 3; of them felt by a connection: 2\n")
}
