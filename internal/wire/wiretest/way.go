package wiretest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// Stream is one conversation with HQ, as the relay knows it (uplink.Stream).
type Stream interface {
	Send(ctx context.Context, batch *wire.Batch) error
	Ask(ctx context.Context, head int64, watermark bool) error
	Receive(ctx context.Context) (*wire.Answer, error)
	Close()
}

// Way is a way to HQ over the line in memory.
type Way struct {
	line     *Line
	protocol string
	token    string // the store's
	timeout  time.Duration
	bug      Bug
	journal  *Journal
	oracle   *Oracle // nil: nobody watches (a rogue)
	streams  func() int

	mu   sync.Mutex
	dead bool
	open map[*conversation]struct{}
	sent int64 // the last id on any of its streams
}

// Protocol is wire.HTTP or wire.GRPC.
func (w *Way) Protocol() string { return w.protocol }

// Open says hello and returns HQ's welcome.
func (w *Way) Open(ctx context.Context, hello *wire.Hello) (Stream, *wire.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	c := &conversation{way: w, store: hello.StoreID, answers: make(chan result, 64), number: w.streams()}
	c.over, c.end = context.WithCancel(context.Background())
	if !w.keep(c) {
		return nil, nil, errLine
	}
	answer, err := c.open(ctx, hello)
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	if w.oracle != nil {
		w.oracle.opened(c.number, w, answer)
	}
	if w.bug == CursorByMemory {
		w.pretend(answer)
	}
	return c, answer, nil
}

// pretend puts what was sent last in HQ's mouth.
func (w *Way) pretend(answer *wire.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hash, ok := w.journal.store.hashOf(w.sent); ok && w.sent > answer.ReceivedUpto {
		answer.ReceivedUpto, answer.ChainHash = w.sent, hash
	}
}

func (w *Way) keep(c *conversation) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.dead {
		w.open[c] = struct{}{}
	}
	return !w.dead
}

// die ends the box at this end of the way: what it sent is on the line.
func (w *Way) die() {
	w.mu.Lock()
	w.dead = true
	open := slices.Collect(maps.Keys(w.open))
	w.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

// conversation is a stream, or over HTTP a row of exchanges.
type conversation struct {
	way    *Way
	store  string
	number int
	conn   *conn // of gRPC's
	over   context.Context
	end    context.CancelFunc

	answers chan result // of HTTP's exchanges
	kept    *wire.Batch // by OutOfOrder
}

type result struct {
	answer *wire.Answer
	err    error
}

func (c *conversation) open(ctx context.Context, hello *wire.Hello) (*wire.Answer, error) {
	if c.way.protocol == wire.HTTP {
		answer, err := c.exchange(ctx, &wirepb.EventBatch{Ask: &wirepb.Ask{Watermark: true, Head: hello.Head}}, false)
		return answer, err
	}
	conn, err := c.way.line.dial(wire.GRPC, c.way.token)
	if err != nil {
		return nil, err
	}
	if !c.keep(conn) {
		return nil, errClosed
	}
	c.conn.send(Up, encoded(wirepb.FromHello(hello), false))
	return read(ctx, c.conn)
}

// keep notes the connection; false: the box has died meanwhile.
func (c *conversation) keep(conn *conn) bool {
	c.way.mu.Lock()
	defer c.way.mu.Unlock()
	c.conn = conn
	if c.over.Err() != nil {
		conn.hangUp()
	}
	return c.over.Err() == nil
}

// exchange is a request and its answer, on a connection of its own.
func (c *conversation) exchange(ctx context.Context, m *wirepb.EventBatch, batch bool) (*wire.Answer, error) {
	conn, err := c.way.line.dial(wire.HTTP, c.way.token)
	if err != nil {
		return nil, err
	}
	defer conn.hangUp()
	conn.send(Up, encoded(m, batch))
	return read(ctx, conn)
}

// read is the next answer on a connection.
func read(ctx context.Context, conn *conn) (*wire.Answer, error) {
	f, err := conn.halves[Down].take(ctx)
	if err != nil {
		return nil, err
	}
	if f.refusal != nil {
		return nil, f.refusal
	}
	if f.status != nil {
		return nil, refused(f.status)
	}
	m := &wirepb.Acknowledgment{}
	if err := proto.Unmarshal(f.bytes, m); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "hq_answer_unreadable", "HQ's answer cannot be read")
	}
	return wirepb.Answer(m)
}

