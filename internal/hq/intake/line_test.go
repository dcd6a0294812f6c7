package intake

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

// busyError is that of a store whose line could not be waited for.
func busyError(t *testing.T, err error) {
	t.Helper()
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Equal(t, "store_busy", fault.CodeOf(err))
}

func TestAStoreStandsInItsOwnLineOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lines
		leave, err := l.enter(t.Context(), "S1")
		require.NoError(t, err)
		other, err := l.enter(t.Context(), "S2")
		require.NoError(t, err)
		in, all := make(chan func(), lineLength), sync.WaitGroup{}
		for range lineLength - 1 {
			all.Go(func() {
				leave, err := l.enter(t.Context(), "S1")
				require.NoError(t, err)
				in <- leave
			})
		}
		synctest.Wait()
		require.Empty(t, in)
		_, err = l.enter(t.Context(), "S1")
		busyError(t, err)
		for range lineLength - 1 {
			leave()
			synctest.Wait()
			require.Len(t, in, 1, "one at a time")
			leave = <-in
		}
		leave()
		other()
		all.Wait()
		require.Empty(t, l.of)
	})
}

func TestWhoeverLeavesTheLineHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lines
		first, err := l.enter(t.Context(), "S1")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = l.enter(ctx, "S1")
		busyError(t, err)
		first()
		require.Empty(t, l.of)
		leave, err := l.enter(t.Context(), "S1")
		require.NoError(t, err)
		leave()
	})
}
