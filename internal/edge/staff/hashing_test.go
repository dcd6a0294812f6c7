package staff

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// One PIN is hashed at a time, whoever asks. (Not parallel: it holds the place.)
func TestOneAtATime(t *testing.T) {
	var inside, most atomic.Int32
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			_ = inTurn(t.Context(), func() error {
				most.Store(max(most.Load(), inside.Add(1)))
				newPHC("4826", cheap)
				inside.Add(-1)
				return nil
			})
		})
	}
	running.Wait()
	require.EqualValues(t, 1, most.Load())

	failure := errors.New("no")
	err := inTurn(t.Context(), func() error {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		err := inTurn(gone, func() error { return errors.New("two at once") })
		require.Equal(t, "pin_check_busy", fault.CodeOf(err))
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		return failure
	})
	require.ErrorIs(t, err, failure)
	require.NoError(t, inTurn(t.Context(), func() error { return nil }), "the place is given back")
}
