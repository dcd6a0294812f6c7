package arch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFaultMatrixNamesItsCases(t *testing.T) {
	t.Parallel()
	breaches, err := CheckFaults(repository)
	require.NoError(t, err)
	report(t, breaches)
}

func TestAFaultMatrixThatLies(t *testing.T) {
	t.Parallel()
	root := write(t, map[string]string{
		"docs/faults.md": "| 3 | dies | `TestFault03Dies` | x |\n| 4 | gone | `TestFault04Gone` | x |\n| 5 | `TestFault06Prints` | `TestFault05…` | `TestElsewhere` |\n",
		"test/faults/a_test.go": "package faults\n\nfunc TestFault03Dies(t *testing.T) {}\n\nfunc TestFault06Prints(t *testing.T) {}\n\n" +
			"func TestHelper(t *testing.T) {}\n\nfunc TestFaultless(t *testing.T) {}\n",
		"cmd/hq-platform/b_test.go": "package main\n\nfunc TestElsewhere(t *testing.T) {}\n",
	})
	breaches, err := CheckFaults(root)
	require.NoError(t, err)
	require.Equal(t, []string{"docs/faults.md names TestFault04Gone, which is not there", "docs/faults.md has no row 6 with TestFault06Prints"}, breaches)
	_, err = CheckFaults(t.TempDir())
	require.Error(t, err)
}
