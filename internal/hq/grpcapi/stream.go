package grpcapi

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/intake"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// stream is the talk with one store.
type stream struct {
	server  *Server
	rpc     grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]
	token   string
	storeID string      // whose token it is
	known   time.Time   // when the token was found to be good
	said    chan saying // by the store, in its order

	received atomic.Int64 // batches that came
	granted  atomic.Int64 // batches that may come in all
	head     atomic.Int64 // of the store's log, as it said last
	closed   atomic.Bool  // by the store: it says nothing more

	answered int64 // batches
	credit   int
	mark     wire.Ack // the watermark that was told last
	drained  bool     // the store was asked to go
}

// StreamEvents implements the service. It returns when the stream is over.
func (s *Server) StreamEvents(rpc grpc.BidiStreamingServer[wirepb.EventBatch, wirepb.Acknowledgment]) error {
	s.metrics.open.Inc()
	defer s.metrics.open.Dec()
	c := &stream{server: s, rpc: rpc, said: make(chan saying, wire.MostCredit)}
	reason := endRefused // of a panic
	defer func() { s.metrics.ended.WithLabelValues(reason).Inc() }()
	err := c.run(rpc.Context())
	reason = c.reason(rpc.Context(), err)
	return c.farewell(rpc.Context(), reason, err)
}

// run is the whole talk. Its error is io.EOF when the store has closed.
func (c *stream) run(ctx context.Context) error {
	if err := c.admit(ctx); err != nil {
		return err
	}
	go c.listen(ctx)
	if err := c.welcome(ctx); err != nil {
		return err
	}
	aged := time.NewTimer(spread(c.server.parts.Age))
	defer aged.Stop()
	stopping := c.server.draining
	for {
		var err error
		select {
		case s := <-c.said:
			err = c.answer(ctx, s)
		case <-aged.C:
			err = c.drain()
		case <-stopping:
			stopping = nil
			err = c.drain()
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// admit finds out whose stream it is, when it is its turn. Who does not get in at
// once has waited for its connection already: it is told that HQ lives.
func (c *stream) admit(ctx context.Context) error {
	if c.server.lobby.full() {
		if err := c.say(&wire.Answer{Ack: c.mark}); err != nil {
			return err
		}
	}
	defer c.lives()()
	leave, err := c.server.lobby.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, c.server.lookupWithin) // a look-up that hangs is not to keep the others out
	defer cancel()
	c.token, c.known = bearer(ctx), time.Now()
	c.storeID, err = c.server.parts.Fleet.Authenticate(ctx, c.token)
	return err
}

// confirm finds out whether the token is still good: it may have been replaced.
func (c *stream) confirm(ctx context.Context) error {
	now := time.Now()
	storeID, err := c.server.parts.Fleet.Authenticate(ctx, c.token)
	if err != nil {
		return err
	}
	c.known = now
	return fleet.MaySpeak(storeID, c.storeID)
}

// welcome waits for the hello and answers it.
func (c *stream) welcome(ctx context.Context) error {
	late := time.NewTimer(c.server.helloWithin)
	defer late.Stop()
	var s saying
	select {
	case s = <-c.said:
	case <-late.C:
		return fault.New(fault.Timeout, "hello_timeout", "the store opened a stream and said nothing")
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.err != nil {
		return s.err
	}
	c.head.Store(s.hello.Head)
	enough := c.lives()
	answer, err := c.server.parts.Intake.Greet(ctx, s.hello)
	enough()
	if err != nil {
		return err
	}
	c.server.log.DebugContext(ctx, "a stream has opened", "store_id", c.storeID, "received_upto", answer.ReceivedUpto)
	c.mark, c.credit = watermark(answer.ReceivedUpto, answer.ChainHash), max(1, answer.Credit)
	return c.say(&answer)
}

// answer does what the store asked for. An error ends the stream.
func (c *stream) answer(ctx context.Context, s saying) error {
	switch {
	case s.err != nil:
		return s.err
	case s.batch != nil:
		return c.commit(ctx, s.batch, s.first)
	case s.ask.GetWatermark():
		return c.look(ctx, s.ask.GetHead())
	default:
		return c.say(&wire.Answer{Ack: c.mark})
	}
}

// commit takes a batch in. The credit grows while the store has more to send than
// fits, and shrinks when the node has more to do than it can.
func (c *stream) commit(ctx context.Context, d *intake.Delivery, first int64) error {
	d.Behind(c.head.Load())
	ack, err := c.take(ctx, d)
	if err != nil {
		return err
	}
	c.answered++
	if c.received.Load() > c.answered {
		c.credit = min(c.credit+1, wire.MostCredit)
	}
	most, wait := wire.MostCredit, time.Duration(0)
	if !d.Live() {
		most, wait = c.server.parts.Intake.Terms(c.storeID, d.Events(), d.Left())
	}
	if wait == 0 { // one batch at a time is for those that take turns: it never grows by itself
		c.credit = max(c.credit, wire.FirstCredit)
	}
	c.credit, ack.RetryAfterMS = max(1, min(c.credit, most)), wait.Milliseconds()
	c.mark = watermark(ack.ReceivedUpto, ack.ChainHash)
	return c.say(&wire.Answer{Ack: ack, FirstID: first})
}

// take writes a batch, for a token that is good or was not long ago.
func (c *stream) take(ctx context.Context, d *intake.Delivery) (wire.Ack, error) {
	defer c.lives()()
	if time.Since(c.known) > c.server.trustFor {
		if err := c.confirm(ctx); err != nil {
			return wire.Ack{}, err
		}
	}
	return c.server.parts.Intake.Commit(ctx, d)
}

// look answers a question for what the database holds. A token that was replaced
// meanwhile ends the stream.
func (c *stream) look(ctx context.Context, head int64) error {
	at, err := c.standing(ctx, head)
	if err != nil {
		return err
	}
	c.mark = watermark(at.ReceivedUpto, at.ChainHash)
	return c.say(&wire.Answer{Ack: c.mark})
}

func (c *stream) standing(ctx context.Context, head int64) (wire.StoreSync, error) {
	defer c.lives()()
	if err := c.confirm(ctx); err != nil {
		return wire.StoreSync{}, err
	}
	return c.server.parts.Fleet.Standing(ctx, c.storeID, head)
}

// drain asks the store to go, once.
func (c *stream) drain() error {
	if c.drained {
		return nil
	}
	c.drained = true
	return c.say(&wire.Answer{Ack: c.mark})
}

// say sends an answer with the stream's present terms.
func (c *stream) say(answer *wire.Answer) error {
	answer.Credit, answer.Drain = c.credit, c.drained
	if may := c.answered + int64(c.credit); may > c.granted.Load() {
		c.granted.Store(may) // before the store can know of it
	}
	return c.rpc.Send(wirepb.FromAnswer(answer))
}

func watermark(upto int64, hash wire.Hash) wire.Ack {
	return wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: upto, ChainHash: hash}
}

// bearer is the token of the stream's metadata, "" if there is none.
func bearer(ctx context.Context) string {
	for _, value := range metadata.ValueFromIncomingContext(ctx, "authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
	}
	return ""
}

// spread is age with up to a tenth more or less, so that streams that began
// together do not end together.
func spread(age time.Duration) time.Duration {
	return age + time.Duration((rand.Float64()*2-1)*float64(age)/10)
}
