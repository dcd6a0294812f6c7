package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While HQ says that it lives, a batch that waits there is waited for; but not for
// ever, and HQ's silence is still found.
func TestHQThatSaysThatItLivesIsWaitedFor(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(4)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying())
		lives := func(seconds int) {
			for range seconds / 2 {
				pass(2 * time.Second)
				hq.say(s.grpc.where())
			}
		}
		lives(40)
		require.False(t, hq.over())
		hq.ack(2) // that was long, but the next one has as long
		lives(48)
		require.False(t, hq.over())
		pass(1900 * time.Millisecond)
		require.False(t, hq.over())
		pass(100 * time.Millisecond)
		require.True(t, hq.over(), "50 s without an acknowledgement")
		require.Equal(t, [][2]int64{{3, 4}}, s.failed)
		require.Nil(t, s.relay.Status().Alarm)
		require.Len(t, s.grpc.streams[0].batches, 2, "and nothing was sent twice meanwhile")
	})
	play(t, Config{}, func(s *stage) {
		s.stock(1)
		hq := s.grpc.now()
		pass(4 * time.Second)
		hq.say(s.grpc.where())
		pass(4900 * time.Millisecond)
		require.False(t, hq.over())
		pass(100 * time.Millisecond)
		require.True(t, hq.over(), "5 s after the last word")
	})
}

// An idle minute does not count as waiting for a batch.
func TestWaitingBeginsWithTheBatch(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		hq := s.grpc.now()
		for range 4 {
			pass(14 * time.Second)
			hq.say(s.grpc.where())
		}
		s.stock(1)
		pass(time.Second)
		require.False(t, hq.over())
		hq.ack(2)
		pass(2 * time.Second)
		s.stock(1)
		pass(time.Second)
		require.False(t, hq.over())
	})
}

// An answer that took HQ long is no reason for larger batches, whatever HQ said meanwhile.
func TestASlowAnswerDoesNotGrowTheBatch(t *testing.T) {
	play(t, Config{Batch: 8, BatchBacklog: 8, RetryMin: time.Millisecond, RetryMax: time.Millisecond}, func(s *stage) {
		s.stock(20)
		for range 2 {
			s.grpc.now().say(errLine)
			pass(time.Second)
		}
		hq := s.grpc.now()
		require.Len(t, hq.batches[0].Events, 4, "halved")
		pass(2 * time.Second)
		hq.say(s.grpc.where())
		pass(2 * time.Second)
		hq.ack(1)
		require.Len(t, hq.batches[1].Events, 4)
		hq.ack(1)
		require.Len(t, hq.batches[2].Events, 8, "that was quick")
	})
}
