package faults

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/sim"
)

// HQ is away for 500 sales: the outbox grows by exactly their events, no sale
// waits for anything, and when HQ is back it gets them all, in order.
func TestHQDownFor500Sales(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2", "T3")
	before := s.proven().Events
	require.NoError(t, s.Halt(t.Context(), sim.HQServer))
	ledger, err := sim.Play(t.Context(), s.Store(), sim.PlayOptions{Seed: 500, Sales: 500})
	require.NoError(t, err)
	require.Len(t, ledger.Sales(), 500)
	require.Zero(t, ledger.Stats().Retries, "no till had to try twice")

	client := s.edge()
	defer client.Close()
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "OFFLINE", status.Connectivity)
	require.Equal(t, before, status.Acked)
	require.Equal(t, status.Head-before, status.PendingEvents)

	s.restart(sim.HQServer)
	figures := s.proven()
	require.Equal(t, 500, figures.Sales)
	// Every sale is three events and one more for each further payment.
	require.Equal(t, before+int64(2*figures.Sales+figures.Payments), figures.Events)
	require.Equal(t, status.Head, figures.Events)
	entries, err := client.Outbox(t.Context(), 0)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotNil(t, e.PublishedAt, "event %d", e.ID)
	}
}

// The command of the issue that asked for it: 1,000 sales, 5 random kills of the
// edge, HQ and either PostgreSQL. `pos-sim chaos --seed 2026` is the same.
func TestThousandSalesWithFiveKills(t *testing.T) {
	report, err := sim.Chaos(t.Context(), sim.ChaosOptions{Seed: 2026, Sales: 1000, Kills: 5, Tills: 5, Bin: bin, Catalogue: demo.Catalogue, Say: os.Stderr})
	require.NoError(t, err)
	require.True(t, report.OK)
	require.GreaterOrEqual(t, report.Sales, 1000)
	require.Len(t, report.Struck, 5)
	t.Logf("%d sales, %d events, longest wait at a till %d ms, drained in %d ms, %v in all", report.Sales, report.Report.Figures.Events,
		report.StallMS, report.DrainMS, report.Took.Round(time.Millisecond))
}
