package sim

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// A directory without the programs is named, and nothing is left in the
// directory for scratch ones.
func TestChaosWithoutProgramsLeavesNothing(t *testing.T) {
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	report, err := Chaos(t.Context(), ChaosOptions{Sales: 1, Tills: 1, Bin: t.TempDir()})
	require.Equal(t, "program_missing", fault.CodeOf(err))
	require.Empty(t, report.Dir)
	left, err := os.ReadDir(scratch)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestChaosCountsTheCutsThatWereFelt(t *testing.T) {
	t.Parallel()
	c := &chaos{ledger: NewLedger(), report: &ChaosReport{Killed: map[Part]int{}, Cut: map[CutKind]int{}}}
	c.count(nil, []Suffered{{Kind: Slow, Hit: 3}, {Kind: Slow}, {Kind: Refused, Hit: 1}})
	require.Equal(t, map[CutKind]int{Slow: 2, Refused: 1}, c.report.Cut)
	require.Equal(t, 2, c.report.Felt)
}
