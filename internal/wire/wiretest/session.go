package wiretest

import (
	"google.golang.org/protobuf/proto"

	"tiem/internal/fault"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// session is HQ's end of a stream. Its fields are guarded by hq.mu.
type session struct {
	p        *process
	conn     *conn
	store    string // "" before the welcome
	upto     int64  // that it told last
	hash     wire.Hash
	credit   int   // that it granted last
	answered int64 // batches
	granted  int64 // batches that may come in all
	drained  bool
}

// take accepts a connection; false: nobody is there.
func (hq *HQ) take(c *conn) bool {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	p := hq.now
	if p == nil {
		return false
	}
	s := &session{p: p, conn: c}
	p.sessions[s] = struct{}{}
	go func() {
		s.end(s.serve())
	}()
	return true
}

// serve is a stream, or one exchange of HTTP, from its beginning to its end.
func (s *session) serve() error {
	m, err := s.hear()
	if err != nil {
		return err
	}
	if s.conn.protocol == wire.HTTP {
		return s.exchange(m)
	}
	if m.GetHello() == nil {
		return fault.New(fault.Malformed, wire.CodeBatchInvalid, "a stream begins with a hello")
	}
	hello, err := wirepb.ReadHello(m.GetHello())
	if err != nil {
		return err
	}
	if err := s.may(hello.StoreID); err != nil {
		return err
	}
	answer, err := s.p.greet(hello)
	if err != nil {
		return err
	}
	s.say(answer, hello.StoreID)
	for {
		m, err := s.hear()
		if err != nil {
			return err
		}
		if err := s.handle(m); err != nil {
			return err
		}
	}
}

// hear is the next message.
func (s *session) hear() (*wirepb.EventBatch, error) {
	f, err := s.conn.halves[Up].take(s.p.ctx)
	if err != nil {
		return nil, err
	}
	m := &wirepb.EventBatch{}
	if err := proto.Unmarshal(f.bytes, m); err != nil {
		return nil, fault.Wrap(err, fault.Malformed, wire.CodeBatchInvalid, "is no message")
	}
	return m, nil
}

// may tells whether the connection's token is that store's.
func (s *session) may(store string) error {
	if store != s.conn.token && s.p.hq.Bug != TokenIgnored {
		return fault.New(fault.Forbidden, wire.CodeStoreForbidden, "the token is not that of store %s", store)
	}
	return nil
}

// exchange is a request over HTTP: a batch, or GET …/sync.
func (s *session) exchange(m *wirepb.EventBatch) error {
	if m.GetAsk() == nil {
		return s.batch(m)
	}
	answer, err := s.p.sync(s.p.ctx, s.conn.token)
	if err != nil {
		return err
	}
	s.say(answer, s.conn.token)
	return nil
}

func (s *session) handle(m *wirepb.EventBatch) error {
	switch {
	case m.GetHello() != nil:
		return fault.New(fault.Malformed, wire.CodeBatchInvalid, "a stream has one hello")
	case m.GetAsk() == nil:
		return s.batch(m)
	case m.GetAsk().GetWatermark():
		answer, err := s.p.sync(s.p.ctx, s.conn.token)
		if err != nil {
			return err
		}
		answer.Welcome = nil
		s.say(answer, s.store)
		return nil
	default:
		s.p.hq.mu.Lock()
		defer s.p.hq.mu.Unlock()
		s.news(func(*wire.Answer) {})
		return nil
	}
}

func (s *session) batch(m *wirepb.EventBatch) error {
	if err := s.withinCredit(); err != nil {
		return err
	}
	b, err := wirepb.Batch(m)
	if err != nil {
		return err
	}
	if err := s.may(b.StoreID); err != nil {
		return err
	}
	return s.p.accept(b, func(ack wire.Ack) {
		s.say(wire.Answer{Ack: ack, FirstID: b.FirstID}, b.StoreID)
	})
}

// withinCredit refuses a store that has sent more than it might; as at grpcapi,
// credit that was given is not taken back.
func (s *session) withinCredit() error {
	if s.conn.protocol == wire.HTTP || s.p.hq.Bug == DeafToCredit {
		return nil
	}
	waiting := 1 + int64(s.conn.halves[Up].arrived())
	s.p.hq.mu.Lock()
	defer s.p.hq.mu.Unlock()
	if came := s.answered + waiting; came > s.granted {
		return fault.New(fault.Throttled, wirepb.CodeCreditExceeded, "%d batches have come, %d may have", came, s.granted)
	}
	return nil
}

// say sends an answer, with the credit that is due.
func (s *session) say(a wire.Answer, store string) {
	more := s.conn.halves[Up].arrived() > 0
	hq := s.p.hq
	hq.mu.Lock()
	defer hq.mu.Unlock()
	switch {
	case s.conn.protocol == wire.HTTP:
		s.credit = 1
	case hq.paused:
		s.credit = 0
	case hq.pressure > 0:
		s.credit, a.RetryAfterMS = 1, max(a.RetryAfterMS, hq.pressure.Milliseconds())
	case s.credit < wire.FirstCredit:
		s.credit = wire.FirstCredit
	case a.FirstID != 0 && more:
		s.credit = min(s.credit+1, wire.MostCredit)
	}
	if a.FirstID != 0 {
		s.answered++
	}
	s.store, s.granted = store, max(s.granted, s.answered+int64(s.credit))
	a.Credit, a.Drain = s.credit, s.drained
	s.upto, s.hash = a.ReceivedUpto, a.ChainHash
	s.put(a, true)
}

// news is an answer of no batch; the caller has hq.mu.
func (s *session) news(change func(*wire.Answer)) {
	if s.store == "" || s.conn.protocol == wire.HTTP {
		return
	}
	a := wire.Answer{Ack: wire.Ack{ReceivedUpto: s.upto, ChainHash: s.hash}, Credit: s.credit, Drain: s.drained}
	if s.p.hq.paused {
		a.Credit = 0
	} else if s.credit < 1 {
		a.Credit = wire.FirstCredit
	}
	change(&a)
	s.credit, s.granted, s.drained = a.Credit, max(s.granted, s.answered+int64(a.Credit)), a.Drain
	s.put(a, false)
}

// put is the last step of every answer; fresh: it tells what the disk says, not
// what was told before. The caller has hq.mu.
func (s *session) put(a wire.Answer, fresh bool) {
	if s.p.ctx.Err() != nil {
		return
	}
	s.p.hq.oracle.answered(s.store, &a, fresh)
	bytes, err := proto.Marshal(wirepb.FromAnswer(&a))
	if err != nil {
		panic(err)
	}
	s.conn.send(Down, frame{bytes: bytes})
}

// farewell is what ends a connection: over gRPC a status, as grpcapi makes it.
func (s *session) farewell(err error) frame {
	refusal := fault.As(err)
	if s.conn.protocol == wire.HTTP || refusal == nil {
		return frame{refusal: err}
	}
	bytes, err := proto.Marshal(wirepb.FromRefusal(refusal).Proto())
	if err != nil {
		panic(err)
	}
	return frame{status: bytes}
}

// end closes the stream, with the refusal or the failure that is its reason.
func (s *session) end(err error) {
	s.p.hq.mu.Lock()
	delete(s.p.sessions, s)
	dead := s.p.ctx.Err() != nil
	s.p.hq.mu.Unlock()
	if err != nil && !dead {
		s.conn.send(Down, s.farewell(err))
	}
	s.conn.halves[Up].finish(errClosed, true)
	s.conn.halves[Down].finish(errClosed, false)
	s.conn.gone()
}
