package line

import (
	"context"
	"time"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

const (
	beatTimeout = 5 * time.Second
	// withoutRoute is the pause after an HQ that has no such call: an older one.
	// When it is replaced, the line changes, and that ends the pause.
	withoutRoute = 15 * time.Minute
)

// Listener takes a store's heartbeat. A fault of kind NotFound means that this
// HQ knows no heartbeats.
type Listener interface {
	Heartbeat(ctx context.Context, beat wire.Heartbeat) (wire.HeartbeatAnswer, error)
}

// Pulse tells HQ about every Beat where the log ends and what time it is here,
// while the line is ONLINE, until ctx is done. head reads the last event's id; as
// long as it fails, nothing is told.
func (l *Line) Pulse(ctx context.Context, hq Listener, head func(context.Context) (int64, error)) {
	changes := l.Changes()
	for ctx.Err() == nil {
		pause := jittered(l.cfg.Beat)
		if l.Online() {
			err := l.beat(ctx, hq, head)
			if fault.KindOf(err) == fault.NotFound {
				pause = withoutRoute
			}
			if err != nil && ctx.Err() == nil {
				l.log.DebugContext(ctx, "line: no heartbeat", "error", err)
			}
		}
		rest(ctx, pause, changes)
	}
}

// beat is one exchange. What becomes of it is no verdict on the line: the relay's
// batches and the probes are heard often enough, and a heartbeat that is refused
// is no reason to sell OFFLINE.
func (l *Line) beat(ctx context.Context, hq Listener, head func(context.Context) (int64, error)) error {
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	last, err := head(ctx)
	if err != nil {
		return err
	}
	asked := l.cfg.Now()
	beat := wire.Heartbeat{Head: last, SentAt: asked.UTC()}
	if known := l.Status().ClockOffset; known != nil {
		ms := known.Milliseconds()
		beat.ClockOffsetMS = &ms
	}
	answer, err := hq.Heartbeat(ctx, beat)
	if err != nil {
		return err
	}
	l.compared(compare(asked, l.cfg.Now(), answer.Now))
	return nil
}
