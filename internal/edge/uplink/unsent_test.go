package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// While no conversation can be opened, each try of one is a try of the batch that
// it was to begin with, and of nothing behind that.
func TestAConversationThatIsNotOpenedIsATryOfWhatWaits(t *testing.T) {
	play(t, Config{Batch: 3, BatchBacklog: 3, RetryMin: time.Second, RetryMax: time.Second}, func(s *stage) {
		s.stock(2)
		s.grpc.now().ack(2)
		hand()
		s.relay.detour.ways.Second = nil
		s.grpc.deaf = errLine
		s.grpc.now().say(errLine)
		pass(5 * time.Second)
		require.Empty(t, s.failed, "nothing waits")

		s.write(1)
		pass(time.Second)
		require.Equal(t, [][2]int64{{3, 3}}, s.failed)
		s.write(9)
		pass(2 * time.Second)
		require.Equal(t, [][2]int64{{3, 3}, {3, 5}, {3, 5}}, s.failed)
		require.Equal(t, "hq_unreachable: the cable is out", s.reason)

		s.grpc.deaf = nil
		tries := len(s.failed)
		pass(time.Second)
		require.NotEmpty(t, s.grpc.now().batches)
		require.Len(t, s.failed, tries, "one that is open is no failure")
	})
}

// So is one that HQ's welcome puts an end to: what waits is not sent, and the rows
// say why.
func TestAWelcomeThatIsRefusedIsATryOfWhatWaits(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.write(2)
		s.grpc.zero = wire.Hash{7}
		s.grpc.now().say(s.grpc.where())
		pass(time.Minute)
		require.GreaterOrEqual(t, len(s.failed), 2)
		require.Equal(t, [2]int64{1, 2}, s.failed[len(s.failed)-1])
		require.Contains(t, s.reason, wire.CodeFork)
	})
}

// What is for our own database, or a drain, is no try.
func TestWhatIsNoTry(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.write(1)
		s.broken = fault.New(fault.Unavailable, "database_unavailable", "away")
		s.grpc.now().say(errLine)
		pass(time.Minute)
		require.Greater(t, len(s.grpc.opened), 2)
		require.Empty(t, s.failed)
	})
	play(t, Config{}, func(s *stage) {
		s.write(1)
		s.grpc.drains = true
		answer := s.grpc.where()
		answer.Drain = true
		s.grpc.now().say(answer)
		pass(time.Minute)
		require.Greater(t, len(s.grpc.opened), 2)
		require.Empty(t, s.failed)
	})
}

// The rows of the outbox say it, also those of a shop that was started while HQ
// was away; when HQ has them, the reason is gone.
func TestTheOutboxTellsThatNoConversationOpens(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cfg := fast
	cfg.Batch = 5
	s.sell(20, 10)
	_, stop := s.start(cfg)
	s.drained(20)
	stop()
	s.hq.change(func() { s.hq.deaf = fault.New(fault.Unauthorized, "token_invalid", "no") })
	r, stop := s.start(cfg)
	defer stop()
	s.sell(7, 10)
	s.eventually("tries are counted", func() bool { return s.entries()[20].PublishAttempts >= 3 })
	entries := s.entries()
	require.Equal(t, "token_invalid: no", *entries[24].LastError)
	require.Zero(t, entries[25].PublishAttempts, "it is behind what is tried")
	require.Equal(t, int32(1), entries[19].PublishAttempts)
	require.NotNil(t, r.Status().Alarm)
	s.hq.change(func() { s.hq.deaf = nil })
	s.drained(27)
	require.Nil(t, s.entries()[24].LastError)
}
