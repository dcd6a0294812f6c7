package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A quantile is never below the exact one and at most 1/64 (and a microsecond) above.
func TestQuantilesAreNearTheExactOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Uint64Range(0, 1<<36), 1, 200).Draw(t, "microseconds")
		var h histogram
		for _, us := range all {
			h.add(time.Duration(us) * time.Microsecond)
		}
		slices.Sort(all)
		for _, perMille := range []int64{1, 500, 950, 990, 1000} {
			rank := (int64(len(all))*perMille + 999) / 1000
			exact := all[max(1, rank)-1]
			got := uint64(h.quantile(perMille).Microseconds())
			if got < exact || got > exact+exact/64+1 {
				t.Fatalf("%d ‰ of %v is %d, not %d", perMille, all, got, exact)
			}
		}
	})
}

func TestBucketsHaveNoGap(t *testing.T) {
	t.Parallel()
	for bucket := range 40 << subBits {
		top := bucketTop(bucket)
		require.Equal(t, bucket, bucketOf(top))
		require.Equal(t, bucket+1, bucketOf(top+1))
	}
	require.Zero(t, (&histogram{}).quantile(990))
}

func TestANilWatchSeesNothing(t *testing.T) {
	t.Parallel()
	var w *Watch
	till := &Till{}
	w.follow(0, till)
	till.doing(WorkPaying)
	require.Nil(t, till.Observe)
}

func TestAWatchCountsWhatFailed(t *testing.T) {
	t.Parallel()
	w, till := NewWatch(), &Till{}
	w.follow(1, till)
	till.Observe(CallScan, 3*time.Millisecond, nil)
	till.Observe(CallScan, time.Millisecond, errNotReady)
	till.Observe(CallVoid, time.Millisecond, errNotReady)
	calls := w.Calls()
	require.Equal(t, []string{CallScan, CallVoid}, []string{calls[0].Call, calls[1].Call})
	require.Equal(t, []int64{1, 1, 0, 1}, []int64{calls[0].Count, calls[0].Failed, calls[1].Count, calls[1].Failed})
	require.InDelta(t, 3, calls[0].P99MS, 0.05)
	require.EqualValues(t, 1, w.Tills()[1].Calls)
}
