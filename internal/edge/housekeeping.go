package edge

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/edge/idempotency"
)

const (
	paymentsEvery = 250 * time.Millisecond // fast enough that a demo's FAKE_CAPTURE_AFTER is what it says
	keysEvery     = time.Hour
)

// housekeep does what has to be done now and then, until ctx is done: it settles
// or expires open payments and forgets old idempotency keys. A failure is tried
// again at the next turn.
func (a *App) housekeep(ctx context.Context) {
	payments, keys := time.NewTicker(paymentsEvery), time.NewTicker(keysEvery)
	defer payments.Stop()
	defer keys.Stop()
	a.forgetOldKeys(ctx) // a server that is restarted every day must forget, too
	for {
		select {
		case <-ctx.Done():
			return
		case <-payments.C:
			if len(a.Desk.Providers) == 0 {
				continue
			}
			if _, err := a.Desk.SweepPayments(ctx, a.cfg.FakeCaptureAfter); err != nil && ctx.Err() == nil {
				a.log.DebugContext(ctx, "open payments could not be looked at", "error", err)
			}
		case <-keys.C:
			a.forgetOldKeys(ctx)
		}
	}
}

func (a *App) forgetOldKeys(ctx context.Context) {
	if _, err := idempotency.Sweep(ctx, a.DB, time.Now()); err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "old idempotency keys could not be dropped", "error", err)
	}
}

// gauges tell how the line is and what waits for it. They read the outbox when
// they are scraped; -1 means that the database did not answer.
func (a *App) gauges() []prometheus.Collector {
	read := func(value func(ctx context.Context) (float64, error)) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			v, err := value(ctx)
			if err != nil {
				return -1
			}
			return v
		}
	}
	pending := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tiem_outbox_pending",
		Help: "Events that HQ has never acknowledged; -1 while the database does not answer."},
		read(func(ctx context.Context) (float64, error) {
			at, err := a.Outbox.Where(ctx, a.DB)
			return float64(at.Pending()), err
		}))
	oldest := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tiem_outbox_oldest_seconds",
		Help: "Age of the oldest event that HQ has not acknowledged; 0 if there is none."},
		read(func(ctx context.Context) (float64, error) {
			at, err := a.Outbox.Where(ctx, a.DB)
			if err != nil {
				return 0, err
			}
			since, err := a.Outbox.OldestPending(ctx, a.DB, at)
			if err != nil || since.IsZero() {
				return 0, err
			}
			return max(0, time.Since(since).Seconds()), nil
		}))
	online := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tiem_sync_online", Help: "1 while HQ answers, 0 while it does not."},
		func() float64 {
			if a.lineStatus().Online {
				return 1
			}
			return 0
		})
	return []prometheus.Collector{pending, oldest, online}
}
