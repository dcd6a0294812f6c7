package uplink

import (
	"context"
	"errors"
	"sync"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// conversation is one stream with HQ, from its welcome to its end. All but its
// stream and its marks belongs to Drive's goroutine.
type conversation struct {
	*Relay
	at       *pace
	protocol string
	stream   Stream
	answers  chan *wire.Answer // closed behind the last one
	ended    error             // why it is the last; to be read behind the closing
	marks    *marks

	epoch  int64    // as whose the store speaks
	head   int64    // the newest event that is known of
	acked  point    // HQ's watermark
	sent   point    // the last event that is on its way, or at HQ
	flight []flight // batches on their way, oldest first

	credit    int
	notBefore time.Time // no batch is sent before
	leaving   error     // not nil: nothing is sent any more; what to end with when all is answered
	mute      bool      // the stream takes nothing any more; Receive will say why
	asked     bool      // an answer of no batch is due

	heard    bool      // HQ said something that the line was not told
	answered bool      // HQ said more than its welcome
	served   bool      // HQ acknowledged a batch
	heardAt  time.Time // when HQ said something last
	since    time.Time // when HQ began to owe its next word
	moved    time.Time // when HQ began to owe the answer to the oldest batch
	away     time.Time // until when HQ is listened to, because the relay itself had been away; zero: it was not
	resyncAt time.Time
	pollAt   time.Time

	stale   bool      // the journal may have what nobody told
	missed  bool      // an event that was read for and not found may be gone
	held    bool      // nothing may be sent now: credit, a pause, a mark that is being written
	gapAt   time.Time // when not to wait for an earlier commit's events any more; zero: there is no gap
	backlog bool      // more is waiting than one batch of live events
	began   time.Time // when the last batch was begun
	worked  bool      // a batch of a backlog is done, and nobody was given way since
}

// flight is a batch on its way.
type flight struct {
	after       point // what it was sent behind
	first, last int64
	events      []wire.Event
}

// converse holds one conversation over way and returns why it ended; there is
// always a reason.
func (r *Relay) converse(ctx context.Context, at *pace, way Way) error {
	at.sent, at.answered = 0, false
	hello, err := r.journal.Head(ctx)
	if err != nil {
		return own(err)
	}
	stream, welcome, err := way.Open(ctx, &hello)
	if err != nil {
		r.streams.WithLabelValues(way.Protocol(), "failed").Inc()
		err = r.rewound(ctx, err)
		r.unsent(ctx, hello.Head, err)
		return err
	}
	r.streams.WithLabelValues(way.Protocol(), "opened").Inc()
	r.opened(way)
	c := &conversation{Relay: r, at: at, protocol: way.Protocol(), stream: stream, answers: make(chan *wire.Answer, 2*wire.MostCredit), marks: r.newMarks(),
		epoch: hello.Epoch, head: hello.Head}
	talk, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { c.listen(talk) })
	beside.Go(func() { c.marks.run(talk) })
	if err = c.begin(talk, welcome); err == nil {
		err = c.run(talk)
	}
	marked, unmarked := c.marks.finish()
	stop()
	stream.Close()
	beside.Wait()
	r.streams.WithLabelValues(way.Protocol(), "ended").Inc()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if unmarked != nil {
		err = unmarked
	}
	return c.part(ctx, marked, err)
}

// opened hears that HQ has welcomed a conversation over way.
func (r *Relay) opened(way Way) {
	r.detour.opened(time.Now())
	fallback := r.detour.second
	r.using(way.Protocol(), fallback)
	r.fallback.Set(0)
	if fallback {
		r.fallback.Set(1)
	}
}

// rewound looks at HQ's claim to hold more of this store's log than the hello
// said: it may be so for another relay of this store, which was faster.
func (r *Relay) rewound(ctx context.Context, err error) error {
	if fault.CodeOf(err) != wire.CodeRewind {
		return err
	}
	details := fault.As(err).Details
	upto, hasID := details["received_upto"].(int64)
	hash, hasHash := details["chain_hash"].(wire.Hash)
	if !hasID || !hasHash {
		return err
	}
	if alarm := r.ours(ctx, point{upto, hash}); alarm != nil {
		return alarm
	}
	return fault.New(fault.Conflict, wire.CodeGap, "HQ has had events up to %d from another relay of this store", upto)
}

