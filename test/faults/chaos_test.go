package faults

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/sim"
)

// 2,000 sales on five tills, 5 kills of the edge, HQ and either PostgreSQL, and
// 5 cuts of the line, one of each kind: `pos-sim chaos --seed 4 --sales 2000`. Whether
// a cut answer makes the edge send a batch once more is a matter of the moment here;
// TestAnAnswerThatIsCutIsAskedForOnce has it for certain.
func TestTwoThousandSalesOfFiveTills(t *testing.T) {
	chaos(t, sim.ChaosOptions{Seed: 4, Sales: 2000, Kills: 5, Cuts: 5, Protocol: "grpc"})
}

// The same, half as long, over HTTP: `pos-sim chaos --seed 4 --sales 1000 --protocol http`.
func TestAThousandSalesOfFiveTillsOverHTTP(t *testing.T) {
	chaos(t, sim.ChaosOptions{Seed: 4, Sales: 1000, Kills: 5, Cuts: 5, Protocol: "http"})
}

// `pos-sim chaos --seed 4 --sales 20000 --kills 15 --cuts 15`.
func TestTwentyThousandSalesWithKillsAndCuts(t *testing.T) {
	if os.Getenv("TIEM_FAULTS") != "all" {
		t.Skip("takes minutes: TIEM_FAULTS=all runs it")
	}
	chaos(t, sim.ChaosOptions{Seed: 4, Sales: 20_000, Kills: 15, Cuts: 15})
}

func chaos(t *testing.T, o sim.ChaosOptions) {
	t.Helper()
	o.Tills, o.Bin, o.Catalogue, o.Say = 5, bin, demo.Catalogue, os.Stderr
	report, err := sim.Chaos(t.Context(), o)
	require.NoError(t, err)
	require.True(t, report.OK)
	require.GreaterOrEqual(t, report.Sales, o.Sales)
	require.Len(t, report.Struck, o.Kills)
	require.Len(t, report.Suffered, o.Cuts)
	require.Equal(t, report.Sales, report.Report.Figures.Acked, "the oracle found what the cashiers saw")
	felt := 0
	for _, cut := range report.Suffered {
		felt += cut.Hit
	}
	require.Positive(t, felt, "the line was cut while it was used")
	require.Equal(t, report.Voided, report.Report.Figures.Voids, "each basket that was given up is told of, once")
	require.Positive(t, report.Tills.Resumed)
	require.Equal(t, report.Tills.Died, report.Tills.TakenOver)
	require.Positive(t, report.Tills.TakenOver)
	require.Positive(t, report.Report.Figures.Overrides)
	t.Logf("%d sales, %d events, %d of them tried more than once, %d sent again although HQ had them, longest wait at a till %d ms, drained in %d ms, %v in all",
		report.Sales, report.Report.Figures.Events, report.Report.Figures.Retried, report.Redelivered, report.StallMS, report.DrainMS, report.Took.Round(time.Millisecond))
}
