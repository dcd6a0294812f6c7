package postgres

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestGentlyRestsFourTimesAsLongAsItWorks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun, worked := time.Now(), 0
		total, err := Gently(t.Context(), 10, func(context.Context) (int64, bool, error) {
			worked++
			<-time.After(time.Second) // the bubble's clock
			return 500, worked < 3, nil
		})
		require.NoError(t, err)
		require.EqualValues(t, 1500, total)
		require.Equal(t, 3*time.Second+2*4*time.Second, time.Since(begun), "and not after the last")
	})
}

func TestGentlyStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		total, err := Gently(t.Context(), 4, func(context.Context) (int64, bool, error) { return 1, true, nil })
		require.NoError(t, err, "the rest is the next round's")
		require.EqualValues(t, 4, total)
		require.Equal(t, 3*restAtLeast, time.Since(begun))

		trouble := errors.New("trouble")
		total, err = Gently(t.Context(), 4, func(context.Context) (int64, bool, error) { return 1, true, trouble })
		require.ErrorIs(t, err, trouble)
		require.EqualValues(t, 1, total)

		ctx, cancel := context.WithCancel(t.Context())
		total, err = Gently(ctx, 4, func(context.Context) (int64, bool, error) { cancel(); return 1, true, nil })
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.EqualValues(t, 1, total, "no second batch once it is to stop")
	})
}
