package faults

import (
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/sim"
	"tiem/internal/sim/scenario"
	"tiem/scenarios"
)

// A shipped scenario from its text to the oracle: `pos-sim run --scenario quick-look`.
func TestAScenarioIsPlayedAndProven(t *testing.T) {
	text, err := fs.ReadFile(scenarios.Files, "quick-look.txt")
	require.NoError(t, err)
	s, err := scenario.Parse(string(text))
	require.NoError(t, err)
	pulled, pending := false, int64(0)
	report, err := sim.Run(t.Context(), sim.RunOptions{Title: s.Title, Seed: 1, Terminals: s.Tills, Speed: s.Speed, Closes: s.Closes, Events: s.Events,
		Stores: 1, Bin: bin, Catalogue: demo.Catalogue, Every: 100 * time.Millisecond, Show: func(p sim.Picture) {
			pulled = pulled || p.Line == "the cable is pulled"
			pending = max(pending, p.Stores[0].Pending)
		}})
	require.NoError(t, err)
	require.True(t, report.OK)
	require.True(t, pulled, "one sees it")
	require.Greater(t, pending, int64(10), "HQ lacked what was sold meanwhile")
	require.Positive(t, report.Tills.TakenOver)
	require.Positive(t, report.Sales)
	proof := report.Stores[0]
	require.Equal(t, report.Sales, proof.Report.Figures.Sales)
	require.Len(t, proof.Audits, 2, "both programs' own verifiers agree")
}

// Three shops, each with tills, a log and receipts of its own, against one HQ.
func TestSeveralShopsAgainstOneHQ(t *testing.T) {
	report, err := sim.Run(t.Context(), sim.RunOptions{Title: "three shops", Seed: 3, Terminals: 2, Speed: 200, Sales: 60, Stores: 3, Bin: bin, Catalogue: demo.Catalogue,
		Events: []scenario.Event{{Kind: scenario.Pulled, At: 300 * time.Millisecond, Lasts: 500 * time.Millisecond}}})
	require.NoError(t, err)
	require.Len(t, report.Stores, 3)
	for i, store := range report.Stores {
		require.Equal(t, []string{"S1", "S2", "S3"}[i], store.StoreID)
		require.True(t, store.Report.OK)
		require.Equal(t, 20, store.Report.Figures.Sales)
	}
}
