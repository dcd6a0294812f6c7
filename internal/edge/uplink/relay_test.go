package uplink

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// scripted is a Way whose other end keeps a log in memory, as HQ does, and can
// be told to misbehave.
type scripted struct {
	mu       sync.Mutex
	log      []wire.Event
	sizes    []int // of the batches that arrived, refused ones among them
	refuse   func(*wire.Batch) error
	loseAck  bool  // commit the next batch and lose the answer
	deaf     error // Open says so
	asked    int   // how often HQ said where it stands
	setAside map[int64]string
	credit   int // 0: one batch at a time, as over HTTP
}

var errLine = fault.New(fault.Unavailable, "hq_unreachable", "the cable is out")

func (s *scripted) Protocol() string { return wire.HTTP }

func (s *scripted) Open(context.Context, *wire.Hello) (Stream, *wire.Answer, error) {
	if err := s.refuses(); err != nil {
		return nil, nil, err
	}
	st := &scriptedStream{hq: s, inbox: make(chan *wire.Batch, wire.MostCredit), answers: make(chan *wire.Answer, 2*wire.MostCredit), closed: make(chan struct{})}
	welcome := s.where()
	welcome.Welcome = &wire.Welcome{Epoch: 1}
	go st.serve()
	return st, welcome, nil
}

func (s *scripted) refuses() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deaf
}

// where is HQ's watermark.
func (s *scripted) where() *wire.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return &wire.Answer{Ack: wire.Ack{ReceivedUpto: s.upto(), ChainHash: s.hash()}, Credit: max(1, s.credit)}
}

// scriptedStream answers in order, in a goroutine of its own.
type scriptedStream struct {
	hq      *scripted
	inbox   chan *wire.Batch // nil: an ask
	answers chan *wire.Answer
	closed  chan struct{}
	once    sync.Once
	err     error
}

func (st *scriptedStream) serve() {
	defer close(st.answers)
	for {
		select {
		case <-st.closed:
			st.err = errLine
			return
		case batch := <-st.inbox:
			answer, err := st.answer(batch)
			if err != nil {
				st.err = err
				return
			}
			st.answers <- answer
		}
	}
}

func (st *scriptedStream) answer(batch *wire.Batch) (*wire.Answer, error) {
	if batch == nil {
		return st.hq.where(), nil
	}
	ack, err := st.hq.deliver(batch)
	return &wire.Answer{Ack: ack, FirstID: batch.FirstID, Credit: max(1, st.hq.credit)}, err
}

func (st *scriptedStream) Send(_ context.Context, b *wire.Batch) error  { st.inbox <- b; return nil }
func (st *scriptedStream) Ask(_ context.Context, _ int64, _ bool) error { st.inbox <- nil; return nil }
func (st *scriptedStream) Close()                                       { st.once.Do(func() { close(st.closed) }) }
func (st *scriptedStream) Receive(ctx context.Context) (*wire.Answer, error) {
	select {
	case answer, more := <-st.answers:
		if !more {
			return nil, st.err
		}
		return answer, nil
	case <-ctx.Done():
		return nil, errLine
	}
}

func (s *scripted) deliver(b *wire.Batch) (wire.Ack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes = append(s.sizes, len(b.Events))
	if s.refuse != nil {
		if err := s.refuse(b); err != nil {
			return wire.Ack{}, err
		}
	}
	if err := b.Validate(); err != nil {
		return wire.Ack{}, err
	}
	if b.FirstID > s.upto()+1 {
		return wire.Ack{}, fault.New(fault.Conflict, wire.CodeGap, "gap").With("expected_id", s.upto()+1)
	}
	for i := range b.Events {
		if id := b.Events[i].ID; id <= s.upto() && s.log[id-1].Hash != b.Events[i].Hash {
			return wire.Ack{}, fault.New(fault.Conflict, wire.CodeFork, "fork")
		}
	}
	if b.FirstID > 1 && s.log[b.FirstID-2].Hash != b.PrevHash {
		return wire.Ack{}, fault.New(fault.Conflict, wire.CodeFork, "fork")
	}
	if b.BrokenAt() != 0 {
		return wire.Ack{}, fault.New(fault.Invalid, wire.CodeHashMismatch, "hash")
	}
	ack := wire.Ack{Errors: []wire.EventError{}}
	for _, e := range b.Events {
		known := e.ID <= s.upto()
		if !known {
			s.log = append(s.log, e)
		}
		switch code, bad := s.setAside[e.ID]; {
		case bad:
			ack.Errors = append(ack.Errors, wire.EventError{ID: e.ID, EventID: e.EventID, Code: code, Message: "set aside"})
		case known:
			ack.Duplicates++
		default:
			ack.Accepted++
		}
	}
	ack.ReceivedUpto, ack.ChainHash = s.upto(), s.hash()
	if s.loseAck {
		s.loseAck = false
		return wire.Ack{}, errLine
	}
	return ack, nil
}

