package uplink

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

func TestTheWindowNeverExceedsHQsCredit(t *testing.T) {
	play(t, Config{Batch: 1, BatchBacklog: 1}, func(s *stage) {
		s.stock(100)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying(), "the welcome's credit")
		for _, credit := range []int{3, 4, 5, 6, 7, 8, 8, 8, 5, 5, 5, 1} {
			hq.ack(credit)
			require.GreaterOrEqual(t, max(credit, 7), hq.flying())
			if credit == 8 {
				require.Equal(t, 8, hq.flying(), "and it is used")
			}
		}
		for sent := len(hq.batches); hq.flying() > 1; hq.ack(1) {
			require.Len(t, hq.batches, sent, "nothing new while more is on its way than may be")
		}
		hq.ack(1)
		require.Equal(t, 1, hq.flying())
		for i, b := range hq.batches {
			require.Equal(t, int64(i+1), b.FirstID, "in order, each once")
			require.Equal(t, s.at(int64(i)).hash, b.PrevHash)
		}
	})
}

func TestABatchGoesOutWhileOthersAreOnTheirWay(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		pass(time.Second)
		s.sell(3)
		pass(0)
		s.sell(3)
		pass(0)
		require.Equal(t, 2, s.grpc.now().flying())
		s.sell(3)
		s.sell(4)
		pass(time.Second)
		require.Equal(t, 2, s.grpc.now().flying())
		s.grpc.now().ack(2)
		require.Len(t, s.grpc.now().batches[2].Events, 7, "what waited goes together")
	})
}

func TestCreditZeroIsAPause(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(1)
		hq := s.grpc.now()
		hq.ack(0)
		s.sell(1)
		pass(14 * time.Second)
		require.Len(t, hq.batches, 1)
		pass(2 * time.Second)
		require.Equal(t, []bool{false}, hq.asks, "HQ is still asked for a sign of life")
		news := s.grpc.where()
		news.Credit = 0
		hq.say(news)
		require.Len(t, hq.batches, 1)
		hq.say(s.grpc.where())
		require.Len(t, hq.batches, 2)
		require.False(t, hq.over())
	})
}

func TestRetryAfterIsKeptTo(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(1)
		hq := s.grpc.now()
		answer := s.grpc.where()
		answer.RetryAfterMS = 2000
		hq.say(answer)
		hq.ack(8)
		s.sell(1)
		pass(1990 * time.Millisecond)
		require.Len(t, hq.batches, 1)
		pass(10 * time.Millisecond)
		require.Len(t, hq.batches, 2)
		answer = s.grpc.where()
		answer.RetryAfterMS = 1 << 40
		hq.say(answer)
		hq.ack(8)
		s.sell(1)
		for range 3 { // of the pause's at most SYNC_RETRY_MAX
			pass(10 * time.Second)
			hq.say(s.grpc.where())
		}
		require.Len(t, hq.batches, 3)
	})
}

// A drain is no failure: what is on its way is answered, then another stream is
// opened, some time within a second.
func TestDrain(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(1)
		hq := s.grpc.now()
		answer := s.grpc.where()
		answer.Drain = true
		hq.say(answer)
		s.sell(1)
		pass(time.Second)
		require.Len(t, hq.batches, 1, "nothing new is sent here")
		require.False(t, hq.over())
		hq.ack(8)
		require.True(t, hq.over())
		require.Len(t, s.grpc.streams, 1)
		pass(999 * time.Millisecond)
		require.Len(t, s.grpc.streams, 1)
		pass(time.Millisecond)
		require.Len(t, s.grpc.streams, 2)
		require.EqualValues(t, 2, s.grpc.now().batches[0].FirstID)
		require.Empty(t, s.failed)
		require.Zero(t, s.line.Status().Health.Failures)
		require.Equal(t, []int64{0, 1, 1}, s.marked)
	})
}

