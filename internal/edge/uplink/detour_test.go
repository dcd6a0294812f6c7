package uplink

import (
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
