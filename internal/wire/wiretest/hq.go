package wiretest

import (
	"context"
	"sync"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// Point is a moment of HQ's transaction at which it can be made to die.
type Point string

// The points. A commit is one moment: only an HQ with a bug has something
// between its parts.
const (
	BeforeCommit Point = "before commit"
	Between      Point = "between the parts of a broken commit"
	AfterCommit  Point = "after commit, before the answer"
)

// Points are all of them.
var Points = []Point{BeforeCommit, Between, AfterCommit}

// HQ is a headquarters in memory. Its disk outlives it: Kill it, Start it, put an
// older backup under it.
type HQ struct {
	Bug    Bug
	Work   func() time.Duration // how long a transaction takes
	oracle *Oracle

	mu     sync.Mutex
	disk   map[string]*archive // of the stores that it knows
	now    *process            // nil while it is down
	die    map[Point]int       // at the n-th passage from now on
	backup map[string]*archive
	paused bool
	retry  time.Duration // asked for with the next answer

	pressure time.Duration // above 0: one batch at a time, and so long between them
}

// process is HQ from a start to its death.
type process struct {
	hq       *HQ
	ctx      context.Context
	kill     context.CancelFunc
	locks    map[string]chan struct{} // of each store's row; of capacity 1
	sessions map[*session]struct{}    // guarded by hq.mu
}

func newHQ(oracle *Oracle, stores ...string) *HQ {
	hq := &HQ{oracle: oracle, Work: func() time.Duration { return time.Millisecond }, disk: map[string]*archive{}, die: map[Point]int{}}
	for _, id := range stores {
		hq.disk[id] = newArchive()
	}
	hq.backup = hq.copied()
	return hq
}

func (hq *HQ) copied() map[string]*archive {
	c := map[string]*archive{}
	for id, a := range hq.disk {
		c[id] = a.copied()
	}
	return c
}

// Start starts it; it may run already.
func (hq *HQ) Start() {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	if hq.now != nil {
		return
	}
	ctx, kill := context.WithCancel(context.Background())
	p := &process{hq: hq, ctx: ctx, kill: kill, locks: map[string]chan struct{}{}, sessions: map[*session]struct{}{}}
	for id := range hq.disk {
		p.locks[id] = make(chan struct{}, 1)
	}
	hq.now, hq.paused, hq.pressure = p, false, 0
}

// Kill ends it at once; what it had not committed is gone.
func (hq *HQ) Kill() {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.killed()
}

// killed is Kill for who has the lock.
func (hq *HQ) killed() {
	if hq.now == nil {
		return
	}
	hq.now.kill()
	for s := range hq.now.sessions {
		s.conn.reset()
	}
	hq.now = nil
}

// DieAt has it die at the n-th passage of a point from now on, and start again
// after a while.
func (hq *HQ) DieAt(point Point, n int) {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.die[point] = n
}

// hit is a passage of a point; false: the process died there.
func (p *process) hit(point Point) bool {
	hq := p.hq
	hq.mu.Lock()
	defer hq.mu.Unlock()
	if p.ctx.Err() != nil {
		return false
	}
	if n, armed := hq.die[point]; armed {
		if n > 1 {
			hq.die[point] = n - 1
			return true
		}
		delete(hq.die, point)
		hq.oracle.tell("HQ dies %s", point)
		hq.killed()
		time.AfterFunc(700*time.Millisecond, hq.Start)
		return false
	}
	return true
}

// Backup copies the disk.
func (hq *HQ) Backup() {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.backup = hq.copied()
}

// Restore puts the last backup under HQ. Epochs are kept: who issues them writes
// them down elsewhere, or a fenced box would be let in again.
func (hq *HQ) Restore() {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	epochs := map[string]int64{}
	for id, a := range hq.disk {
		epochs[id] = a.epoch
	}
	hq.disk = hq.backup
	hq.backup = hq.copied()
	for id, a := range hq.disk {
		a.epoch = epochs[id]
	}
}

// Fence issues the next epoch of a store and returns it.
func (hq *HQ) Fence(store string) int64 {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.disk[store].epoch++
	return hq.disk[store].epoch
}

// Pause takes all credit away, or gives it again.
func (hq *HQ) Pause(on bool) {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.paused = on
	hq.tellAll(func(*wire.Answer) {})
}

// Pressure has every store send one batch at a time and wait between them; 0: the
// pressure is over.
func (hq *HQ) Pressure(between time.Duration) {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.pressure = between
}

// RetryAfter asks with the next answer to be left alone for so long.
func (hq *HQ) RetryAfter(d time.Duration) {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.retry = d
}

// Drain asks every stream to go.
func (hq *HQ) Drain() {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	hq.tellAll(func(a *wire.Answer) { a.Drain = true })
}

// tellAll sends an answer of no batch on every stream; the caller has the lock.
func (hq *HQ) tellAll(change func(*wire.Answer)) {
	if hq.now == nil {
		return
	}
	for s := range hq.now.sessions {
		s.news(change)
	}
}

// Log is HQ's log of a store.
func (hq *HQ) Log(store string) []wire.Event {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	return hq.disk[store].copied().log
}

// Upto is the watermark of a store.
func (hq *HQ) Upto(store string) int64 {
	hq.mu.Lock()
	defer hq.mu.Unlock()
	return hq.disk[store].upto
}

// sync is how far HQ has a store's log.
func (p *process) sync(ctx context.Context, store string) (wire.Answer, error) {
	a, unlock, err := p.open(ctx, store)
	if err != nil {
		return wire.Answer{}, err
	}
	defer unlock()
	p.hq.mu.Lock()
	defer p.hq.mu.Unlock()
	return wire.Answer{Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: a.upto, ChainHash: a.hash}, Welcome: &wire.Welcome{Epoch: a.epoch}}, nil
}

// open locks a store's row and reads it.
func (p *process) open(ctx context.Context, store string) (*archive, func(), error) {
	lock, known := p.locks[store]
	if !known {
		return nil, nil, (&wire.Held{}).Greet(&wire.Hello{StoreID: store})
	}
	select {
	case lock <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, errGone
	}
	p.hq.mu.Lock()
	defer p.hq.mu.Unlock()
	return p.hq.disk[store], func() { <-lock }, nil
}

var errGone = fault.New(fault.Unavailable, "hq_unreachable", "HQ is gone")