// An idle line that died without a word is found within 20 s, and it is tried
// again.
func TestHalfOpenIsFound(t *testing.T) {
	play(t, Config{RetryMin: time.Second}, func(s *stage) {
		pass(14 * time.Second)
		first := s.grpc.now()
		require.Empty(t, first.asks)
		pass(time.Second)
		require.Equal(t, []bool{false}, first.asks)
		pass(4900 * time.Millisecond)
		require.False(t, first.over())
		pass(200 * time.Millisecond)
		require.True(t, first.over())
		pass(time.Second)
		require.Len(t, s.grpc.streams, 2)
		for range 10 { // an answer is a sign of life
			pass(15 * time.Second)
			s.grpc.now().say(s.grpc.where())
		}
		require.Len(t, s.grpc.streams, 2)
	})
}

func TestABatchWithoutAnAnswerEndsTheStream(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(8)
		first := s.grpc.now()
		require.Equal(t, 2, first.flying())
		pass(4 * time.Second)
		first.ack(2) // it is slow, but it is there: the next one has as long
		pass(4900 * time.Millisecond)
		require.False(t, first.over())
		pass(200 * time.Millisecond)
		require.True(t, first.over())
		require.Equal(t, [][2]int64{{3, 6}}, s.failed)
		pass(10 * time.Second)
		again := s.grpc.streams[1]
		require.Equal(t, 1, again.flying(), "one batch is enough until HQ answers")
		require.EqualValues(t, 3, again.batches[0].FirstID)
	})
}

// A stream that takes nothing any more is not waited for.
func TestASendThatHangs(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		pass(time.Second)
		first := s.grpc.now()
		first.stuck = true
		s.sell(1)
		pass(5 * time.Second)
		require.True(t, first.over())
		pass(time.Second)
		require.EqualValues(t, 1, s.grpc.now().batches[0].FirstID)
	})
}

// HQ had stored what it did not answer, and says so in its welcome. One batch is
// sent once more, for what became of its events; the rest is not.
func TestALostAnswerIsAskedForOnce(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(6)
		require.Equal(t, 2, s.grpc.now().flying())
		s.grpc.upto = 4
		s.grpc.now().say(errLine)
		pass(time.Second)
		hq := s.grpc.now()
		require.Len(t, hq.batches, 1)
		require.EqualValues(t, 1, hq.batches[0].FirstID)
		hq.acked++
		answer := s.grpc.where()
		answer.FirstID, answer.Duplicates = 1, 1
		answer.Errors = []wire.EventError{{ID: 2, Code: "sum_mismatch"}}
		hq.say(answer)
		require.EqualValues(t, 5, hq.batches[1].FirstID)
		require.Equal(t, []wire.EventError{{ID: 2, Code: "sum_mismatch"}}, s.setAside)
	})
}

func TestHQIsAskedWhereItStandsEveryMinute(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(5)
		hq := s.grpc.now()
		hq.ack(2)
		for range 4 {
			pass(15 * time.Second)
			hq.say(s.grpc.where())
		}
		require.Equal(t, []bool{false, false, false, true}, hq.asks)
		require.Len(t, s.grpc.streams, 1)
		s.grpc.upto = 2
		pass(15 * time.Second)
		hq.say(s.grpc.where()) // HQ was restored from a backup
		require.True(t, hq.over())
		pass(0)
		require.EqualValues(t, 3, s.grpc.now().batches[0].FirstID, "what it lost is sent again, at once")
		require.Empty(t, s.failed)
		require.Nil(t, s.relay.Status().Alarm)
	})
}

func TestHQsWordIsComparedWithTheLog(t *testing.T) {
	word := func(upto int64, hash wire.Hash) *wire.Answer {
		return &wire.Answer{Ack: wire.Ack{ReceivedUpto: upto, ChainHash: hash}, Credit: 2}
	}
	for name, c := range map[string]struct {
		says  func(s *stage) *wire.Answer
		alarm string
	}{
		"another event":      {func(*stage) *wire.Answer { return word(2, wire.Hash{1}) }, wire.CodeFork},
		"more than we wrote": {func(*stage) *wire.Answer { return word(9, wire.Hash{1}) }, codeHQAhead},
		"ours, but another":  {func(*stage) *wire.Answer { return word(3, wire.Hash{1}) }, wire.CodeFork},
		"sent by another":    {func(s *stage) *wire.Answer { s.grpc.upto = 3; return s.grpc.where() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
				s.stock(2)
				hq := s.grpc.now()
				hq.ack(2)
				s.write(1) // not known of yet
				hq.say(c.says(s))
				require.True(t, hq.over())
				if c.alarm == "" {
					pass(0)
					require.Nil(t, s.relay.Status().Alarm)
					require.EqualValues(t, 3, s.grpc.now().begun)
					require.Empty(t, s.grpc.now().batches)
					return
				}
				require.Equal(t, c.alarm, s.relay.Status().Alarm.Code)
				pass(time.Second)
				require.Len(t, s.grpc.streams, 1, "slowly")
			})
		})
	}
}

