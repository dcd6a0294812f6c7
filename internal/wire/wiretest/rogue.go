package wiretest

import (
	"context"
	"slices"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// clone is a box that was replaced: an old epoch, and the log of that day.
type clone struct {
	epoch int64
	log   []wire.Event
}

// Rogue is something that a store's token is used for beside its relay.
type Rogue string

// The rogues, and what HQ must say.
const (
	Again        Rogue = "what HQ has, again"                   // duplicates, all of them
	OverlapAgain Rogue = "what HQ has, and what comes next"     // the new part is taken
	Beyond       Rogue = "a batch from far beyond"              // gap
	OldEpoch     Rogue = "a replaced box sells on"              // fenced
	Forged       Rogue = "an event of HQ's, changed and hashed" // fork
	Reused       Rogue = "a new event under an old event_id"    // event_id_reused
	Stranger     Rogue = "another store's batch"                // store_forbidden
	Changed      Rogue = "an event whose payload was changed"   // hash_mismatch
	Behind       Rogue = "a hello from an older log"            // rewind
	Unlike       Rogue = "a hello with another hash"            // fork
	Unknown      Rogue = "a store that nobody knows"            // store_forbidden
	Overrun      Rogue = "more batches than the credit"         // credit_exceeded
)

// Rogues are all of them.
var Rogues = []Rogue{Again, OverlapAgain, Beyond, OldEpoch, Forged, Reused, Stranger, Changed, Behind, Unlike, Unknown, Overrun}

// attempt is a hello, a batch (or none) and the codes of which HQ must use one;
// "" is an acknowledgement.
type attempt struct {
	hello *wire.Hello
	batch *wire.Batch
	codes []string
	times int // that the batch is sent without waiting; 0: once
}

// Play does it and compares HQ's answer; an HQ that is away proves nothing.
func (w *Simulation) Play(rogue Rogue) {
	a := w.attempt(rogue)
	if a == nil {
		return
	}
	ack, err := w.speak(a)
	code := fault.CodeOf(err)
	switch {
	case code == "hq_unreachable":
		return
	case err == nil && rogue == Again && ack.Accepted > 0:
		w.Oracle.breach("refusal", "%s: HQ says that it took %d events", rogue, ack.Accepted)
	case !slices.Contains(a.codes, code):
		w.Oracle.breach("refusal", "%s: HQ said «%s» (%v), not %q", rogue, code, err, a.codes)
	}
}

// speak opens a stream on a good line, sends and closes.
func (w *Simulation) speak(a *attempt) (*wire.Answer, error) {
	way := w.rogue(watched, wire.GRPC)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, answer, err := way.Open(ctx, a.hello)
	if err != nil || a.batch == nil {
		if err == nil {
			stream.Close()
		}
		return answer, err
	}
	defer stream.Close()
	if answer.Credit == 0 {
		return nil, errLine // HQ rests: it would refuse anybody
	}
	times := max(1, a.times)
	for range times {
		if err := stream.Send(ctx, a.batch); err != nil {
			return nil, err
		}
	}
	for {
		answer, err := stream.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if answer.FirstID == 0 {
			continue
		}
		if times--; times == 0 {
			return answer, nil
		}
	}
}

// rogue is a way to HQ on which nobody watches, over a good line.
func (w *Simulation) rogue(token, protocol string) *Way {
	return &Way{line: w.rogues, protocol: protocol, token: token, timeout: timeout, journal: &Journal{store: w.Store}, streams: func() int { return 0 }, open: map[*conversation]struct{}{}}
}

// attempt prepares a rogue; nil: there is nothing yet that it could do.
func (w *Simulation) attempt(rogue Rogue) *attempt {
	log, held := w.Store.Log(), w.HQ.Log(watched)
	if len(held) < 3 || len(log) < len(held) || !isLog(held) {
		return nil
	}
	epoch, upto := w.epoch(), int64(len(held))
	hello := helloOf(log, epoch)
	first := 1 + w.random.Int64N(upto)
	last := min(upto, first+w.random.Int64N(5))
	switch rogue {
	case Again:
		return &attempt{hello: hello, batch: batchOf(log, epoch, first, last), codes: []string{""}}
	case OverlapAgain: // HQ may fall back meanwhile
		return &attempt{hello: hello, batch: batchOf(log, epoch, first, int64(len(log))), codes: []string{"", wire.CodeGap}}
	case Beyond:
		return &attempt{hello: hello, batch: &wire.Batch{StoreID: watched, Epoch: epoch, FirstID: int64(len(log)) + 100, PrevHash: wire.Hash{1}, Events: forgedRun(int64(len(log))+100, epoch)}, codes: []string{wire.CodeGap}}
	case Overrun:
		return &attempt{hello: hello, batch: batchOf(log, epoch, first, first), codes: []string{"credit_exceeded"}, times: wire.MostCredit + 2}
	case OldEpoch:
		return w.replaced(hello, held)
	case Forged:
		b := batchOf(held, epoch, first, first)
		b.Events[0].Payload = `{"forged":true}`
		b.Events[0].Hash = b.Events[0].Chain(b.PrevHash)
		return &attempt{hello: hello, batch: b, codes: []string{wire.CodeFork}}
	case Reused:
		next := nextEvent(watched, epoch, held, 1<<60+uint64(w.random.Int64N(1<<40)), "Noted")
		next.EventID = held[first-1].EventID
		next.Hash = next.Chain(held[upto-1].Hash)
		b := &wire.Batch{StoreID: watched, Epoch: epoch, FirstID: upto + 1, PrevHash: held[upto-1].Hash, Events: []wire.Event{next}}
		return &attempt{hello: hello, batch: b, codes: []string{wire.CodeEventIDReused, wire.CodeFork}} // the relay was faster
	default:
		return w.stranger(rogue, hello, held, batchOf(held, epoch, first, last))
	}
}

// isLog tells whether the ids are consecutive from 1. What is not has been told by
// the oracle, or will be: there is nothing to make a rogue's batch of.
func isLog(held []wire.Event) bool {
	for i := range held {
		if held[i].ID != int64(i)+1 {
			return false
		}
	}
	return true
}

func (w *Simulation) stranger(rogue Rogue, hello *wire.Hello, held []wire.Event, b *wire.Batch) *attempt {
	switch rogue {
	case Stranger:
		other := nextEvent("S2", 1, nil, 1<<61, "Noted")
		return &attempt{hello: hello, batch: &wire.Batch{StoreID: "S2", Epoch: 1, FirstID: 1, Events: []wire.Event{other}}, codes: []string{wire.CodeStoreForbidden}}
	case Changed: // the first wrong one is told before any fork
		b.Events[0].Payload += " "
		return &attempt{hello: hello, batch: b, codes: []string{wire.CodeHashMismatch}}
	case Behind:
		old := held[:len(held)-1-w.random.IntN(len(held)-1)]
		return &attempt{hello: helloOf(old, hello.Epoch), codes: []string{wire.CodeRewind}}
	case Unlike:
		hello = helloOf(held, hello.Epoch)
		hello.HeadHash[0] ^= 1
		return &attempt{hello: hello, codes: []string{wire.CodeFork}}
	default:
		hello.StoreID = "S9"
		return &attempt{hello: hello, codes: []string{wire.CodeStoreForbidden}}
	}
}

// replaced is a box that does not know that another has taken over: it sells on
// behind what HQ has, under its old epoch.
func (w *Simulation) replaced(hello *wire.Hello, held []wire.Event) *attempt {
	if len(w.clones) == 0 {
		return nil
	}
	old := w.clones[w.random.IntN(len(w.clones))]
	upto := int64(len(held))
	next := nextEvent(watched, old.epoch, held, 1<<59+uint64(w.random.Int64N(1<<40)), "Noted")
	b := &wire.Batch{StoreID: watched, Epoch: old.epoch, FirstID: upto + 1, PrevHash: held[upto-1].Hash, Events: []wire.Event{next}}
	if w.random.IntN(2) == 0 { // its hello is the first to be refused, …
		hello.Epoch = old.epoch
		return &attempt{hello: hello, batch: b, codes: []string{wire.CodeFenced}}
	}
	return &attempt{hello: hello, batch: b, codes: []string{wire.CodeFenced}} // … unless it has learned the new one
}

func helloOf(log []wire.Event, epoch int64) *wire.Hello {
	h := &wire.Hello{StoreID: watched, Epoch: epoch, Head: int64(len(log)), OldestRetained: min(1, int64(len(log)))}
	if h.Head > 0 {
		h.HeadHash = log[h.Head-1].Hash
	}
	return h
}

// batchOf is the events first to last of a log, copied.
func batchOf(log []wire.Event, epoch, first, last int64) *wire.Batch {
	b := &wire.Batch{StoreID: watched, Epoch: epoch, FirstID: first, Events: slices.Clone(log[first-1 : min(last, first-1+wire.MaxBatchEvents)])}
	if first > 1 {
		b.PrevHash = log[first-2].Hash
	}
	return b
}

// forgedRun is one event with that id, chained to nothing that anybody has.
func forgedRun(id, epoch int64) []wire.Event {
	e := nextEvent(watched, epoch, nil, 1<<58+uint64(id), "Noted")
	e.ID = id
	e.Hash = e.Chain(wire.Hash{1})
	return []wire.Event{e}
}