func (s *scripted) upto() int64 { return int64(len(s.log)) }

func (s *scripted) hash() wire.Hash {
	if len(s.log) == 0 {
		return wire.Hash{}
	}
	return s.log[len(s.log)-1].Hash
}

func (s *scripted) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *scripted) ids() (ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.log {
		ids = append(ids, e.ID)
	}
	return ids
}

// shop is an edge database, its log, and a far end.
type shop struct {
	t   *testing.T
	db  *postgres.DB
	log *outbox.Log
	hq  *scripted
}

func newShop(t *testing.T) *shop {
	t.Helper()
	db := postgrestest.New(t, edgedb.Migrations)
	require.NoError(t, edgedb.New().InsertOutboxHead(t.Context(), db, "S1"))
	return &shop{t: t, db: db, log: &outbox.Log{}, hq: &scripted{}}
}

// fast is a configuration whose pauses are short, so that tests are.
var fast = Config{RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond, Poll: 20 * time.Millisecond, Resync: time.Hour}

// relay starts a relay and stops it when the test ends.
func (s *shop) relay(cfg Config) *Relay {
	s.t.Helper()
	r, stop := s.start(cfg)
	s.t.Cleanup(stop)
	return r
}

// start is relay; the caller stops it.
func (s *shop) start(cfg Config) (r *Relay, stop func()) {
	s.t.Helper()
	r = New(NewJournal(s.db), s.log, Ways{First: s.hq}, cfg, slog.New(slog.DiscardHandler))
	ctx, end := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx, s.db) }()
	return r, func() { end(); <-done }
}

// sell appends n events of size bytes, each in a transaction of its own.
func (s *shop) sell(n, size int) {
	s.t.Helper()
	for range n {
		d, err := outbox.NewDraft(outbox.Draft{Type: "Noted", AggregateID: uuid.Must(uuid.NewV7()), OccurredAt: time.Now(), BusinessDate: "2026-11-22"},
			string(make([]byte, size)))
		require.NoError(s.t, err)
		require.NoError(s.t, s.db.InTx(s.t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return s.log.Append(ctx, tx, d) }))
	}
}

func (s *shop) entries() []outbox.Entry {
	s.t.Helper()
	entries, err := s.log.List(s.t.Context(), s.db, outbox.All, 0, 10_000)
	require.NoError(s.t, err)
	return entries
}

func (s *shop) eventually(what string, f func() bool) {
	s.t.Helper()
	require.Eventually(s.t, f, 10*time.Second, 2*time.Millisecond, what)
}

// drained waits until HQ has n events and all are marked.
func (s *shop) drained(n int) {
	s.t.Helper()
	s.eventually("drained", func() bool {
		at, err := s.log.Where(s.t.Context(), s.db)
		return err == nil && at.Head == int64(n) && at.Pending() == 0 && at.Acked == int64(n) && len(s.hq.ids()) == n
	})
	want := make([]int64, n)
	for i := range want {
		want[i] = int64(i + 1)
	}
	require.Equal(s.t, want, s.hq.ids(), "HQ has every event once, in order")
}

func TestRelayDeliversInOrderAndMarks(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(3, 10) // before it starts
	r := s.relay(Config{Poll: time.Hour, Resync: time.Hour})
	s.drained(3)
	s.sell(60, 10) // hints alone must do: the poll never comes
	s.drained(63)
	for _, e := range s.entries() {
		require.NotNil(t, e.PublishedAt)
		require.Equal(t, int32(1), e.PublishAttempts)
		require.Nil(t, e.LastError)
	}
	s.eventually("an acknowledgement is a good answer", func() bool { return r.line.Online() && r.Status().Acked == 63 })
	require.InDelta(t, testutil.ToFloat64(r.attempts), testutil.ToFloat64(r.batches.WithLabelValues("ok")), 0)
	require.Equal(t, 1, testutil.CollectAndCount(r.latency.histogram))
}