// HQ may be asked while a batch comes in: its word is of a batch whose answer is
// still under way, and that is no news of another relay.
func TestHQsWordMayBeAheadOfItsAnswer(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(4)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying())
		for _, upto := range []int64{2, 4} {
			s.grpc.upto = upto
			hq.say(s.grpc.where())
			require.False(t, hq.over())
			require.Equal(t, int64(0), s.marked[len(s.marked)-1], "what HQ set aside is said by the answer to the batch")
		}
		hq.ack(2)
		hq.ack(2)
		require.Equal(t, int64(4), s.marked[len(s.marked)-1])
		require.Empty(t, s.failed)

		s.stock(2)
		at := s.at(6)
		hq.say(&wire.Answer{Ack: wire.Ack{ReceivedUpto: at.id, ChainHash: wire.Hash{1}}, Credit: 2})
		require.Equal(t, wire.CodeFork, s.relay.Status().Alarm.Code)
	})
}

// HQ may have more than the batch that it answers, from another relay of ours: what
// is on its way is marked by its own answer, which says what HQ set aside of it.
func TestNothingIsMarkedBeforeItsOwnAnswer(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(4)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying())
		s.grpc.upto = 4
		first := s.grpc.where()
		first.FirstID = 1
		hq.say(first)
		require.Equal(t, int64(2), s.marked[len(s.marked)-1])
		second := s.grpc.where()
		second.FirstID, second.Errors = 3, []wire.EventError{{ID: 3, EventID: s.events[2].EventID, Code: "unknown_type"}}
		hq.say(second)
		require.Equal(t, int64(4), s.marked[len(s.marked)-1])
		require.Equal(t, second.Errors, s.setAside)
		require.False(t, hq.over())
		require.EqualValues(t, 4, s.relay.Status().Acked)
	})
}

// HQ says that our log ends before its watermark. Whether that is an older backup
// of ours, a fork, or another relay that was faster, our own log tells.
func TestRewind(t *testing.T) {
	for name, c := range map[string]struct {
		upto  int64
		hash  func(s *stage) wire.Hash
		alarm string
	}{
		"an older backup":   {9, func(*stage) wire.Hash { return wire.Hash{1} }, codeHQAhead},
		"it has sold since": {3, func(*stage) wire.Hash { return wire.Hash{1} }, wire.CodeFork},
		"another relay":     {3, func(s *stage) wire.Hash { return s.at(3).hash }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				s.write(3)
				s.grpc.deaf = fault.New(fault.Conflict, wire.CodeRewind, "no").With("received_upto", c.upto).With("chain_hash", c.hash(s))
				s.grpc.now().say(errLine)
				pass(300 * time.Millisecond)
				if c.alarm != "" {
					require.Equal(t, c.alarm, s.relay.Status().Alarm.Code)
					require.Len(t, s.grpc.opened, 2, "slowly")
					return
				}
				require.Nil(t, s.relay.Status().Alarm)
				s.grpc.deaf, s.grpc.upto = nil, 3
				pass(time.Second)
				require.Len(t, s.grpc.streams, 2, "open again, soon")
			})
		})
	}
	play(t, Config{}, func(s *stage) {
		s.grpc.deaf = fault.New(fault.Conflict, wire.CodeRewind, "no details")
		s.grpc.now().say(errLine)
		pass(time.Second)
		require.Equal(t, wire.CodeRewind, s.relay.Status().Alarm.Code)
	})
}