// refused is what a client makes of the status that ended a stream.
func refused(bytes []byte) error {
	st := &spb.Status{}
	if err := proto.Unmarshal(bytes, st); err != nil {
		panic(err)
	}
	if refusal := wirepb.Refusal(status.FromProto(st)); refusal != nil {
		return refusal
	}
	return fault.New(wirepb.KindOf(codes.Code(st.GetCode())), "hq_refused", "HQ answered %s", st.GetMessage())
}

func encoded(m proto.Message, batch bool) frame {
	bytes, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return frame{bytes: bytes, batch: batch}
}

// Send hands a batch over.
func (c *conversation) Send(ctx context.Context, batch *wire.Batch) error {
	switch c.way.bug {
	case MarkBeforeAck:
		_ = c.way.journal.Mark(ctx, batch.LastID(), nil)
	case OutOfOrder: // the second batch goes before the first
		if c.way.protocol == wire.HTTP {
			break // one at a time
		}
		if c.kept == nil && batch.LastID() < c.way.journal.store.head() { // there will be a second
			c.kept = batch
			return nil
		}
		kept := c.kept
		c.kept = nil
		if err := c.send(batch); err != nil || kept == nil {
			return err
		}
		return c.send(kept)
	case SentTwice:
		if err := c.send(batch); err != nil {
			return err
		}
	default: // the other bugs are elsewhere
	}
	return c.send(batch)
}

func (c *conversation) send(batch *wire.Batch) error {
	if c.over.Err() != nil {
		return errClosed
	}
	if c.way.oracle != nil {
		c.way.oracle.sending(c.number, batch)
	}
	c.way.mu.Lock()
	c.way.sent = batch.LastID()
	c.way.mu.Unlock()
	c.put(wirepb.FromBatch(batch), batch.FirstID)
	return nil
}

// Ask wants an answer of no batch.
func (c *conversation) Ask(_ context.Context, head int64, watermark bool) error {
	if c.over.Err() != nil {
		return errClosed
	}
	c.put(&wirepb.EventBatch{StoreId: c.store, Ask: &wirepb.Ask{Head: head, Watermark: watermark}}, 0)
	return nil
}

// put sends a message; over HTTP its answer comes from the background.
func (c *conversation) put(m *wirepb.EventBatch, first int64) {
	if c.way.protocol == wire.GRPC {
		c.conn.send(Up, encoded(m, first != 0))
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(c.over, c.way.timeout)
		defer cancel()
		answer, err := c.exchange(ctx, m, first != 0)
		if answer != nil {
			answer.FirstID, answer.Welcome = first, nil
		}
		select {
		case c.answers <- result{answer, err}:
		case <-c.over.Done():
		}
	}()
}

// Receive returns the next answer.
func (c *conversation) Receive(ctx context.Context) (*wire.Answer, error) {
	answer, err := c.receive(ctx)
	if err == nil && c.way.oracle != nil {
		c.way.oracle.heard(c.number, answer)
	}
	if err == nil {
		c.mishear(answer)
	}
	return answer, err
}

// mishear is what a relay with a bug makes of HQ's terms.
func (c *conversation) mishear(answer *wire.Answer) {
	switch c.way.bug {
	case CreditIgnored:
		answer.Credit = wire.MostCredit
	case DrainIgnored:
		answer.Drain = false
	case RetryIgnored:
		answer.RetryAfterMS = 0
	case ErrorsLost:
		answer.Errors = nil
	default: // the other bugs are elsewhere
	}
}

func (c *conversation) receive(ctx context.Context) (*wire.Answer, error) {
	if c.way.protocol == wire.GRPC {
		return read(ctx, c.conn)
	}
	select {
	case r := <-c.answers:
		return r.answer, r.err
	case <-c.over.Done():
		return nil, errClosed
	case <-ctx.Done():
		return nil, fault.Wrap(context.Cause(ctx), fault.Timeout, "hq_unreachable", "no answer in time")
	}
}

// Close ends the conversation.
func (c *conversation) Close() {
	c.way.mu.Lock()
	defer c.way.mu.Unlock()
	c.end()
	if c.conn != nil {
		c.conn.hangUp()
	}
	delete(c.way.open, c)
}
