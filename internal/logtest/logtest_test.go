package logtest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/logtest"
)

// Under -race it also shows that reading meanwhile is no race.
func TestALogIsReadWhileItIsWritten(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for range 100 {
				_, _ = fmt.Fprintln(&log, "line", i)
				_ = log.String()
			}
		})
	}
	writers.Wait()
	require.Equal(t, 800, strings.Count(log.String(), "\n"))
	require.Equal(t, 100, strings.Count(log.String(), "line 3\n"))
}
