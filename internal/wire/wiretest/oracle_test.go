package wiretest

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/wire"
)

// logOf is a log of n events.
func logOf(n int) (log []wire.Event) {
	for i := range n {
		log = append(log, nextEvent(watched, 1, log, uint64(i+1), "Noted"))
	}
	return log
}

// word is HQ's answer to the batch that begins at first.
func word(log []wire.Event, first, upto int64, credit int) *wire.Answer {
	a := &wire.Answer{Ack: wire.Ack{ReceivedUpto: upto}, FirstID: first, Credit: credit}
	if upto > 0 {
		a.ChainHash = log[upto-1].Hash
	}
	return a
}

// The oracle's eyes, one by one: each story breaks one rule, and would be a good
// one without its last step.
func TestTheOracleSees(t *testing.T) {
	t.Parallel()
	log := logOf(9)
	one := func(id int64) *wire.Batch { return batchOf(log, 1, id, id) }
	changed := func(id int64) []wire.Event {
		events := []wire.Event{log[id-1]}
		events[0].Payload += " "
		return events
	}
	opened := func(o *Oracle, upto int64, credit int) {
		o.opened(1, &Way{protocol: wire.GRPC}, word(log, 0, upto, credit))
	}
	for name, c := range map[string]struct {
		check string
		tell  func(o *Oracle)
	}{
		"an answer beyond what is durable": {"durable", func(o *Oracle) { o.answered(watched, word(log, 1, 4, 2), true) }},
		"an answer with another hash":      {"durable", func(o *Oracle) { o.answered(watched, &wire.Answer{Ack: wire.Ack{ReceivedUpto: 3}}, true) }},
		"a mark beyond what is durable":    {"published", func(o *Oracle) { o.marked(&seen{}, 4, log[3].Hash, nil) }},
		"a mark with another hash":         {"published", func(o *Oracle) { o.marked(&seen{}, 3, log[3].Hash, nil) }},
		"an answer beyond HQ's backup":     {"durable", func(o *Oracle) { o.fellBack(2); o.answered(watched, word(log, 1, 3, 2), true) }},
		"a mark that goes back": {"published", func(o *Oracle) {
			var s seen
			o.marked(&s, 3, log[2].Hash, nil)
			o.marked(&s, 2, log[1].Hash, nil)
		}},
		"a mark that goes back again": {"published", func(o *Oracle) {
			var s seen
			o.marked(&s, 3, log[2].Hash, nil)
			o.fellBack(1)
			o.marked(&s, 2, log[1].Hash, nil)
			o.marked(&s, 1, log[0].Hash, nil)
		}},
		"an event that HQ set aside is not noted": {"set aside", func(o *Oracle) {
			var s seen
			o.truth[1].Type = TypePoisoned
			a := word(log, 1, 2, 2)
			a.Errors = []wire.EventError{{ID: 2, EventID: log[1].EventID}}
			o.owes(&s, a)
			o.marked(&s, 1, log[0].Hash, nil)
			require.Nil(t, o.Found())
			o.marked(&s, 2, log[1].Hash, nil)
		}},
		"an event is noted that HQ has applied": {"set aside", func(o *Oracle) {
			o.marked(&seen{}, 3, log[2].Hash, []wire.EventError{{ID: 2, EventID: log[1].EventID}})
		}},
		"another event is noted": {"set aside", func(o *Oracle) {
			o.truth[1].Type = TypePoisoned
			o.marked(&seen{}, 3, log[2].Hash, []wire.EventError{{ID: 2, EventID: log[0].EventID}})
		}},
		"HQ fell back": {"", func(o *Oracle) {
			var s seen
			o.truth[1].Type = TypePoisoned
			a := word(log, 1, 2, 2)
			a.Errors = []wire.EventError{{ID: 2, EventID: log[1].EventID}}
			o.owes(&s, a)
			o.marked(&s, 3, log[2].Hash, a.Errors)
			o.fellBack(2)
			o.answered(watched, word(log, 0, 3, 2), false) // it says what it said before
			o.answered(watched, word(log, 0, 2, 2), true)
			o.marked(&s, 2, log[1].Hash, nil)
			o.marked(&s, 3, log[2].Hash, nil) // of an answer that was on its way
		}},
		"HQ stores what was changed":       {"prefix", func(o *Oracle) { o.committed(watched, changed(4)) }},
		"HQ stores another hash":           {"prefix", func(o *Oracle) { e := log[3]; e.Hash[0] ^= 1; o.committed(watched, []wire.Event{e}) }},
		"HQ stores what was never written": {"prefix", func(o *Oracle) { o.committed(watched, append(log[3:9:9], nextEvent(watched, 1, log, 99, "Noted"))) }},
		"HQ leaves a hole in front":        {"prefix", func(o *Oracle) { o.committed(watched, log[4:5]) }},
		"HQ leaves a hole in the batch":    {"prefix", func(o *Oracle) { o.committed(watched, []wire.Event{log[3], log[5]}) }},
		"a stream that begins too far on":  {"start", func(o *Oracle) { opened(o, 3, 2); o.sending(1, one(5)) }},
		"a stream that begins too early":   {"start", func(o *Oracle) { opened(o, 3, 2); o.sending(1, one(3)) }},
		"a batch that leaves one out":      {"sequence", func(o *Oracle) { opened(o, 3, 2); o.sending(1, one(4)); o.sending(1, one(6)) }},
		"a batch twice on a stream":        {"sequence", func(o *Oracle) { opened(o, 3, 2); o.sending(1, one(4)); o.sending(1, one(4)) }},
		"a batch more than the credit":     {"window", func(o *Oracle) { opened(o, 3, 1); o.sending(1, one(4)); o.sending(1, one(5)) }},
		"a batch without credit":           {"window", func(o *Oracle) { opened(o, 3, 0); o.sending(1, one(4)) }},
		"a batch after a drain": {"window", func(o *Oracle) {
			opened(o, 3, 2)
			o.heard(1, &wire.Answer{Ack: word(log, 0, 3, 2).Ack, Credit: 2, Drain: true})
			pause(2 * grace)
			o.sending(1, one(4))
		}},
		"a batch before HQ wants one again": {"window", func(o *Oracle) {
			opened(o, 3, 2)
			o.heard(1, &wire.Answer{Ack: wire.Ack{ReceivedUpto: 3, ChainHash: log[2].Hash, RetryAfterMS: 500}, Credit: 2})
			pause(400 * time.Millisecond)
			o.sending(1, one(4))
		}},
		"a batch after the credit was lowered": {"window", func(o *Oracle) {
			opened(o, 3, 2)
			o.sending(1, one(4))
			o.heard(1, word(log, 0, 3, 1))
			pause(2 * grace)
			o.sending(1, one(5))
		}},
		"a good story": {"", func(o *Oracle) {
			opened(o, 3, 2)
			o.sending(1, one(4))
			o.sending(1, one(5))
			o.committed(watched, log[3:5])
			o.answered(watched, word(log, 4, 4, 2), true)
			o.heard(1, word(log, 4, 4, 1)) // less than a moment ago: the relay may have decided before
			o.marked(&seen{}, 4, log[3].Hash, nil)
			o.sending(1, one(6))
			pause(time.Second)
			require.Equal(t, 1, o.inForce(1).credit)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOracle()
				o.wrote(log)
				o.committed(watched, log[:3])
				require.Nil(t, o.Found())
				c.tell(o)
				if c.check == "" {
					require.Nil(t, o.Found())
					return
				}
				require.NotNil(t, o.Found())
				require.Equal(t, c.check, o.Found().Check, "%v", o.Found())
			})
		})
	}
}

