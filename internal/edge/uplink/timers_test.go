package uplink

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// A read of our own database that takes longer than HQ may is no silence of HQ's:
// what it said meanwhile is heeded first, and what lies in the connection is waited
// for a moment.
func TestASlowDatabaseIsNoSilentHQ(t *testing.T) {
	for name, c := range map[string]struct {
		read, heard time.Duration
		found       int // events that were read, and are sent at once
	}{
		"while it read":                   {6 * time.Second, time.Millisecond, 0},
		"while it read, hardly too long":  {5*time.Second + lateness/2, time.Millisecond, 0},
		"while it read what it sends":     {5*time.Second + lateness/2, time.Millisecond, 1},
		"a moment behind the end of that": {6 * time.Second, 6*time.Second + listens/2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 { // which of two things that are there comes first is chance
				play(t, Config{Silence: time.Hour, Resync: time.Hour}, func(s *stage) {
					pass(1100 * time.Millisecond)
					s.sell(1)
					pass(0)
					hq := s.grpc.now()
					require.Equal(t, 1, hq.flying())
					s.slowRead = c.read
					s.write(c.found)
					s.relay.Wake()
					pass(c.heard)
					hand()
					s.slowRead = 0
					hand()
					hq.ack(2)
					pass(7 * time.Second)
					require.Len(t, s.grpc.streams, 1)
					require.Empty(t, s.failed)
				})
			}
		})
	}
	play(t, Config{}, func(s *stage) {
		pass(1100 * time.Millisecond)
		s.sell(1)
		pass(0)
		first := s.grpc.now()
		s.slowRead = 6 * time.Second
		s.relay.Wake()
		pass(time.Millisecond)
		hand()
		s.slowRead = 0
		hand()
		pass(6*time.Second + 90*time.Millisecond)
		require.False(t, first.over())
		pass(20 * time.Millisecond)
		require.True(t, first.over(), "but not for long")
	})
}

// idle lets a second go by in which the relay has something due that it may not
// do, and tells how often it looked. A relay that never rests would stop the time.
func (s *stage) idle(t *testing.T) {
	t.Helper()
	began, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		time.Sleep(900 * time.Millisecond)
	}()
	<-done
	require.Equal(t, 900*time.Millisecond, time.Since(began))
}

// A commit was told before one that comes earlier in the log, and nothing may be
// sent: the relay waits for what lets it send, and turns no core.
func TestAGapCostsNothingWhileNothingMayBeSent(t *testing.T) {
	for name, terms := range map[string]func(*wire.Answer){
		"no credit": func(a *wire.Answer) { a.Credit = 0 },
		"a pause":   func(a *wire.Answer) { a.RetryAfterMS = 3000 },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				pass(1100 * time.Millisecond)
				s.write(1)
				s.told(s.write(1), time.Now()) // the second, and the first is not told
				pass(time.Millisecond)
				hq := s.grpc.now()
				answer := s.grpc.where()
				terms(answer)
				hand()
				hq.said <- answer
				s.idle(t)
				require.Empty(t, hq.batches)
				hand()
				answer = s.grpc.where()
				hq.say(answer)
				pass(4 * time.Second)
				require.Len(t, hq.batches[0].Events, 2, "both, as soon as it may")
			})
		})
	}
	c := resting(t)
	c.gapAt = c.pollAt.Add(-time.Hour)
	require.Equal(t, c.gapAt, c.nextLook(time.Now()))
	c.held = true
	require.Equal(t, c.pollAt, c.nextLook(time.Now()))
}

// resting is a conversation that waits for its next poll, and for nothing else.
func resting(t *testing.T) *conversation {
	t.Helper()
	now := time.Now()
	s := &stage{t: t, paper: &paper{}, grpc: &actor{protocol: wire.GRPC}}
	s.relay = New(s.paper, nil, Ways{First: s.grpc}, Config{}, nil)
	return &conversation{Relay: s.relay, at: &pace{}, pollAt: now.Add(time.Hour), resyncAt: now.Add(2 * time.Hour), heardAt: now.Add(time.Hour)}
}

