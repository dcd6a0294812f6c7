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

// While tills are busy a backlog has one batch on its way, and after it a pause;
// what they sell meanwhile is no backlog, and waits for answers only.
func TestHowABacklogIsPipelined(t *testing.T) {
	traffic := &Traffic{}
	traffic.Enter()
	play(t, Config{Batch: 10, BatchBacklog: 20, Traffic: traffic}, func(s *stage) {
		hq := s.grpc.now()
		s.grpc.credit = 8
		s.stock(1000)
		hq.say(s.grpc.where())
		require.Equal(t, 1, hq.flying())
		pass(10 * time.Millisecond)
		hq.ack(8)
		require.Equal(t, 0, hq.flying())
		pass(39 * time.Millisecond)
		require.Equal(t, 0, hq.flying(), "four times as long as it took")
		pass(time.Millisecond)
		require.Equal(t, 1, hq.flying())
		require.Len(t, hq.batches[1].Events, 10)
		traffic.Leave()
		pass(rush)
		hq.ack(8)
		require.Equal(t, 8, hq.flying(), "nobody sells")
		require.Len(t, hq.batches[2].Events, 20)
	})
	traffic = &Traffic{}
	traffic.Enter()
	play(t, Config{Batch: 10, BatchBacklog: 20, Traffic: traffic}, func(s *stage) {
		s.grpc.credit = 8
		s.grpc.now().say(s.grpc.where())
		hq := s.grpc.now()
		for range 4 {
			s.sell(3)
			pass(0)
		}
		require.Equal(t, 2, hq.flying())
		hq.ack(8)
		require.Len(t, hq.batches[2].Events, 6, "behind an answer there is no pause")
	})
}
