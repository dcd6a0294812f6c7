//go:build linux

package postgres_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/postgres/postgrestest"
)

// A program is killed while its initdb is at work, at moments that a seed gives:
// what is there is never taken for the shop's data, the next start cleans up,
// and nothing of initdb lives on.
func TestKilledDuringInitdb(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 0))
	for range 8 {
		moment := time.Duration(random.IntN(700)) * time.Millisecond
		t.Run("after "+moment.String(), func(t *testing.T) {
			t.Parallel()
			dir := postgrestest.DataDir(t)
			h := spawnHelper(t, "start", dir)
			require.Eventually(t, func() bool { return len(unfinished(t, dir)) == 1 }, patience, time.Millisecond)
			<-time.After(moment) // into the middle of whatever initdb does
			h.kill(t)
			half, whole := unfinished(t, dir), exists(filepath.Join(dir, "postgres"))
			t.Logf("killed %v after initdb began: %d unfinished, finished: %v", moment, len(half), whole)

			s := start(t, config(dir))
			require.Equal(t, "on", query(t, s.URL(), "show data_checksums"))
			require.Empty(t, unfinished(t, dir))
			for _, path := range half {
				require.Eventually(t, func() bool { return len(workingIn(path)) == 0 }, patience, 5*time.Millisecond)
			}
			stop(t, s)
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			for _, e := range entries {
				require.Contains(t, []string{"postgres", "postgres.log"}, e.Name())
			}
		})
	}
}

// unfinished are the clusters in the making.
func unfinished(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "postgres.new-*"))
	require.NoError(t, err)
	return paths
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// workingIn are the processes whose directory is path, or was before it was removed.
func workingIn(path string) []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink("/proc/" + e.Name() + "/cwd"); err == nil && strings.HasPrefix(cwd, path) && alive(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
