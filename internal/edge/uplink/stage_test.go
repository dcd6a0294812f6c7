package uplink

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/line"
	"tiem/internal/wire"
)

// stage is a relay in a bubble of virtual time, with a log on paper, and a far
// end that says what the test has it say, and nothing else.
type stage struct {
	*paper
	t     *testing.T
	grpc  *actor
	http  *actor
	line  *line.Line
	relay *Relay
}

// play runs a relay over gRPC, with HTTP to fall back to, until the test ends.
func play(t *testing.T, cfg Config, test func(s *stage)) {
	t.Helper()
	playOver(t, cfg, func(s *stage) Ways { return Ways{First: s.grpc, Second: s.http} }, test)
}

// playOver is play over other ways.
func playOver(t *testing.T, cfg Config, ways func(s *stage) Ways, test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, paper: &paper{}, grpc: &actor{protocol: wire.GRPC}, http: &actor{protocol: wire.HTTP}, line: line.New(line.Config{})}
		s.grpc.log, s.http.log = s.paper, s.paper
		s.line.Good()
		time.Sleep(time.Second)
		s.line.Good() // ONLINE
		cfg.Line = s.line
		cfg.DetourAfter = cmp.Or(cfg.DetourAfter, time.Millisecond) // three failures are enough, but where a test says otherwise
		cfg.Jitter = func(most time.Duration) time.Duration { return most }
		s.relay = New(s.paper, s.paper, ways(s), cfg, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.relay.Drive(ctx) })
		defer running.Wait()
		defer stop()
		pass(0)
		test(s)
	})
}

// baton is taken before the relay's turn and the test's: what the one has read
// the other may change. (Time that passes orders nothing.)
var baton sync.Mutex

func hand() { baton.Lock(); baton.Unlock() } //nolint:staticcheck // see baton

// pass lets d go by, and everything happen that is due then.
func pass(d time.Duration) {
	hand()
	time.Sleep(d)
	synctest.Wait()
}

// stock puts n events into the log of which nobody tells, and lets them be found.
func (s *stage) stock(n int) {
	s.write(n)
	s.relay.Wake()
	pass(0)
}

// paper is a Journal in memory.
type paper struct {
	mu       sync.Mutex
	events   []wire.Event
	told     func([]wire.Event, time.Time)
	reads    int
	slowRead time.Duration // of Read
	marked   []int64
	setAside []wire.EventError
	failed   [][2]int64
	reason   string        // of the last of them
	broken   error         // of Mark
	slow     time.Duration // of Mark
	epoch    int64         // 0: 1
	gone     int           // so many of the oldest events were retired
}

func (p *paper) OnCommit(f func([]wire.Event, time.Time)) { p.told = f }

// write appends n events in one commit and returns them.
func (p *paper) write(n int) []wire.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := len(p.events)
	for range n {
		e := wire.Event{StoreID: "S1", Epoch: 1, ID: int64(len(p.events) + 1), EventID: uuid.Must(uuid.NewV7()), AggregateID: uuid.Must(uuid.NewV7()),
			Type: "Noted", Version: 1, OccurredAt: time.Now().UTC(), BusinessDate: "2026-11-22", Payload: "{}"}
		var prev wire.Hash
		if len(p.events) > 0 {
			prev = p.events[len(p.events)-1].Hash
		}
		e.Hash = e.Chain(prev)
		p.events = append(p.events, e)
	}
	return p.events[from:len(p.events):len(p.events)]
}

// sell appends n events in one commit and hands them over.
func (p *paper) sell(n int) { p.told(p.write(n), time.Now()) }

// at is the point of event id.
func (p *paper) at(id int64) point {
	if id == 0 {
		return point{}
	}
	return point{id, p.events[id-1].Hash}
}

func (p *paper) Head(context.Context) (wire.Hello, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := wire.Hello{StoreID: "S1", Epoch: max(1, p.epoch), Head: int64(len(p.events))}
	h.HeadHash = p.at(h.Head).hash
	return h, nil
}

func (p *paper) Read(_ context.Context, after int64, limit, _ int) ([]wire.Event, error) {
	hand()
	time.Sleep(p.slowRead)
	hand()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
	if after < int64(p.gone) {
		return nil, nil
	}
	rest := p.events[min(after, int64(len(p.events))):]
	return rest[:min(limit, len(rest))], nil
}

