package edge

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/edge/idempotency"
	"tiem/internal/edge/session"
)

const (
	paymentsEvery = 250 * time.Millisecond // fast enough that a demo's FAKE_CAPTURE_AFTER is what it says
	tidyEvery     = time.Hour
)

// watchPayments settles or expires open payments, until ctx is done. A failure
// is tried again at the next turn.
func (a *App) watchPayments(ctx context.Context) {
	if len(a.Desk.Providers) == 0 {
		return
	}
	every(ctx, paymentsEvery, func() {
		if _, err := a.Desk.SweepPayments(ctx, a.cfg.FakeCaptureAfter); err != nil && ctx.Err() == nil {
			a.log.DebugContext(ctx, "open payments could not be looked at", "error", err)
		}
	})
}

// tidyUp forgets what the shop need not know any longer, every hour until ctx is
// done, and at once: a server that is restarted every day must forget, too.
// All duties go in small batches with pauses and let the tills through; that
// may take minutes, so nothing that is urgent waits here.
func (a *App) tidyUp(ctx context.Context) {
	every(ctx, tidyEvery, func() {
		if _, err := idempotency.Sweep(ctx, a.DB, time.Now()); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "old idempotency keys could not be dropped", "error", err)
		}
		if _, err := session.Sweep(ctx, a.DB, time.Now()); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "old sessions, approvals and pairing codes could not be dropped", "error", err)
		}
		retired, err := a.Outbox.Retire(ctx, a.DB, time.Now())
		if err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "old events could not be retired from the outbox", "error", err)
		}
		if retired > 0 {
			a.log.InfoContext(ctx, "events that HQ has had for 35 days were retired from the outbox", "events", retired)
		}
	})
}

// every does f at once and then at each tick, until ctx is done.
func every(ctx context.Context, interval time.Duration, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		f()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
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
			if a.line.Online() {
				return 1
			}
			return 0
		})
	offset := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tiem_clock_offset_seconds",
		Help: "This machine's clock minus HQ's; NaN as long as it was not measured."},
		func() float64 {
			if known := a.line.Status().ClockOffset; known != nil {
				return known.Seconds()
			}
			return math.NaN()
		})
	return []prometheus.Collector{pending, oldest, online, offset}
}
