package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eager is a far end that gives all the credit there is.
func eager(s *stage) *lines {
	pass(time.Second)
	hq := s.grpc.now()
	news := s.grpc.where()
	news.Credit = 8
	hq.say(news)
	return hq
}

// A lone sale goes at once, and so does one behind it. From two on their way on,
// only a full batch goes, and what is sold meanwhile waits and travels together.
func TestSalesTravelTogetherWhileHQIsSlow(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		hq := eager(s)
		reads := s.reads
		for i := range 2 {
			s.sell(3)
			pass(0)
			require.Len(t, hq.batches, i+1)
		}
		for range 10 {
			s.sell(3)
			pass(time.Millisecond)
		}
		require.Len(t, hq.batches, 2)
		hq.ack(8)
		require.Len(t, hq.batches, 3)
		require.Len(t, hq.batches[2].Events, 30, "all of them, and at once")

		for range 20 {
			s.sell(3)
			pass(time.Millisecond)
		}
		require.Len(t, hq.batches, 4)
		require.Len(t, hq.batches[3].Events, 50, "a full one waits for nobody")
		hq.ack(8)
		require.Len(t, hq.batches, 4, "two are still on their way")
		hq.ack(8)
		require.Len(t, hq.batches[4].Events, 10)
		for i := 1; i < len(hq.batches); i++ {
			require.Equal(t, hq.batches[i-1].LastID()+1, hq.batches[i].FirstID)
		}
		require.Equal(t, reads, s.reads, "and nothing was read for it")
	})
}

// What only the journal knows of waits as well, and is sent behind what was read
// before it, once.
func TestWhatIsReadTravelsTogetherToo(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		hq := eager(s)
		for range 12 {
			s.stock(3)
		}
		require.Equal(t, 2, hq.flying())
		pass(2 * time.Second) // some polls
		require.Equal(t, 2, hq.flying())
		for hq.flying() > 0 {
			hq.ack(8)
		}
		at := int64(0)
		for _, b := range hq.batches {
			require.Equal(t, at+1, b.FirstID)
			at = b.LastID()
		}
		require.EqualValues(t, 36, at)
		require.LessOrEqual(t, len(hq.batches), 4)
		require.Len(t, s.grpc.streams, 1)
	})
}

// A batch that is full by its bytes is full.
func TestAHeavyBatchIsFull(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		hq := eager(s)
		for range 4 {
			events := s.write(1)
			events[0].Payload = string(make([]byte, maxPayload/2))
			s.told(events, time.Now())
			pass(0)
		}
		require.Len(t, hq.batches, 4)
	})
}

// A backlog's batches go side by side, and what is left of it at the end waits as
// sales do.
func TestABacklogStillGoesSideBySide(t *testing.T) {
	play(t, Config{Batch: 5, BatchBacklog: 10}, func(s *stage) {
		hq := eager(s)
		s.stock(5 + 10 + 10 + 10 + 7)
		sizes := func() (n []int) {
			for _, b := range hq.batches {
				n = append(n, len(b.Events))
			}
			return n
		}
		require.Equal(t, []int{5, 10, 10, 10, 7}, sizes(), "more than a live batch is enough")
		s.stock(3)
		require.Len(t, hq.batches, 5)
		for hq.flying() > 1 {
			hq.ack(8)
		}
		require.Equal(t, []int{5, 10, 10, 10, 7, 3}, sizes())
	})
}
