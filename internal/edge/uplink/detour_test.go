package uplink

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

var errProxy = fault.New(fault.NotFound, "hq_refused", "whoever answers knows no stream of events")

// deafen makes gRPC fail until the relay has fallen back.
func (s *stage) deafen(err error) {
	s.grpc.deaf = err
	s.grpc.now().say(errLine)
	pass(10 * time.Second)
}

func TestFallback(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.deafen(errProxy)
		require.Len(t, s.grpc.opened, 3, "three failures")
		require.Len(t, s.http.streams, 1)
		require.Equal(t, Status{Protocol: wire.HTTP, Fallback: true}, s.relay.Status())
		require.True(t, s.line.Online())
		require.Zero(t, s.line.Status().Health.Failures, "the line is good: it is the protocol")
		s.sell(2)
		pass(0)
		s.http.now().ack(1)
		require.EqualValues(t, 2, s.relay.Status().Acked)
	})
}

func TestAStreamThatNeverAnswersCountsAsAFailure(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.sell(1)
		pass(0)
		for range 3 {
			s.grpc.now().say(errLine)
			pass(time.Second)
		}
		require.Len(t, s.http.streams, 1)
	})
	play(t, Config{}, func(s *stage) {
		for range 9 {
			s.sell(1)
			pass(0)
			s.grpc.now().ack(2)
			s.grpc.now().say(errLine)
			pass(10 * time.Second)
		}
		require.Empty(t, s.http.streams, "one that answered does not")
	})
}

func TestNoFallback(t *testing.T) {
	for name, err := range map[string]error{
		"HQ says no":             fault.New(fault.Conflict, wire.CodeFenced, "no"),
		"HQ's database is away":  fault.New(fault.Unavailable, "database_unavailable", "no"),
		"HQ knows no such store": fault.New(fault.NotFound, wire.CodeStoreUnknown, "no"),
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{RetryMax: time.Second}, func(s *stage) {
				s.deafen(err)
				require.Greater(t, len(s.grpc.opened), 5)
				require.Empty(t, s.http.opened)
			})
		})
	}
	t.Run("the line is down", func(t *testing.T) {
		play(t, Config{RetryMax: time.Second}, func(s *stage) {
			for range 3 {
				s.line.Failed(errLine)
			}
			s.deafen(errLine)
			require.Empty(t, s.http.opened)
		})
	})
	t.Run("it does not get through either", func(t *testing.T) {
		play(t, Config{RetryMax: time.Second}, func(s *stage) {
			s.http.deaf = errLine
			s.deafen(errLine)
			require.NotEmpty(t, s.http.opened)
			require.Greater(t, len(s.grpc.opened), 3*len(s.http.opened)-1, "gRPC is what is tried")
			require.Equal(t, Status{Protocol: wire.GRPC}, s.relay.Status())
		})
	})
}

// The way back is tried after 30 s, 1 min, … 10 min; each time HTTP goes on at
// once if it is still closed.
func TestTheWayBack(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.deafen(errProxy)
		last := s.grpc.opened[2]
		for _, seconds := range []int{30, 60, 120, 240, 480, 600, 600} {
			n := len(s.grpc.opened)
			for len(s.grpc.opened) == n {
				pass(time.Second)
				if hq := s.http.now(); len(hq.asks) > hq.acked {
					hq.acked++
					hq.say(s.http.where())
				}
			}
			require.InDelta(t, seconds, s.grpc.opened[n].Sub(last).Seconds(), 1)
			last = s.grpc.opened[n]
			require.Equal(t, last, s.http.opened[len(s.http.opened)-1], "HTTP again, at once")
			require.True(t, s.relay.Status().Fallback)
		}
		s.grpc.deaf = nil
		s.line.Failed(errLine)
		s.line.Failed(errLine)
		s.line.Failed(errLine)
		s.line.Good()
		pass(time.Second)
		n := len(s.grpc.opened)
		s.line.Good()
		pass(time.Second)
		require.Len(t, s.grpc.opened, n+1, "the line is back: at once")
		require.Equal(t, Status{Protocol: wire.GRPC}, s.relay.Status())
		s.sell(1)
		pass(0)
		s.grpc.now().ack(2)
		s.grpc.deaf = errProxy
		s.grpc.now().say(errLine)
		pass(time.Second)
		require.True(t, s.http.now().over(), "it got through: three failures again")
	})
}

// Nothing is on its way over HTTP when gRPC is tried again, and nothing that HQ
// has goes twice.
func TestTheSwitchIsBetweenTwoConversations(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(3)
		s.grpc.upto, s.http.upto = 3, 3 // HQ had stored what gRPC lost
		s.deafen(errProxy)
		hq := s.http.now()
		require.Empty(t, hq.batches)
		s.grpc.deaf = nil
		pass(7 * time.Second)
		hq.say(s.http.where())
		pass(12 * time.Second)
		s.sell(2)
		pass(0)
		require.Len(t, hq.batches, 1)
		n := len(s.grpc.opened)
		pass(2 * time.Second)
		s.sell(1)
		pass(time.Second)
		require.Len(t, hq.batches, 1, "the way back is due: nothing more is sent")
		require.Len(t, s.grpc.opened, n, "and nothing is opened before the answer")
		s.grpc.upto = 5
		hq.ack(1)
		require.True(t, hq.over())
		require.EqualValues(t, 6, s.grpc.now().batches[0].FirstID)
	})
}

