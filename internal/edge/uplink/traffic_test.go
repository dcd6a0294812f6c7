package uplink

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

func TestTrafficIsBusyDuringACallAndAMomentAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var nobody *Traffic
		require.False(t, nobody.Busy())
		traffic := &Traffic{}
		require.False(t, traffic.Busy())
		traffic.Enter()
		traffic.Enter()
		time.Sleep(time.Hour)
		require.True(t, traffic.Busy())
		traffic.Leave()
		time.Sleep(time.Hour)
		require.True(t, traffic.Busy(), "one waits still")
		traffic.Leave()
		require.True(t, traffic.Busy())
		time.Sleep(rush)
		require.False(t, traffic.Busy())
	})
}

// While tills are busy, a backlog travels in small batches, with pauses.
func TestABacklogGivesWay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(120, 10)
	traffic := &Traffic{}
	traffic.Enter()
	const work = 10 * time.Millisecond
	var arrived []time.Time
	s.hq.refuse = func(*wire.Batch) error {
		arrived = append(arrived, time.Now())
		time.Sleep(work) // a batch takes so long at least
		return nil
	}
	s.relay(Config{Batch: 10, BatchBacklog: 40, Poll: 20 * time.Millisecond, Resync: time.Hour, Traffic: traffic})
	s.eventually("it begins", func() bool { return len(s.hq.ids()) >= 30 })
	s.hq.change(func() {
		for _, size := range s.hq.sizes {
			require.Equal(t, 10, size)
		}
		for i := 2; i < len(arrived); i++ { // the first batch of all is not yet one of a backlog
			require.GreaterOrEqual(t, arrived[i].Sub(arrived[i-1]), (1+wayShare)*work)
		}
	})
	traffic.Leave()
	s.drained(120)
}

func TestThePauseBetweenBatchesOfABacklog(t *testing.T) {
	t.Parallel()
	require.Equal(t, 40*time.Millisecond, way(10*time.Millisecond))
	require.Equal(t, 100*time.Millisecond, way(time.Second), "a slow line is slow enough")
}