func TestRelayHearsOtherProcesses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.relay(Config{Poll: time.Hour, Resync: time.Hour})
	s.eventually("owner", func() bool { return s.owned() })
	seed := &shop{t: t, db: s.db, log: &outbox.Log{}} // a log that this relay does not listen to
	seed.sell(1, 10)
	require.NoError(t, outbox.Announce(t.Context(), s.db))
	s.drained(1)
}

func (s *shop) owned() bool {
	var n int
	err := s.db.QueryRow(s.t.Context(), "select count(*) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())").Scan(&n)
	return err == nil && n == 1
}

func TestRelayPollsWithoutHints(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.relay(fast)
	seed := &shop{t: t, db: s.db, log: &outbox.Log{}}
	seed.sell(2, 10)
	s.drained(2)
}

// HQ had stored the batch, one event of it set aside, and the answer was lost:
// the same batch again changes nothing at HQ, and brings the reason.
func TestLostAckIsNoSecondEffect(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.hq.loseAck = true
	s.hq.setAside = map[int64]string{2: "sum_mismatch"}
	s.sell(3, 10)
	s.relay(fast)
	s.drained(3)
	s.eventually("the reason is known", func() bool {
		reason := s.entries()[1].LastError
		return reason != nil && *reason == "sum_mismatch: set aside"
	})
	require.Nil(t, s.entries()[2].LastError)
	require.Equal(t, []int64{1, 2, 3}, s.hq.ids())
}

// HQ lost its data, and the events it needs were retired here: nothing is sent,
// and somebody is told.
func TestHoleIsAnAlarm(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(4, 10)
	cfg := fast
	cfg.Resync = 20 * time.Millisecond
	r := s.relay(cfg)
	s.drained(4)
	_, err := s.db.Exec(t.Context(), "delete from outbox where id <= 2")
	require.NoError(t, err)
	s.hq.change(func() { s.hq.log = nil })
	s.eventually("alarm", func() bool { return r.Status().Alarm != nil })
	require.Equal(t, codeHole, r.Status().Alarm.Code)
	require.Empty(t, s.hq.ids())
}

// HQ answers Sync and stands where the oldest events were retired: the chain of
// what follows is proof enough.
func TestRetiredWatermarkIsNoFork(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(3, 10)
	first := s.relay(fast)
	s.drained(3)
	_, err := s.db.Exec(t.Context(), "delete from outbox where id <= 3")
	require.NoError(t, err)
	require.NoError(t, first.ours(t.Context(), point{s.hq.upto(), s.hq.hash()}))
	s.sell(2, 10)
	s.drained(5)
}

func TestBacklogTravelsInLargeBatches(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(120, 10)
	s.relay(Config{Batch: 10, BatchBacklog: 40, Poll: 20 * time.Millisecond, Resync: time.Hour})
	s.drained(120)
	require.Equal(t, []int{40, 40, 40}, s.hq.sizes, "the welcome says that there is a backlog")
}

func TestPayloadBoundsABatch(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(5, 50_000) // a NUL is six bytes in JSON: 300 kB each
	s.relay(fast)
	s.drained(5)
	require.Equal(t, 3, s.hq.sizes[0], "a batch ends before a mebibyte of payload")
}

func TestTooLargeHalves(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.hq.refuse = func(b *wire.Batch) error {
		if len(b.Events) > 3 {
			return fault.New(fault.TooLarge, "body_too_large", "too large")
		}
		return nil
	}
	s.sell(12, 10)
	r := s.relay(fast)
	s.drained(12)
	require.Equal(t, []int{12, 6, 3}, s.hq.sizes[:3])
	require.Nil(t, r.Status().Alarm)
}

func TestOneTooLargeEventIsAnAlarm(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.hq.refuse = func(b *wire.Batch) error {
		if b.LastID() >= 2 {
			return fault.New(fault.TooLarge, "body_too_large", "too large")
		}
		return nil
	}
	s.sell(3, 10)
	r := s.relay(fast)
	s.eventually("alarm", func() bool { return r.Status().Alarm != nil })
	require.Equal(t, []int64{1}, s.hq.ids())
	s.hq.change(func() { s.hq.refuse = nil })
	s.drained(3)
	require.Nil(t, r.Status().Alarm, "mended: the alarm goes")
}

