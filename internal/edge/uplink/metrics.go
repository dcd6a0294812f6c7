package uplink

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	batches  *prometheus.CounterVec
	attempts prometheus.Counter
	latency  *latency
	streams  *prometheus.CounterVec
	fallback prometheus.Gauge
}

func newMetrics(ways Ways) *metrics {
	m := &metrics{
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tiem_relay_batches_total",
			Help: "Batches by result: ok was acknowledged by HQ, failed was not."}, []string{"result"}),
		attempts: prometheus.NewCounter(prometheus.CounterOpts{Name: "tiem_relay_attempts_total",
			Help: "Batches that were sent, repetitions counted."}),
		latency: &latency{histogram: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tiem_sale_to_hq_seconds",
			Help:    "From COMMIT returned to HQ's acknowledgement received, per commit of this process.",
			Buckets: []float64{.001, .002, .003, .005, .0075, .01, .015, .02, .03, .05, .1, .2, .5, 1, 2, 5, 30, 300, 3600}})},
		streams: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tiem_sync_streams_total",
			Help: "Conversations with HQ by protocol and result: opened, failed to open, ended."}, []string{"protocol", "result"}),
		fallback: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tiem_sync_fallback_active",
			Help: "1 while events travel over HTTP because gRPC does not get through."}),
	}
	for _, result := range []string{"ok", "failed"} { // 0 is a value, absence is a question
		m.batches.WithLabelValues(result)
	}
	for _, way := range []Way{ways.First, ways.Second} {
		for _, result := range []string{"opened", "failed", "ended"} {
			if way != nil {
				m.streams.WithLabelValues(way.Protocol(), result)
			}
		}
	}
	return m
}

// Collectors are the relay's metrics, to be registered.
func (r *Relay) Collectors() []prometheus.Collector {
	return []prometheus.Collector{r.batches, r.attempts, r.latency.histogram, r.streams, r.fallback}
}

// latency measures how long commits take to reach HQ. It remembers at most
// maxWaiting of them; an outage longer than that is seen in the backlog's age.
type latency struct {
	mu        sync.Mutex
	waiting   []committed // by id
	histogram prometheus.Histogram
}

type committed struct {
	lastID int64
	at     time.Time
}

const maxWaiting = 10_000

func (l *latency) committed(last int64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) < maxWaiting {
		l.waiting = append(l.waiting, committed{last, at})
	}
}

// acknowledged observes every commit that HQ now has. Commits are reported in
// nearly the order of their ids, since two may return from COMMIT at once; a
// filter therefore, and not a prefix.
func (l *latency) acknowledged(upto int64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := l.waiting[:0]
	for _, c := range l.waiting {
		if c.lastID <= upto {
			l.histogram.Observe(max(0, at.Sub(c.at)).Seconds())
		} else {
			rest = append(rest, c)
		}
	}
	l.waiting = rest
}