func (o *Oracle) inForce(stream int) terms { return o.streams[stream].inForce() }

// idle is a relay that sends nothing and has an alarm, or none.
type idle string

func (idle) Drive(ctx context.Context) { <-ctx.Done() }
func (i idle) Alarm() string           { return string(i) }

// What is only seen at the end of a history is seen there.
func TestTheEndIsProven(t *testing.T) {
	t.Parallel()
	log := logOf(3)
	stored := func(w *Simulation) *archive {
		a := w.HQ.disk[watched]
		a.store(log)
		a.advance(log)
		return a
	}
	for name, c := range map[string]struct {
		check string
		alarm string
		spoil func(w *Simulation)
	}{
		"a good end":               {"", "", func(w *Simulation) { stored(w) }},
		"HQ has more":              {"prefix", "", func(w *Simulation) { stored(w).store(logOf(4)[3:]) }},
		"another event_id":         {"prefix", "", func(w *Simulation) { stored(w).log[1].EventID[9] ^= 1 }},
		"another id":               {"prefix", "", func(w *Simulation) { stored(w).log[1].ID = 7 }},
		"another payload":          {"prefix", "", func(w *Simulation) { stored(w).log[1].Payload = "{}" }},
		"another hash":             {"prefix", "", func(w *Simulation) { stored(w).log[2].Hash[0] ^= 1 }},
		"an effect too many":       {"effects", "", func(w *Simulation) { stored(w).effects[log[0].EventID]++ }},
		"an effect that is amiss":  {"effects", "", func(w *Simulation) { delete(stored(w).effects, log[2].EventID) }},
		"HQ lacks something":       {"drain", "", func(w *Simulation) { w.HQ.disk[watched].advance(log[:2]) }},
		"marks are behind":         {"drain", "", func(w *Simulation) { stored(w); w.Store.published = 2 }},
		"an alarm that stays":      {"alarm", "hash_mismatch", func(w *Simulation) { stored(w) }},
		"nothing at HQ, all quiet": {"drain", "", func(*Simulation) {}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := NewSimulation(func(*Journal, []*Way, *rand.Rand) Relay { return idle(c.alarm) }, 1, "")
				defer w.Stop()
				w.Store.events, w.Store.published, w.Store.drawn = logOf(3), 3, 3
				w.Open()
				c.spoil(w)
				w.Drained()
				if c.check == "" {
					require.Nil(t, w.Oracle.Found())
					return
				}
				require.NotNil(t, w.Oracle.Found())
				require.Equal(t, c.check, w.Oracle.Found().Check, "%v", w.Oracle.Found())
			})
		})
	}
}

// An alarm that nobody caused is found while the history goes on; after a changed
// bit it is none of the relay's.
func TestAnAlarmWithoutAReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := NewSimulation(func(*Journal, []*Way, *rand.Rand) Relay { return idle("fork") }, 1, "")
		defer w.Stop()
		w.Open()
		w.flipped = true
		w.quietAlarm()
		require.Nil(t, w.Oracle.Found())
		w.flipped = false
		w.quietAlarm()
		require.NotNil(t, w.Oracle.Found())
		require.Equal(t, "alarm", w.Oracle.Found().Check)
	})
}
