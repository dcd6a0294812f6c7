package uplink

import (
	"context"
	"log/slog"
	"time"

	"tiem/internal/edge/line"
	"tiem/internal/edge/outbox"
	"tiem/internal/failpoint"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

var errAnotherRelay = fault.New(fault.Conflict, "relay_elsewhere", "another relay of this store has the lock")

// Relay sends one store's outbox to HQ. Make it with New, run it with Run.
type Relay struct {
	db   *postgres.DB
	log  *slog.Logger
	link Link
	cfg  Config
	line *line.Line
	turn <-chan struct{} // the line has changed
	hint chan struct{}   // of capacity 1: "something was committed"
	*state
	*metrics
}

// New returns a relay for the outbox in db over link. It listens to events'
// commits from now on.
func New(db *postgres.DB, events *outbox.Log, link Link, cfg Config, log *slog.Logger) *Relay {
	cfg = cfg.withDefaults()
	r := &Relay{db: db, log: log, link: link, cfg: cfg, line: cfg.Line, turn: cfg.Line.Changes(), hint: make(chan struct{}, 1), state: newState(), metrics: newMetrics()}
	events.OnCommit(func(first, last int64, at time.Time) {
		r.latency.committed(first, last, at)
		r.wake()
	})
	return r
}

func (r *Relay) wake() {
	select {
	case r.hint <- struct{}{}:
	default: // one is waiting already
	}
}

// cursor is HQ's watermark as we know it: everything up to id is there, and
// hash is that event's. The next batch follows it.
type cursor struct {
	id       int64
	hash     wire.Hash
	readAt   time.Time     // when HQ was last asked
	attempts int           // failures in a row
	limit    int           // of events in a batch, after a 413; 0: none
	mismatch int           // hash_mismatch refusals in a row
	refusals int           // gaps and mismatches in a row
	heard    bool          // HQ answered a Sync, and there was nothing to send since
	sent     int           // events in the exchange that is under way or was last; 0: a Sync
	took     time.Duration // by the last batch's exchange
	backlog  bool          // the last claim was full: more is waiting
	onLine   bool          // the step has got as far as the network
}

// drive sends until ctx is done.
func (r *Relay) drive(ctx context.Context) {
	at := &cursor{}
	for ctx.Err() == nil {
		began := time.Now()
		idle, err := r.step(ctx, at)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.retreat(ctx, at, err)
		case idle:
			r.await(ctx)
		default:
			r.giveWay(ctx, at, began)
		}
	}
}

// step asks HQ where it stands, if that is not known or too old, and sends one
// batch. idle: there was nothing to send.
func (r *Relay) step(ctx context.Context, at *cursor) (idle bool, err error) {
	at.sent, at.onLine = 0, false
	if time.Since(at.readAt) >= r.cfg.Resync || at.readAt.IsZero() {
		if err := r.resync(ctx, at); err != nil {
			return false, err
		}
	}
	batch, err := r.claim(ctx, at)
	if err != nil {
		return false, err
	}
	if batch == nil {
		at.attempts, at.refusals = 0, 0
		if at.heard {
			at.heard = false
			r.reached(at.id)
		}
		r.mended()
		return true, nil
	}
	failpoint.Hit("relay.before_send")
	r.attempts.Inc()
	at.sent, at.onLine = len(batch.Events), true
	asked := time.Now()
	ack, err := r.link.Send(ctx, batch)
	at.took, at.onLine = time.Since(asked), err != nil
	if err != nil {
		r.failed(ctx, batch, at.attempts+1, err)
		return false, err
	}
	failpoint.Hit("relay.before_mark")
	if err := r.accept(ctx, at, batch, ack); err != nil {
		return false, err
	}
	if ack.RetryAfterMS > 0 {
		sleep(ctx, min(time.Duration(ack.RetryAfterMS)*time.Millisecond, r.cfg.RetryMax))
	}
	return false, nil
}

// resync reads HQ's watermark and makes sure that it is a point of our own log.
func (r *Relay) resync(ctx context.Context, at *cursor) error {
	at.onLine = true
	sync, err := r.link.Sync(ctx)
	if err != nil {
		return err
	}
	at.onLine, at.heard = false, true
	if err := r.ours(ctx, sync.ReceivedUpto, sync.ChainHash); err != nil {
		return err
	}
	if sync.ReceivedUpto < at.id {
		r.log.Warn("relay: HQ fell back; sending again what it lost", "from", at.id, "to", sync.ReceivedUpto)
	}
	at.id, at.hash, at.readAt = sync.ReceivedUpto, sync.ChainHash, time.Now()
	if err := r.mark(ctx, at.id, nil); err != nil {
		return err
	}
	r.latency.acknowledged(at.id, time.Now())
	return nil
}

// await waits for a hint or the slow poll.
func (r *Relay) await(ctx context.Context) {
	timer := time.NewTimer(r.cfg.Poll)
	defer timer.Stop()
	select {
	case <-r.hint:
	case <-timer.C:
	case <-ctx.Done():
	}
}
