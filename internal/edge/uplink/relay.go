package uplink

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tiem/internal/edge/line"
	"tiem/internal/fault"
	"tiem/internal/wire"
)

var errAnotherRelay = fault.New(fault.Conflict, "relay_elsewhere", "another relay of this store has the lock")

// Ends of a conversation that are no failures.
var (
	errAnew    = errors.New("open anew")  // HQ stands elsewhere than we thought, or the way is changed
	errDrained = errors.New("HQ drained") // HQ's node lets its streams go
)

// Commits tells of events right after their COMMIT; *outbox.Log is one. f is
// given consecutive events, with their hashes, and does not block.
type Commits interface {
	OnCommit(f func(events []wire.Event, committed time.Time))
}

// Ways are the ways to HQ: First, and Second to fall back to, nil if there is
// none.
type Ways struct{ First, Second Way }

// Relay sends one store's log to HQ. Make it with New; Run runs it with the
// relay's lock in PostgreSQL, Drive without.
type Relay struct {
	journal Journal
	log     *slog.Logger
	cfg     Config
	detour  *detour
	line    *line.Line
	turn    <-chan struct{} // the line has changed
	hint    chan struct{}   // of capacity 1: "something was committed, somewhere"
	handoff *handoff
	warned  bool // that HQ cannot read some of our events
	*state
	*metrics
}

// New returns a relay of journal over ways. It listens to events' commits from
// now on; nil: there are the hints (Wake) and the poll.
func New(journal Journal, events Commits, ways Ways, cfg Config, log *slog.Logger) *Relay {
	watched := cfg.Line != nil
	cfg = cfg.withDefaults()
	r := &Relay{journal: journal, log: log, cfg: cfg, line: cfg.Line, turn: cfg.Line.Changes(), hint: make(chan struct{}, 1),
		handoff: newHandoff(), state: newState(ways.First.Protocol()), metrics: newMetrics(ways)}
	r.detour = &detour{ways: ways, cfg: cfg, log: log, up: func() bool { return !watched || r.line.Online() }}
	if events != nil {
		events.OnCommit(func(events []wire.Event, at time.Time) {
			r.latency.committed(events[len(events)-1].ID, at)
			r.handoff.put(events)
		})
	}
	return r
}

// Wake hints that something was committed of which nobody told the events. It
// never blocks.
func (r *Relay) Wake() {
	select {
	case r.hint <- struct{}{}:
	default: // one is waiting already
	}
}

// pace is what the relay has learnt of the line and of HQ, over conversations.
type pace struct {
	attempts int      // failures in a row
	limit    int      // of events in a batch, after a 413 or on a slow line; 0: none
	mismatch int      // hash_mismatch refusals in a row
	refusals int      // gaps and mismatches in a row
	sent     int      // events of the largest batch that was refused or not answered; 0: it was none
	drains   int      // in a row before a batch was acknowledged, although there was one to send
	answered bool     // HQ said more in the last conversation than its welcome
	unheard  *unheard // a batch of which HQ's answer was lost
}

// unheard is where a batch began whose answer was lost. If HQ had stored it, it
// is sent once more over the same protocol: the answer says which of its events
// HQ has set aside.
type unheard struct {
	after    point
	protocol string
}

// Drive relays until ctx is done. It uses the journal and the ways, and nothing
// else but time: no lock, no database.
func (r *Relay) Drive(ctx context.Context) {
	at := &pace{}
	for ctx.Err() == nil {
		way := r.detour.next(time.Now())
		err := r.converse(ctx, at, way)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errDrained):
			r.log.Debug("relay: HQ lets the stream go; opening another")
			sleep(ctx, r.cfg.Jitter(longest(max(1, at.drains), spread, max(spread, r.cfg.RetryMax))))
		case errors.Is(err, errAnew):
			r.again(ctx, at)
		default:
			r.retreat(ctx, at, way, err)
		}
	}
}

// spread is how far stores that were let go by one node are spread in time. It
// doubles if nodes let them go again and again before anything is done.
const spread = time.Second
