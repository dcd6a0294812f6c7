//go:build unix

package postgres

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a killed initdb had started may write to the unfinished cluster for a
// moment longer. A writer must hit the one between the last look into a
// directory and its removal, so there are many rounds.
func TestRemoveAllUnderAWriter(t *testing.T) {
	t.Parallel()
	for round := range 40 {
		dir := filepath.Join(t.TempDir(), unfinishedPrefix+strconv.Itoa(round))
		inner := filepath.Join(dir, "pg_wal")
		require.NoError(t, os.MkdirAll(inner, 0o700))
		writing, gone := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(gone)
			for n, end := 0, time.Now().Add(50*time.Millisecond); time.Now().Before(end); n++ {
				if os.Symlink("x", filepath.Join(inner, strconv.Itoa(n))) != nil {
					return // it has been removed
				}
				if n == 0 {
					close(writing)
				}
			}
		}()
		<-writing
		require.NoError(t, removeAll(t.Context(), dir))
		require.NoDirExists(t, dir)
		<-gone
	}
}
