package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
)

// A command that only reads makes no data where there is none: it says where it
// looked.
func TestNoDataIsSaid(t *testing.T) {
	t.Parallel()
	dir := postgrestest.DataDir(t)
	for _, args := range [][]string{{"outbox", "list"}, {"outbox", "verify"}, {"terminal", "list"}, {"staff", "list"}, {"audit", "list"}} {
		r := storeEdge(t, []string{"EDGE_DATA_DIR=" + dir}, args...)
		require.Equal(t, 78, r.code, args)
		require.Empty(t, r.stdout)
		require.Contains(t, r.stderr, "EDGE_DATA_DIR: there is no data in "+dir)
		require.NoDirExists(t, dir, args)
	}
	r := storeEdge(t, nil, "outbox", "list")
	require.Equal(t, 78, r.code)
	require.Contains(t, r.stderr, filepath.Join("data", "edge"), "by its whole path")
	require.Regexp(t, `there is no data in /`, r.stderr)
}
