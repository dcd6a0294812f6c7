package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// The answer to a batch that was sent once more is lost as well: it is sent again,
// from where it began, although the journal is marked beyond it.
func TestAnAnswerThatIsLostTwice(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(6)
		require.Equal(t, 2, s.grpc.now().flying())
		s.grpc.upto = 4
		for range 2 {
			s.grpc.now().say(errLine)
			pass(time.Second)
			hq := s.grpc.now()
			require.Len(t, hq.batches, 1)
			require.EqualValues(t, 1, hq.batches[0].FirstID)
			require.Equal(t, int64(4), s.marked[len(s.marked)-1])
		}
		hq := s.grpc.now()
		hq.acked++
		answer := s.grpc.where()
		answer.FirstID, answer.Duplicates = 1, 1
		answer.Errors = []wire.EventError{{ID: 2, Code: "sum_mismatch"}}
		hq.say(answer)
		require.EqualValues(t, 5, hq.batches[1].FirstID)
		require.Equal(t, []wire.EventError{{ID: 2, Code: "sum_mismatch"}}, s.setAside)
	})
}
