package wiretest

import (
	"time"

	"tiem/internal/wire"
)

// grace is how long a relay may take from its decision to send until the batch
// is on the wire: it reads the batch between them.
const grace = 20 * time.Millisecond

// flow is what the oracle knows of one stream of a relay.
type flow struct {
	over    *Way
	first   bool // nothing was sent on it yet
	last    int64
	heard   int64 // HQ's word
	unacked int
	told    []terms            // by the answers, in their order
	points  map[int64]struct{} // every word of HQ's so far: between it and the batch, the relay reads
}

// terms are what an answer allows.
type terms struct {
	at     time.Time // when the relay read it
	credit int
	drain  bool
	quiet  time.Time // until then
}

// opened hears of a welcome.
func (o *Oracle) opened(stream int, over *Way, a *wire.Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := &flow{over: over, first: true, last: a.ReceivedUpto, heard: a.ReceivedUpto, points: map[int64]struct{}{}}
	o.streams[stream], o.over = f, over.protocol
	f.hear(a)
	o.note("stream %d over %s: HQ has %d, credit %d", stream, over.protocol, a.ReceivedUpto, a.Credit)
}

// heard sees an answer as the relay gets it.
func (o *Oracle) heard(stream int, a *wire.Answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f := o.streams[stream]
	if a.FirstID != 0 {
		f.unacked--
		if o.durable[a.ReceivedUpto] == a.ChainHash { // else a bit was changed, and it is no answer
			delete(o.unheard, sentOver{f.over, a.FirstID})
			if f.over.journal != nil {
				o.owes(&f.over.journal.seen, a)
			}
		}
	}
	f.heard = a.ReceivedUpto
	f.hear(a)
	if a.Drain || a.Credit == 0 || a.RetryAfterMS > 0 {
		o.note("stream %d: credit %d, drain %t, retry after %d ms", stream, a.Credit, a.Drain, a.RetryAfterMS)
	}
}

func (f *flow) hear(a *wire.Answer) {
	t := terms{at: time.Now(), credit: a.Credit, drain: a.Drain}
	if n := len(f.told); n > 0 {
		t.drain, t.quiet = t.drain || f.told[n-1].drain, f.told[n-1].quiet
	}
	if a.RetryAfterMS > 0 {
		t.quiet = t.at.Add(time.Duration(a.RetryAfterMS) * time.Millisecond)
	}
	f.told = append(f.told, t)
	f.points[a.ReceivedUpto] = struct{}{}
}

// inForce is what surely governs a batch that is sent now: the most that any
// answer allowed at the time at which the relay may have decided.
func (f *flow) inForce() terms {
	last := len(f.told) - 1
	t := f.told[last]
	for i := last - 1; i >= 0 && time.Since(f.told[i+1].at) < grace; i-- {
		t.credit, t.drain = max(t.credit, f.told[i].credit), t.drain && f.told[i].drain
		if f.told[i].quiet.Before(t.quiet) {
			t.quiet = f.told[i].quiet
		}
	}
	return t
}

// lost tells whether the answer of a batch that was sent over a way is still owed.
// The relay may send from there once more, to hear what HQ has set aside; where
// another relay was faster meanwhile, also what that one has sent.
func (o *Oracle) lost(over *Way) (owed bool) {
	for sent := range o.unheard {
		if sent.way == over {
			owed = true
			delete(o.unheard, sent)
		}
	}
	return owed
}

// sending sees a batch as the relay sends it.
func (o *Oracle) sending(stream int, b *wire.Batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, first := o.streams[stream], b.FirstID
	again := f.first && o.lost(f.over) && first <= f.heard
	_, told := f.points[first-1]
	if first != f.last+1 && (!told || first <= f.last) && !again {
		check, what := "sequence", "stream %d: a batch from %d behind %d (HQ has %d)"
		if f.first {
			check, what = "start", "stream %d begins at %d, not behind %d (HQ has %d)"
		}
		o.broken(check, what, stream, first, f.last, f.heard)
	}
	terms := f.inForce()
	f.unacked++
	switch {
	case f.unacked > terms.credit:
		o.broken("window", "stream %d: %d batches on their way, HQ's credit is %d", stream, f.unacked, terms.credit)
	case terms.drain:
		o.broken("window", "stream %d: a batch after HQ asked the stream to go", stream)
	case time.Now().Before(terms.quiet):
		o.broken("window", "stream %d: a batch before HQ wanted one again", stream)
	}
	f.first, f.last = false, b.LastID()
	o.unheard[sentOver{f.over, first}] = struct{}{}
	for id := first; id <= f.last; id++ {
		o.sent[id]++
	}
	o.note("stream %d: sends %d to %d", stream, first, f.last)
}
