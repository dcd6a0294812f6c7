package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// Every log begins at the same point, id 0 and zeros. An HQ that has another hash
// there, or stands before it, has no point of this log.
func TestPointZeroIsOursToo(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		require.NoError(t, s.relay.ours(t.Context(), point{}), "an HQ that has nothing yet")
		for _, hq := range []point{{0, wire.Hash{31: 1}}, {-1, wire.Hash{}}, {-1, wire.Hash{1}}} {
			err := s.relay.ours(t.Context(), hq)
			require.Equal(t, wire.CodeFork, fault.CodeOf(err), "%v", hq)
			require.Equal(t, hardAlarm, (&pace{}).react(err))
		}
	})
}

// HQ's row of the store says that there is no event, and has a hash all the same:
// nothing is sent onto that, whether it is heard in the welcome or later.
func TestNothingIsSentOntoAWrongPointZero(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		require.Nil(t, s.relay.Status().Alarm)
		s.grpc.zero = wire.Hash{7}
		s.grpc.now().say(s.grpc.where())
		require.NotNil(t, s.relay.Status().Alarm)
		require.Equal(t, wire.CodeFork, s.relay.Status().Alarm.Code, "heard on the stream")
		s.stock(3)
		pass(2 * time.Minute)
		require.Greater(t, len(s.grpc.streams), 3, "HQ's word is asked for again")
		require.Equal(t, wire.CodeFork, s.relay.Status().Alarm.Code, "heard in the welcome")
		for _, st := range s.grpc.streams {
			require.Empty(t, st.batches)
		}
		s.grpc.zero = wire.Hash{}
		pass(time.Minute)
		require.Len(t, s.grpc.now().batches, 1, "mended at HQ: the log is sent from its beginning")
		s.grpc.now().ack(2)
		require.Nil(t, s.relay.Status().Alarm)
	})
}