// listen takes HQ's answers until the stream ends.
func (c *conversation) listen(ctx context.Context) {
	defer close(c.answers)
	for {
		answer, err := c.stream.Receive(ctx)
		if err != nil {
			c.ended = err
			return
		}
		select {
		case c.answers <- answer:
		case <-ctx.Done():
			c.ended = ctx.Err()
			return
		}
	}
}

// begin goes on where HQ's welcome says, if that is a point of our own log.
func (c *conversation) begin(ctx context.Context, welcome *wire.Answer) error {
	hq := point{welcome.ReceivedUpto, welcome.ChainHash}
	if err := c.ours(ctx, hq); err != nil {
		return err
	}
	if was := c.Status().Acked; hq.id < was {
		c.log.Warn("relay: HQ fell back; sending again what it lost", "from", was, "to", hq.id)
	}
	if err := c.journal.Mark(ctx, hq.id, nil); err != nil {
		return own(err)
	}
	now := time.Now()
	c.latency.acknowledged(hq.id, now)
	c.marks.begin(hq)
	c.acked, c.sent = hq, hq
	if u := c.at.unheard; u != nil && u.protocol == c.protocol && u.after.id < hq.id {
		c.sent = u.after
	}
	c.at.unheard = nil
	c.terms(welcome, now)
	c.heard, c.heardAt, c.resyncAt, c.pollAt = true, now, now.Add(c.cfg.Resync), now.Add(c.cfg.Poll)
	c.stale, c.missed, c.backlog = true, true, c.head-c.sent.id >= int64(c.cfg.Batch)
	c.greeted(welcome.Welcome)
	return nil
}

// greeted says once which events HQ will not be able to read.
func (c *conversation) greeted(welcome *wire.Welcome) {
	if welcome != nil && len(welcome.UnreadableTypes) > 0 && !c.warned {
		c.warned = true
		c.log.Warn("relay: this HQ cannot read some of our events yet; it keeps them and sets them aside", "types", welcome.UnreadableTypes)
	}
}

// part is the end: what was on its way is forgotten, because the next
// conversation begins with HQ's own word. marked is how far the journal is. (A
// batch that is sent a second time begins before that.)
func (c *conversation) part(ctx context.Context, marked point, err error) error {
	if errors.Is(err, errDrained) && !c.served && c.acked.id < max(c.head, c.handoff.newest()) {
		c.at.drains++
	} else {
		c.at.drains = 0
	}
	if (errors.Is(err, errAnew) || errors.Is(err, errDrained)) && len(c.flight) == 0 {
		return err
	}
	c.at.answered = c.answered
	for _, f := range c.flight {
		c.at.sent = max(c.at.sent, len(f.events))
	}
	if len(c.flight) > 0 {
		c.failed(ctx, err)
	} else {
		c.unsent(ctx, max(c.head, c.handoff.newest()), err)
	}
	if len(c.flight) > 0 || marked != c.acked {
		after := marked
		if len(c.flight) > 0 && c.flight[0].after.id < after.id {
			after = c.flight[0].after
		}
		c.at.unheard = &unheard{after: after, protocol: c.protocol}
	}
	return err
}

// failed records an attempt for everything that was on its way.
func (c *conversation) failed(ctx context.Context, cause error) {
	c.batches.WithLabelValues("failed").Add(float64(len(c.flight)))
	first, last := c.flight[0].first, c.flight[len(c.flight)-1].last
	c.log.Info("relay: not acknowledged", "first_id", first, "last_id", last, "event_id", c.flight[0].events[0].EventID,
		"attempts", c.at.attempts+1, "error", cause)
	c.tried(ctx, first, last, cause)
}