// The try of the way back fails after it was welcomed: one failure is enough.
func TestTheWayBackThatLeadsNowhere(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.deafen(errProxy)
		s.grpc.deaf = nil
		n := len(s.grpc.opened)
		for len(s.grpc.opened) == n {
			pass(time.Second)
			if hq := s.http.now(); len(hq.asks) > hq.acked {
				hq.acked++
				hq.say(s.http.where())
			}
		}
		require.False(t, s.relay.Status().Fallback)
		s.grpc.now().say(errLine)
		require.True(t, s.relay.Status().Fallback)
		require.Len(t, s.grpc.opened, n+1)
	})
}

// An HQ that restarts is away for some seconds, and its two listeners do not come
// back at once: that is no reason to leave gRPC.
func TestAShortAbsenceIsNoReasonToLeave(t *testing.T) {
	require.Equal(t, 10*time.Second, Config{}.withDefaults().DetourAfter)
	const after = 10 * time.Second
	play(t, Config{RetryMax: time.Second, DetourAfter: after}, func(s *stage) {
		s.grpc.deaf = errLine
		s.grpc.now().say(errLine)
		pass(9 * time.Second)
		require.Greater(t, len(s.grpc.opened), 5)
		s.grpc.deaf = nil
		pass(2 * time.Second)
		require.Empty(t, s.http.opened)
		require.Equal(t, wire.GRPC, s.relay.Status().Protocol)
	})
	play(t, Config{RetryMax: time.Second, DetourAfter: after}, func(s *stage) {
		s.grpc.deaf = errLine
		s.grpc.now().say(errLine)
		pass(9900 * time.Millisecond)
		require.Empty(t, s.http.opened)
		pass(time.Second)
		require.Len(t, s.http.opened, 1)
	})
	play(t, Config{RetryMin: 20 * time.Second, DetourAfter: after}, func(s *stage) {
		s.grpc.deaf = errLine
		s.grpc.now().say(errLine)
		pass(30 * time.Second)
		require.Len(t, s.grpc.opened, 2)
		require.Empty(t, s.http.opened, "two failures are few, however long they take")
	})
}

// What fails while the line is OFFLINE says nothing about the protocol.
func TestFailuresOfALineThatIsDownDoNotCount(t *testing.T) {
	down := func(s *stage) {
		for range 3 {
			s.line.Failed(errLine)
		}
	}
	up := func(s *stage) {
		s.line.Good()
		pass(time.Second)
		s.line.Good()
		pass(0)
	}
	play(t, Config{RetryMax: time.Second}, func(s *stage) {
		down(s)
		s.deafen(errLine)
		up(s)
		require.Empty(t, s.http.opened, "one failure on a line that is good")
		pass(3 * time.Second)
		require.NotEmpty(t, s.http.opened, "but three are enough")
	})
	play(t, Config{RetryMax: time.Second, DetourAfter: 10 * time.Second}, func(s *stage) {
		s.deafen(errLine) // for 10 s, not quite enough
		require.Empty(t, s.http.opened)
		down(s)
		pass(5 * time.Second)
		up(s)
		pass(8 * time.Second)
		require.Empty(t, s.http.opened, "they are counted anew")
	})
}

// The pause before the way back grew while the line was bad, too.
func TestOnlineResetsThePauseBeforeTheWayBack(t *testing.T) {
	d := &detour{ways: Ways{First: &actor{}, Second: &actor{}}, cfg: Config{}.withDefaults(), log: slog.New(slog.DiscardHandler), up: func() bool { return true },
		second: true, fallen: true, backIn: 8 * time.Minute}
	now := time.Now()
	d.failures = 2
	d.online(now)
	require.Zero(t, d.failures, "and begins a new row")
	require.True(t, d.due(now))
	d.next(now)
	require.True(t, d.failed(now, false, errLine))
	require.Equal(t, now.Add(30*time.Second), d.backAt)
	d.next(d.backAt)
	require.True(t, d.failed(now, false, errLine))
	require.Equal(t, now.Add(time.Minute), d.backAt)
}

// A proxy that forbids gRPC, in whatever words, leads to HTTP, and nobody is
// called as long as that gets through.
func TestWhoeverRefusesBetweenLeadsToHTTP(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Unauthorized, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Invalid, fault.TooLarge, fault.Unavailable} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			refused := fault.New(kind, codeRefused, "whoever answers says no")
			play(t, Config{RetryMax: time.Second}, func(s *stage) {
				s.deafen(refused)
				require.NotEmpty(t, s.http.opened)
				require.Nil(t, s.relay.Status().Alarm)
				require.True(t, s.relay.Status().Fallback)
			})
			if kind == fault.TooLarge || kind == fault.Unavailable {
				return
			}
			play(t, Config{RetryMax: time.Second}, func(s *stage) {
				s.http.deaf = refused
				s.deafen(refused)
				require.Equal(t, codeRefused, s.relay.Status().Alarm.Code, "neither gets through")
			})
			alone := func(s *stage) Ways { return Ways{First: s.grpc} }
			playOver(t, Config{RetryMax: time.Second}, alone, func(s *stage) {
				s.deafen(refused)
				require.Equal(t, codeRefused, s.relay.Status().Alarm.Code, "there is no other way")
			})
		})
	}
	require.False(t, unreached(fault.New(fault.Conflict, codeHQAhead, "no")), "that is our own log's")
}
