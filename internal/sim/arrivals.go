package sim

import (
	"context"
	"sync"
	"time"
)

// arrivals lets shoppers come at a rate, all tills together. Who comes while
// every till is busy waits in line: nobody goes away. It is safe for concurrent
// use.
type arrivals struct {
	every time.Duration // 0: there is always somebody

	mu   sync.Mutex
	next time.Time
}

func newArrivals(perSecond float64) *arrivals {
	if perSecond <= 0 {
		return &arrivals{}
	}
	return &arrivals{every: time.Duration(float64(time.Second) / perSecond), next: time.Now()}
}

// await waits for the next shopper, or until closing.
func (a *arrivals) await(ctx context.Context, closing <-chan struct{}) error {
	if a.every == 0 {
		return ctx.Err()
	}
	a.mu.Lock()
	at := a.next
	a.next = a.next.Add(a.every)
	a.mu.Unlock()
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-closing:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
