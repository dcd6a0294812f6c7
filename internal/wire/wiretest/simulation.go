package wiretest

import (
	"context"
	"math/rand/v2"
	"time"

	"tiem/internal/wire"
)

// Relay is the store's side under test, running over a Journal and Ways.
type Relay interface {
	Drive(ctx context.Context) // until ctx is done
	Alarm() string             // the code of the alarm that is up; "" if none is
}

// Plug makes a relay of a box: its journal, the ways to HQ in the order in which
// it should try them, and a source for its jitter.
type Plug func(journal *Journal, ways []*Way, random *rand.Rand) Relay

// Simulation is a store, an HQ and the line between, in memory. It lives in a
// bubble of testing/synctest: its time is virtual.
type Simulation struct {
	Oracle *Oracle
	HQ     *HQ
	Line   *Line
	Store  *Store

	plug    Plug
	bug     Bug
	random  *rand.Rand
	boxes   []*box // that run
	streams int
	first   string // the protocol that boxes try first
	rogues  *Line
	clones  []clone // boxes that were replaced
	flipped bool    // bytes were changed: a false alarm may be up for a while
}

// box is a process at the store.
type box struct {
	journal *Journal
	ways    []*Way
	relay   Relay
	stop    context.CancelFunc
	done    chan struct{}
}

// timeout is SYNC_TIMEOUT's default.
const timeout = 5 * time.Second

// NewSimulation makes a world without a running box; HQ runs. Stop it before the
// bubble ends.
func NewSimulation(plug Plug, seed uint64, bug Bug) *Simulation {
	w := &Simulation{plug: plug, bug: bug, random: rand.New(rand.NewPCG(seed, 36)), Oracle: newOracle()}
	w.HQ = newHQ(w.Oracle, watched, "S2")
	w.HQ.Bug = bug
	w.Line, w.rogues = newLine(w.HQ), newLine(w.HQ)
	w.Store = newStore(watched, w.Oracle)
	w.HQ.Start()
	return w
}

// jittered is up to most, another one each time, the same for the same seed.
func jittered(seed uint64, most time.Duration) func() time.Duration {
	gate := make(chan *rand.Rand, 1)
	gate <- rand.New(rand.NewPCG(seed, 7))
	return func() time.Duration {
		random := <-gate
		defer func() { gate <- random }()
		return time.Duration(random.Int64N(int64(most) + 1))
	}
}

