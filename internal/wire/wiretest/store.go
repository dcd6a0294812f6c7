package wiretest

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// Store is a store's disk: its log, and how much of it HQ has acknowledged. It
// outlives the boxes that work on it.
type Store struct {
	ID     string
	oracle *Oracle
	Disk   func() time.Duration // how long a read or a mark takes

	mu        sync.Mutex
	events    []wire.Event
	epoch     int64
	published int64
	acked     int64
	drawn     uint64 // event ids drawn so far, of restored stores, too
	listeners map[*Journal]func([]wire.Event)
	backup    []wire.Event
}

func newStore(id string, oracle *Oracle) *Store {
	return &Store{ID: id, oracle: oracle, epoch: 1, Disk: func() time.Duration { return 200 * time.Microsecond }, listeners: map[*Journal]func([]wire.Event){}}
}

// Sell commits n events, the way a sale does, and tells who listens.
func (s *Store) Sell(n int, eventType string) {
	s.mu.Lock()
	events := make([]wire.Event, n)
	for i := range events {
		s.drawn++
		events[i] = nextEvent(s.ID, s.epoch, s.events, s.drawn, eventType)
		s.events = append(s.events, events[i])
	}
	listeners := make([]func([]wire.Event), 0, len(s.listeners))
	for _, f := range s.listeners {
		listeners = append(listeners, f)
	}
	s.oracle.wrote(events)
	s.mu.Unlock()
	for _, f := range listeners {
		f(slices.Clone(events))
	}
}

// nextEvent is the event behind log; drawn makes its event_id.
func nextEvent(store string, epoch int64, log []wire.Event, drawn uint64, eventType string) wire.Event {
	e := wire.Event{StoreID: store, Epoch: epoch, ID: int64(len(log)) + 1, Type: eventType, Version: 1, OccurredAt: time.UnixMicro(1_790_000_000_000_000 + int64(drawn%1_000_000_000)).UTC(),
		TerminalID: "T1", CashierID: "C1", BusinessDate: "2026-11-22", Payload: fmt.Sprintf(`{"n":%d}`, drawn)}
	e.EventID, e.AggregateID = drawnID(drawn), drawnID(drawn/3+1)
	var prev wire.Hash
	if len(log) > 0 {
		prev = log[len(log)-1].Hash
	}
	e.Hash = e.Chain(prev)
	return e
}

func drawnID(n uint64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], n)
	id[6] = 0x70
	return id
}

// Log is the store's log.
func (s *Store) Log() []wire.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Published is the id up to which everything is marked.
func (s *Store) Published() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.published
}

func (s *Store) head() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.events))
}

// Backup copies the disk; Restore puts the copy back.
func (s *Store) Backup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backup = slices.Clone(s.events)
}

// Restore puts the last backup under the store. hq is HQ's watermark: what
// neither of them has any more, never was.
func (s *Store) Restore(hq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = slices.Clone(s.backup)
	s.published, s.acked = min(s.published, int64(len(s.events))), min(s.acked, int64(len(s.events)))
	s.oracle.rewound(int64(len(s.events)), hq)
}

// forget loses the store's marks: its checkpoint, not its log.
func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked = 0
}

func (s *Store) hashOf(id int64) (hash wire.Hash, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id < 1 || id > int64(len(s.events)) {
		return hash, id == 0
	}
	return s.events[id-1].Hash, true
}

// Journal is the store's disk as one box has it, until that box dies. It has the
// methods of uplink.Journal.
type Journal struct {
	store *Store
	mu    sync.Mutex
	dead  bool

	seen seen // guarded by the oracle
}

var errDead = fault.New(fault.Unavailable, "database_unavailable", "this box is dead")

// OnCommit has f called with the events of each commit from now on.
func (j *Journal) OnCommit(f func(events []wire.Event)) {
	j.store.mu.Lock()
	defer j.store.mu.Unlock()
	j.store.listeners[j] = f
}

func (j *Journal) die() {
	j.mu.Lock()
	j.dead = true
	j.mu.Unlock()
	j.store.mu.Lock()
	defer j.store.mu.Unlock()
	delete(j.store.listeners, j)
}

// wait is the disk's time.
func (j *Journal) wait(ctx context.Context) error {
	timer := time.NewTimer(j.store.Disk())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return fault.Wrap(context.Cause(ctx), fault.Unavailable, "database_unavailable", "interrupted")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		return errDead
	}
	return nil
}

// Head is the log's last event.
func (j *Journal) Head(ctx context.Context) (wire.Hello, error) {
	if err := j.wait(ctx); err != nil {
		return wire.Hello{}, err
	}
	s := j.store
	s.mu.Lock()
	defer s.mu.Unlock()
	hello := wire.Hello{StoreID: s.ID, Epoch: s.epoch, Head: int64(len(s.events)), OldestRetained: min(1, int64(len(s.events))), SchemaVersions: map[string]int32{"Noted": 1}}
	if hello.Head > 0 {
		hello.HeadHash = s.events[hello.Head-1].Hash
	}
	return hello, nil
}

// Read returns events behind after.
func (j *Journal) Read(ctx context.Context, after int64, limit, maxBytes int) ([]wire.Event, error) {
	if err := j.wait(ctx); err != nil {
		return nil, err
	}
	s := j.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if after >= int64(len(s.events)) {
		return nil, nil
	}
	events := s.events[after:min(after+int64(limit), int64(len(s.events)))]
	bytes := 0
	for i := range events {
		if bytes += len(events[i].Payload); bytes > maxBytes && i > 0 {
			return slices.Clone(events[:i]), nil
		}
	}
	return slices.Clone(events), nil
}

// HashOf is the hash of event id.
func (j *Journal) HashOf(ctx context.Context, id int64) (wire.Hash, bool, error) {
	if err := j.wait(ctx); err != nil {
		return wire.Hash{}, false, err
	}
	hash, found := j.store.hashOf(id)
	return hash, found && id > 0, nil
}

// Mark records HQ's watermark.
func (j *Journal) Mark(ctx context.Context, upto int64, setAside []wire.EventError) error {
	if err := j.wait(ctx); err != nil {
		return err
	}
	hash, _ := j.store.hashOf(upto)
	j.store.oracle.marked(&j.seen, upto, hash, setAside)
	s := j.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked, s.published = upto, max(s.published, upto)
	return nil
}

// Failed records an attempt; nothing here depends on it.
func (j *Journal) Failed(ctx context.Context, _, _ int64, _ string) error { return j.wait(ctx) }
