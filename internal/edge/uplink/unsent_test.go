package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// While no conversation can be opened, each try of one is a try of the event that
// it was to begin with, and of nothing behind that.
func TestAConversationThatIsNotOpenedIsATryOfWhatWaits(t *testing.T) {
	play(t, Config{RetryMin: time.Second, RetryMax: time.Second}, func(s *stage) {
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
		require.Equal(t, [][2]int64{{3, 3}, {3, 3}, {3, 3}}, s.failed)
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
		require.Equal(t, [2]int64{1, 1}, s.failed[len(s.failed)-1])
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
	require.Equal(t, "token_invalid: no", *entries[20].LastError)
	require.Zero(t, entries[21].PublishAttempts, "it is behind what is tried")
	require.Equal(t, int32(1), entries[19].PublishAttempts)
	require.NotNil(t, r.Status().Alarm)
	s.hq.change(func() { s.hq.deaf = nil })
	s.drained(27)
	require.Nil(t, s.entries()[20].LastError)
}

// So they do when HQ fell back: what waits is behind what HQ had acknowledged
// once, and is not where HQ's last word would have had the relay begin.
func TestTheOutboxTellsItWhenHQFellBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(9, 10)
	journal := NewJournal(s.db)
	for _, upto := range []int64{7, 3} {
		require.NoError(t, journal.Mark(t.Context(), upto, nil))
	}
	for _, c := range []struct {
		what        string
		first, last int64
		want        []int32 // tries
	}{
		{"not opened", 4, 4, []int32{1, 1, 1, 1, 1, 1, 1, 1, 0}},
		{"HQ had had all of it", 4, 6, []int32{1, 1, 1, 1, 1, 1, 1, 2, 0}},
		{"HQ had had some of it", 4, 9, []int32{1, 1, 1, 1, 1, 1, 1, 3, 1}},
		{"sent behind what waits", 9, 9, []int32{1, 1, 1, 1, 1, 1, 1, 3, 2}},
	} {
		require.NoError(t, journal.Failed(t.Context(), c.first, c.last, "hq_unreachable: away"))
		var tries []int32
		for _, e := range s.entries() {
			tries = append(tries, e.PublishAttempts)
		}
		require.Equal(t, c.want, tries, c.what)
	}
	require.NoError(t, journal.Mark(t.Context(), 9, nil))
	require.NoError(t, journal.Failed(t.Context(), 4, 4, "hq_unreachable: away"))
	for _, e := range s.entries() {
		require.Nil(t, e.LastError, "nothing waits")
	}
}