// Open starts a box; protocols are those of its ways, in order.
func (w *Simulation) Open(protocols ...string) {
	if len(protocols) == 0 {
		protocols = []string{wire.GRPC, wire.HTTP}
	}
	w.first = protocols[0]
	b := &box{journal: &Journal{store: w.Store}, done: make(chan struct{})}
	for _, protocol := range protocols {
		b.ways = append(b.ways, &Way{line: w.Line, protocol: protocol, token: w.Store.ID, timeout: timeout, bug: w.bug, journal: b.journal, oracle: w.Oracle,
			streams: w.number, open: map[*conversation]struct{}{}})
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop, b.relay = stop, w.plug(b.journal, b.ways, rand.New(rand.NewPCG(w.random.Uint64(), 1)))
	go func() {
		defer close(b.done)
		b.relay.Drive(ctx)
	}()
	w.boxes = append(w.boxes, b)
}

// protocol is the one that boxes try first.
func (w *Simulation) protocol() string { return w.first }

func (w *Simulation) number() int {
	w.Oracle.mu.Lock()
	defer w.Oracle.mu.Unlock()
	w.streams++
	return w.streams
}

// KillBox ends the n-th box at once: nothing of it reaches the disk any more, but
// what it sent is on the line.
func (w *Simulation) KillBox(n int) {
	b := w.boxes[n]
	w.boxes = append(w.boxes[:n:n], w.boxes[n+1:]...)
	b.journal.die()
	for _, way := range b.ways {
		way.die()
	}
	b.stop()
	<-b.done
}

// Stop ends everything.
func (w *Simulation) Stop() {
	for len(w.boxes) > 0 {
		w.KillBox(0)
	}
	w.Line.Mend()
	w.HQ.Kill()
	pause(time.Minute) // what is still on the line, and what HQ wanted to do later
	w.HQ.Kill()
}

// Replace gives the store a new box with a new epoch; the old one is kept, to come
// back as a rogue.
func (w *Simulation) Replace() {
	for len(w.boxes) > 0 {
		w.KillBox(0)
	}
	log := w.Store.Log()
	w.clones = append(w.clones, clone{epoch: w.epoch(), log: log})
	epoch := w.HQ.Fence(w.Store.ID)
	w.Store.mu.Lock()
	w.Store.epoch = epoch
	w.Store.mu.Unlock()
	w.Open()
}

func (w *Simulation) epoch() int64 {
	w.Store.mu.Lock()
	defer w.Store.mu.Unlock()
	return w.Store.epoch
}

// Alarm is the alarm of a box that runs; "" if none is up.
func (w *Simulation) Alarm() string {
	for _, b := range w.boxes {
		if code := b.relay.Alarm(); code != "" {
			return code
		}
	}
	return ""
}

// pause lets virtual time pass.
func pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// Within polls until ok, for at most limit; it tells whether that came true, and
// gives up early when the oracle has found something.
func (w *Simulation) Within(limit time.Duration, ok func() bool) bool {
	for began := time.Now(); time.Since(began) < limit; pause(50 * time.Millisecond) {
		if ok() {
			return true
		}
		if w.Oracle.Found() != nil {
			return false
		}
	}
	return ok()
}

// patience is how long a healed world may take to be drained: longer than every
// pause of a relay and the longest way back from HTTP.
const patience = 3 * time.Minute

// Heal makes everything well again: line, HQ, one box.
func (w *Simulation) Heal() {
	w.Line.Mend()
	w.HQ.mu.Lock()
	clear(w.HQ.die)
	w.HQ.mu.Unlock()
	w.HQ.Start()
	w.HQ.Pause(false)
	w.HQ.Pressure(0)
	if len(w.boxes) == 0 {
		w.Open()
	}
}

// Drained waits for the end of a history, and proves it.
func (w *Simulation) Drained() {
	drained := func() bool {
		head := w.Store.head()
		return w.HQ.Upto(watched) == head && w.Store.Published() == head
	}
	if !w.Within(patience, drained) {
		w.Oracle.breach("drain", "%s after all was well again: the store has %d, HQ %d, marked are %d; alarm «%s»", patience,
			w.Store.head(), w.HQ.Upto(watched), w.Store.Published(), w.Alarm())
		return
	}
	if !w.Within(patience, func() bool { return w.Alarm() == "" }) {
		w.Oracle.breach("alarm", "«%s» is still up %s after all was well again", w.Alarm(), patience)
	}
	w.Proven()
}

// Proven compares HQ's log with the store's, and counts effects.
func (w *Simulation) Proven() {
	log, held := w.Store.Log(), w.HQ.Log(watched)
	if len(held) > len(log) {
		w.Oracle.breach("prefix", "HQ has %d events, the store %d", len(held), len(log))
		return
	}
	w.HQ.mu.Lock()
	effects := w.HQ.disk[watched].copied().effects
	w.HQ.mu.Unlock()
	for i := range held {
		mine, theirs := &log[i], &held[i]
		if mine.ID != theirs.ID || mine.Hash != theirs.Hash || mine.EventID != theirs.EventID || mine.Payload != theirs.Payload {
			w.Oracle.breach("prefix", "event %d at HQ is not the store's", mine.ID)
		}
		want := 1
		if mine.Type == TypePoisoned {
			want = 0
		}
		if effects[mine.EventID] != want {
			w.Oracle.breach("effects", "event %d had %d effects at HQ", mine.ID, effects[mine.EventID])
		}
	}
}

// flip notes that bytes are going to be changed.
func (w *Simulation) flip() {
	w.flipped = true
	w.Oracle.mu.Lock()
	defer w.Oracle.mu.Unlock()
	w.Oracle.flipped = true
}

// quietAlarm checks that no alarm is up that nobody caused.
func (w *Simulation) quietAlarm() {
	if code := w.Alarm(); code != "" && !w.flipped {
		w.Oracle.breach("alarm", "«%s» without a reason", code)
	}
}

// restoreHQ puts HQ's backup under it, while it runs (its streams go on) or not.
func (w *Simulation) restoreHQ(running bool) {
	if !running {
		w.HQ.Kill()
	}
	w.HQ.Restore()
	w.Oracle.fellBack(w.HQ.Upto(watched))
	if !running {
		w.HQ.Start()
	}
}
