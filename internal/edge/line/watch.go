package line

import (
	"context"
	"math/rand/v2"
	"time"

	"tiem/internal/fault"
)

// probeTimeout is how long HQ has for one answer. A line that takes everything
// and gives nothing back is OFFLINE after HEALTH_FAILURES of them.
const probeTimeout = 2 * time.Second

// Prober asks HQ whether it can take events now. nil: it can; else a fault.
type Prober interface {
	Ready(ctx context.Context) error
}

// Watch probes HQ about every Interval, at once for the first time, until ctx is
// done. The pauses are jittered: the stores of a chain must not ask in step.
func (l *Line) Watch(ctx context.Context, hq Prober) {
	for ctx.Err() == nil {
		err := probe(ctx, hq)
		if ctx.Err() != nil {
			return // that says nothing about the line
		}
		l.probed(err)
		rest(ctx, jittered(l.cfg.Interval), nil)
	}
}

func probe(ctx context.Context, hq Prober) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := hq.Ready(ctx)
	if err != nil && ctx.Err() != nil {
		return fault.Wrap(err, fault.Unavailable, "hq_silent", "HQ did not answer within %v", probeTimeout)
	}
	return err
}

// jittered is d, give or take a fifth.
func jittered(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}