// What is due and cannot be done any more is not looked for.
func TestWhatIsDueOnAQuietStreamIsNotLookedFor(t *testing.T) {
	now := time.Now()
	for name, quiet := range map[string]func(*conversation){
		"mute":    func(c *conversation) { c.mute = true },
		"leaving": func(c *conversation) { c.leaving = errDrained },
		"asked": func(c *conversation) {
			c.asked, c.since = true, now.Add(time.Hour)
			c.gapAt, c.notBefore = time.Time{}, now
		},
	} {
		c := resting(t)
		c.resyncAt, c.heardAt, c.gapAt, c.notBefore = now.Add(-time.Hour), now.Add(-time.Hour), now.Add(-time.Hour), now.Add(time.Minute)
		require.Less(t, c.nextLook(now), c.pollAt, name)
		quiet(c)
		require.Equal(t, c.pollAt, c.nextLook(now), name)
	}
	c := resting(t)
	c.pollAt = now.Add(-time.Second)
	require.Equal(t, breath, c.rests(false, now), "whatever it is: not at once")
	require.Zero(t, c.rests(true, now))
	c = resting(t)
	c.notBefore = now.Add(time.Microsecond)
	time.Sleep(time.Millisecond)
	require.Equal(t, breath, c.rests(false, now), "what has become due meanwhile is not missed")
}

// HQ, or who speaks for it, may say any number.
func TestCreditIsBounded(t *testing.T) {
	play(t, Config{Batch: 1, BatchBacklog: 1}, func(s *stage) {
		s.stock(300)
		hq := s.grpc.now()
		hq.ack(1 << 30)
		pass(time.Millisecond)
		require.Equal(t, wire.MostCredit, hq.flying())
	})
}

// The largest batch on its way may be the one that was too large.
func TestTooLargeBehindALoneSale(t *testing.T) {
	play(t, Config{Batch: 50}, func(s *stage) {
		pass(1100 * time.Millisecond)
		s.sell(1)
		pass(0)
		s.sell(50)
		pass(0)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying())
		hq.say(fault.New(fault.TooLarge, codeRefused, "a proxy: too large"))
		pass(0)
		require.Nil(t, s.relay.Status().Alarm)
		require.Len(t, s.grpc.now().batches[0].Events, 25)
	})
}

// Nodes that let the store go before anything is done are asked less and less.
func TestDrainsThatLeadNowhereSlowDown(t *testing.T) {
	for name, c := range map[string]struct {
		sold int
		gaps []int // between two streams, in seconds
	}{
		"there is something to do": {3, []int{1, 2, 4, 8, 8}},
		"there is nothing to do":   {0, []int{1, 1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{RetryMax: 8 * time.Second}, func(s *stage) {
				s.write(c.sold)
				s.grpc.drains = true
				s.grpc.now().say(errLine)
				pass(200 * time.Millisecond)
				for i, seconds := range c.gaps {
					require.Len(t, s.grpc.opened, i+2)
					pass(time.Duration(seconds)*time.Second - time.Millisecond)
					require.Len(t, s.grpc.opened, i+2)
					pass(time.Millisecond)
				}
				if c.sold == 0 {
					return
				}
				s.grpc.drains = false
				pass(8 * time.Second)
				hq := s.grpc.now()
				hq.ack(2)
				n := len(s.grpc.opened)
				s.grpc.drains = true
				answer := s.grpc.where()
				answer.Drain = true
				hq.say(answer)
				pass(time.Second)
				require.Len(t, s.grpc.opened, n+1, "a batch was acknowledged: it begins anew")
			})
		})
	}
}

// HQ stands elsewhere than we thought while batches are on their way: what became
// of them is asked for, as when an answer is lost.
func TestWhatIsOnItsWayWhenAConversationBeginsAnewIsNotForgotten(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(6)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying())
		s.grpc.upto = 3 // the end of none of our batches: another relay of ours was faster
		hq.say(s.grpc.where())
		require.True(t, hq.over())
		require.Equal(t, [][2]int64{{1, 4}}, s.failed)
		again := s.grpc.now()
		require.NotSame(t, hq, again)
		require.EqualValues(t, 1, again.batches[0].FirstID, "the answer says what HQ has set aside")
	})
}

// HQ refuses and says for how long it is to be left alone: at least so long, but
// never longer than SYNC_RETRY_MAX.
func TestARefusalsPauseIsKeptTo(t *testing.T) {
	for asked, waits := range map[time.Duration]time.Duration{3 * time.Second: 3 * time.Second, time.Hour: 10 * time.Second, time.Millisecond: 200 * time.Millisecond} {
		play(t, Config{RetryMax: 10 * time.Second}, func(s *stage) {
			s.grpc.now().say(fault.New(fault.Unavailable, "store_busy", "busy").With("retry_after", asked))
			pass(waits - time.Millisecond)
			require.Len(t, s.grpc.opened, 1)
			pass(time.Millisecond)
			require.Len(t, s.grpc.opened, 2)
			require.Empty(t, s.http.opened)
		})
	}
}