func TestCreditExceededIsNoAlarm(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(2)
		s.grpc.now().say(fault.New(fault.TooLarge, "credit_exceeded", "too many"))
		pass(time.Second)
		require.Nil(t, s.relay.Status().Alarm)
		require.Len(t, s.grpc.now().batches[0].Events, 2, "and no reason to send less")
	})
}

// A refusal comes behind the acknowledgements of the batches before it.
func TestWhatWasAcknowledgedBeforeARefusalCounts(t *testing.T) {
	play(t, Config{Batch: 2, BatchBacklog: 2}, func(s *stage) {
		s.stock(4)
		hq := s.grpc.now()
		require.Equal(t, 2, hq.flying())
		hq.said <- func() *wire.Answer { s.grpc.upto = 2; a := s.grpc.where(); a.FirstID = 1; return a }()
		hq.say(fault.New(fault.Conflict, wire.CodeEventIDReused, "no"))
		require.Equal(t, []int64{0, 2}, s.marked)
		require.Equal(t, [][2]int64{{3, 4}}, s.failed)
		require.Equal(t, wire.CodeEventIDReused, s.relay.Status().Alarm.Code)
	})
}

func TestAnswersThatCannotBe(t *testing.T) {
	for name, spoil := range map[string]func(*stage, *wire.Answer){
		"of another batch":  func(_ *stage, a *wire.Answer) { a.FirstID = 2 },
		"of a part":         func(s *stage, a *wire.Answer) { a.ReceivedUpto, a.ChainHash = 1, s.at(1).hash },
		"with another hash": func(_ *stage, a *wire.Answer) { a.ChainHash[0]++ },
		"beyond our log":    func(_ *stage, a *wire.Answer) { a.ReceivedUpto = 99 },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Config{}, func(s *stage) {
				s.stock(2)
				hq := s.grpc.now()
				answer := s.grpc.where()
				answer.FirstID, answer.ReceivedUpto, answer.ChainHash = 1, 2, s.at(2).hash
				spoil(s, answer)
				hq.say(answer)
				require.True(t, hq.over())
				require.Equal(t, []int64{0}, s.marked)
				require.Equal(t, [][2]int64{{1, 2}}, s.failed)
			})
		})
	}
}

// Marks are written beside the sending, and those that wait are written as one.
func TestMarksAreMerged(t *testing.T) {
	play(t, Config{Batch: 1, BatchBacklog: 1}, func(s *stage) {
		pass(time.Second)
		s.slow = time.Second
		s.write(6)
		s.relay.Wake()
		pass(0)
		hq := s.grpc.now()
		for i := range 6 {
			hq.ack(2, wire.EventError{ID: int64(i + 1), Code: "x"})
		}
		require.Len(t, hq.batches, 6, "nobody waited for a mark")
		pass(3 * time.Second)
		require.Equal(t, []int64{0, 1, 6}, s.marked)
		require.Len(t, s.setAside, 6)
		require.EqualValues(t, 6, s.relay.Status().Acked)
	})
}

// The store's own database does not take a mark: the conversation ends, and the
// batch is asked for again.
func TestAMarkThatFails(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		s.stock(2)
		s.broken = errors.New("the disk is full")
		s.grpc.now().ack(2, wire.EventError{ID: 1, Code: "x"})
		require.True(t, s.grpc.now().over())
		require.Zero(t, s.line.Status().Health.Failures, "that is no news about the line")
		s.broken = nil
		pass(time.Second)
		require.EqualValues(t, 1, s.grpc.now().batches[0].FirstID)
		s.grpc.now().ack(2, wire.EventError{ID: 1, Code: "x"})
		require.Len(t, s.setAside, 1)
	})
}

func TestAnEpochThatIsNewIsToldFirst(t *testing.T) {
	play(t, Config{}, func(s *stage) {
		pass(time.Second)
		first := s.grpc.now()
		s.epoch = 2
		events := s.write(1)
		events[0].Epoch = 2
		s.told(events, time.Now())
		pass(0)
		require.True(t, first.over())
		require.Empty(t, first.batches)
		require.EqualValues(t, 2, s.grpc.now().batches[0].Epoch)
	})
}
