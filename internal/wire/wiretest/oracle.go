package wiretest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"tiem/internal/wire"
)

// Violation is what the oracle found first.
type Violation struct {
	Check string // one of the package comment's
	What  string
	Story []string // what happened before, with virtual times
}

// String is the whole of it, for people.
func (v *Violation) String() string {
	return fmt.Sprintf("%s: %s\n  %s", v.Check, v.What, strings.Join(v.Story, "\n  "))
}

// Oracle watches a world in memory.
type Oracle struct {
	began time.Time

	mu        sync.Mutex
	found     *Violation
	story     []string
	truth     []wire.Event        // what HQ may have: of each id the event that the store wrote first
	durable   map[int64]wire.Hash // that HQ has
	had       map[int64]wire.Hash // that HQ had at some time
	flipped   bool                // bits were changed somewhere
	falls     int                 // of HQ, to a backup
	hqUpto    int64               // of the truth's store, as committed last
	published int64
	sent      map[int64]int // how often each id was sent by a relay
	streams   map[int]*flow
	over      string                // the protocol of the stream that was opened last
	unheard   map[sentOver]struct{} // batches whose answer nobody has read
}

// sentOver is a batch by its first id, and the way of a box over which it went.
type sentOver struct {
	way   *Way
	first int64
}

func newOracle() *Oracle {
	return &Oracle{began: time.Now(), durable: map[int64]wire.Hash{0: {}}, had: map[int64]wire.Hash{0: {}}, sent: map[int64]int{}, streams: map[int]*flow{}, unheard: map[sentOver]struct{}{}}
}

// watched is the store that the oracle watches; rogues may speak for others.
const watched = "S1"

// tell adds a line to the story.
func (o *Oracle) tell(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.note(format, args...)
}

func (o *Oracle) note(format string, args ...any) {
	o.story = append(o.story, fmt.Sprintf("%9.3fs  ", time.Since(o.began).Seconds())+fmt.Sprintf(format, args...))
}

// breach records a violation; the first one counts.
func (o *Oracle) breach(check, format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken(check, format, args...)
}

func (o *Oracle) broken(check, format string, args ...any) {
	if o.found == nil {
		story := append([]string(nil), o.story...)
		o.found = &Violation{Check: check, What: fmt.Sprintf("after %.3f s: ", time.Since(o.began).Seconds()) + fmt.Sprintf(format, args...), Story: story}
	}
}

// Found is the first violation; nil: none so far.
func (o *Oracle) Found() *Violation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.found
}

// wrote hears of the store's new events.
func (o *Oracle) wrote(events []wire.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range events {
		if e.ID == int64(len(o.truth))+1 {
			o.truth = append(o.truth, e)
		}
	}
}

// rewound hears that the store was restored: what neither it nor HQ has never was.
func (o *Oracle) rewound(head, hq int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.truth = o.truth[:max(head, hq)]
	o.published = 0
}

// committed hears of what HQ has made durable.
func (o *Oracle) committed(store string, events []wire.Event) {
	if store != watched {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range events {
		e := &events[i]
		o.durable[e.ID], o.had[e.ID] = e.Hash, e.Hash
		if i > 0 && e.ID != events[i-1].ID+1 {
			o.broken("prefix", "HQ committed event %d behind %d", e.ID, events[i-1].ID)
		}
		if e.ID > int64(len(o.truth)) || o.truth[e.ID-1].Hash != e.Hash || o.truth[e.ID-1].Payload != e.Payload {
			o.broken("prefix", "HQ committed an event %d that the store never wrote", e.ID)
		}
	}
	if len(events) > 0 {
		if first := events[0].ID; first > o.hqUpto+1 {
			o.broken("prefix", "HQ committed event %d with nothing behind %d", first, o.hqUpto)
		}
		o.hqUpto = events[len(events)-1].ID
		o.note("HQ committed %d to %d", events[0].ID, o.hqUpto)
	}
}

// fellBack hears that HQ was restored from a backup.
func (o *Oracle) fellBack(upto int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hqUpto = upto
	o.falls++
	for id := range o.durable {
		if id > upto {
			delete(o.durable, id)
		}
	}
}

// answered sees every answer as HQ sends it; fresh: it has just looked.
func (o *Oracle) answered(store string, a *wire.Answer, fresh bool) {
	if store != watched {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	known := o.had
	if fresh {
		known = o.durable
	}
	if hash, ok := known[a.ReceivedUpto]; !ok || hash != a.ChainHash {
		o.broken("durable", "HQ said that it has everything up to %d, which it never committed", a.ReceivedUpto)
	}
}