func TestRefusalsThatNeedAPerson(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"wrong token":     fault.New(fault.Unauthorized, "token_invalid", "no"),
		"another store":   fault.New(fault.Forbidden, wire.CodeStoreForbidden, "no"),
		"fenced":          fault.New(fault.Conflict, wire.CodeFenced, "no"),
		"fork":            fault.New(fault.Conflict, wire.CodeFork, "no"),
		"event id reused": fault.New(fault.Conflict, wire.CodeEventIDReused, "no"),
		"hash mismatch":   fault.New(fault.Invalid, wire.CodeHashMismatch, "no"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.hq.refuse = func(*wire.Batch) error { return err }
			s.sell(1, 10)
			r := s.relay(fast)
			s.eventually("alarm", func() bool { return r.Status().Alarm != nil })
			require.Equal(t, fault.CodeOf(err), r.Status().Alarm.Code)
			s.sell(1, 10) // sales go on
			s.hq.change(func() { s.hq.refuse = nil })
			s.drained(2)
		})
	}
}

func TestHQFallsBackAndIsSentAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.sell(10, 10)
	s.relay(fast)
	s.drained(10)
	before := s.entries()
	s.hq.change(func() { s.hq.log = s.hq.log[:4] }) // restored from a backup
	s.sell(1, 10)
	s.drained(11)
	require.Equal(t, before, s.entries()[:10], "what was published stays published")
}

func TestHQFallsBackOnAQuietDay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cfg := fast
	cfg.Resync = 50 * time.Millisecond
	s.sell(5, 10)
	s.relay(cfg)
	s.drained(5)
	s.hq.change(func() { s.hq.log = nil })
	s.drained(5)
}

func TestHQAheadOrForkedIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code string
		hq   func(log []wire.Event) []wire.Event
	}{
		"this box was restored from an older backup": {codeHQAhead, func(log []wire.Event) []wire.Event {
			return append(log, wire.Event{ID: 4, Hash: wire.Hash{4}})
		}},
		"two boxes wrote as this store": {wire.CodeFork, func(log []wire.Event) []wire.Event {
			log[2].Hash = wire.Hash{3}
			return log
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			cfg := fast
			cfg.Resync = 10 * time.Millisecond
			s.sell(3, 10)
			r := s.relay(cfg)
			s.drained(3)
			s.hq.change(func() { s.hq.log = c.hq(s.hq.log) })
			held := s.hq.ids()
			s.eventually("alarm", func() bool { return r.Status().Alarm != nil })
			require.Equal(t, c.code, r.Status().Alarm.Code)
			s.sell(5, 10) // sales go on
			s.eventually("HQ's word is asked for again, and is no better", func() bool { s.hq.mu.Lock(); defer s.hq.mu.Unlock(); return s.hq.asked > 20 })
			require.NotNil(t, r.Status().Alarm)
			require.Equal(t, held, s.hq.ids(), "nothing is written over")
		})
	}
}

func TestSetAsideEventsArePublishedWithTheReason(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.hq.setAside = map[int64]string{2: "sum_mismatch"}
	s.sell(3, 10)
	s.relay(fast)
	s.drained(3)
	entries := s.entries()
	require.Nil(t, entries[0].LastError)
	require.Equal(t, "sum_mismatch: set aside", *entries[1].LastError)
	require.NotNil(t, entries[1].PublishedAt, "the store has done its part")
}

func TestOneOwnerOfTwoRelays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	a, b := s.relay(fast), s.relay(fast)
	for range 20 {
		s.sell(3, 10)
	}
	s.drained(60)
	sent := func(r *Relay) float64 { return testutil.ToFloat64(r.attempts) }
	require.True(t, sent(a) == 0 || sent(b) == 0, "one relay sends, the other waits")
}

// The connection that holds the lock is killed: the sender stops, takes the lock
// again, and nothing is lost or doubled.
func TestOwnershipIsLostWithItsConnection(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.relay(fast)
	for range 5 {
		s.sell(2, 10)
		s.eventually("owner", s.owned)
		_, err := s.db.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())")
		require.NoError(t, err)
	}
	s.drained(10)
}

func TestNoTransactionIsOpenWhileTheNetworkIsUsed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var inside error
	s.hq.refuse = func(*wire.Batch) error {
		var open int
		inside = s.db.QueryRow(context.Background(), "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'").Scan(&open)
		if open != 0 {
			inside = errors.New("a transaction is open")
		}
		return nil
	}
	s.sell(3, 10)
	s.relay(fast)
	s.drained(3)
	require.NoError(t, inside)
}
