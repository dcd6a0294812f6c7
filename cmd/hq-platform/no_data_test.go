package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
)

// A command that has nothing to do without data makes none.
func TestNoDataIsSaid(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	for _, args := range [][]string{
		{"store", "list"}, {"verify", "--store", "S1"}, {"rebuild", "--store", "S1"},
		{"quarantine", "list"}, {"quarantine", "show", "--store", "S1", "1"}, {"quarantine", "replay", "--store", "S1", "--all"},
	} {
		code, stdout, stderr := hqPlatform(t, []string{}, append(args, "--hq-data-dir", dir)...)
		require.Equal(t, 78, code, args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "HQ_DATA_DIR: there is no data in "+dir)
		require.NoDirExists(t, dir, args)
	}
}