func (p *paper) HashOf(_ context.Context, id int64) (wire.Hash, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id <= int64(p.gone) || id > int64(len(p.events)) {
		return wire.Hash{}, false, nil
	}
	return p.events[id-1].Hash, true, nil
}

func (p *paper) Mark(_ context.Context, upto int64, setAside []wire.EventError) error {
	hand()
	time.Sleep(p.slow)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return p.broken
	}
	p.marked, p.setAside = append(p.marked, upto), append(p.setAside, setAside...)
	return nil
}

func (p *paper) Failed(_ context.Context, first, last int64, reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed, p.reason = append(p.failed, [2]int64{first, last}), reason
	return nil
}

// actor is a Way; its streams say what the test has them say.
type actor struct {
	protocol string
	log      *paper
	upto     int64         // HQ's watermark, for the welcome
	zero     wire.Hash     // HQ's hash of point zero
	deaf     error         // Open says so
	slow     time.Duration // Open takes so long
	credit   int           // of the welcome; 0: 2
	drains   bool          // the welcome is a drain
	opened   []time.Time
	streams  []*lines
}

func (a *actor) Protocol() string { return a.protocol }

func (a *actor) Open(context.Context, *wire.Hello) (Stream, *wire.Answer, error) {
	hand()
	time.Sleep(a.slow)
	hand()
	a.opened = append(a.opened, time.Now())
	if a.deaf != nil {
		return nil, nil, a.deaf
	}
	st := &lines{actor: a, begun: a.upto, said: make(chan any, 100), closed: make(chan struct{})}
	a.streams = append(a.streams, st)
	welcome := a.where()
	welcome.Credit, welcome.Welcome, welcome.Drain = max(2, a.credit), &wire.Welcome{Epoch: 1}, a.drains
	return st, welcome, nil
}

// where is HQ's watermark as an answer of no batch.
func (a *actor) where() *wire.Answer {
	at := a.log.at(a.upto)
	if at.id == 0 {
		at.hash = a.zero
	}
	return &wire.Answer{Ack: wire.Ack{ReceivedUpto: at.id, ChainHash: at.hash}, Credit: max(2, a.credit)}
}

// now is the stream that was opened last.
func (a *actor) now() *lines { return a.streams[len(a.streams)-1] }

// lines is a Stream.
type lines struct {
	*actor
	begun   int64
	batches []*wire.Batch
	acked   int      // how many of them
	asks    []bool   // with watermark
	said    chan any // *wire.Answer or error
	closed  chan struct{}
	once    sync.Once
	stuck   bool // Send waits until its context ends
}

func (l *lines) Send(ctx context.Context, b *wire.Batch) error {
	hand()
	l.batches = append(l.batches, b)
	if l.stuck {
		<-ctx.Done()
		return errLine
	}
	return nil
}

func (l *lines) Ask(_ context.Context, _ int64, watermark bool) error {
	hand()
	l.asks = append(l.asks, watermark)
	return nil
}

func (l *lines) Receive(ctx context.Context) (*wire.Answer, error) {
	select {
	case said := <-l.said:
		if answer, good := said.(*wire.Answer); good {
			return answer, nil
		}
		return nil, said.(error) //nolint:forcetypeassert // it is one of the two
	case <-l.closed:
		return nil, errLine
	case <-ctx.Done():
		return nil, errLine
	}
}

func (l *lines) Close() { l.once.Do(func() { close(l.closed) }) }

func (l *lines) over() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// say answers with whatever the test wants, and lets it be heard.
func (l *lines) say(what any) {
	hand()
	l.said <- what
	synctest.Wait()
}

// ack answers the next batch, with credit.
func (l *lines) ack(credit int, errors ...wire.EventError) {
	b := l.batches[l.acked]
	l.acked++
	l.upto = b.LastID()
	answer := l.where()
	answer.FirstID, answer.Credit, answer.Errors = b.FirstID, credit, errors
	l.say(answer)
}

// flying is how many batches are not answered.
func (l *lines) flying() int { return len(l.batches) - l.acked }
