package intake

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/wire"
)

// metrics has no label per store: ten thousand shops must not make ten thousand
// series.
type metrics struct {
	received *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		received: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tiem_events_received_total",
			Help: "Events in acknowledged batches, by what became of them: accepted, duplicate, error.",
		}, []string{"result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "tiem_ingest_seconds",
			Help:    "From a decoded batch to its committed acknowledgment, in seconds.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
		}),
	}
	for _, result := range []string{"accepted", "duplicate", "error"} {
		m.received.WithLabelValues(result) // a series that is 0 is not one that is missing
	}
	registry.MustRegister(m.received, m.seconds)
	return m
}

func (m metrics) observe(ack wire.Ack, took time.Duration) {
	m.received.WithLabelValues("accepted").Add(float64(ack.Accepted))
	m.received.WithLabelValues("duplicate").Add(float64(ack.Duplicates))
	m.received.WithLabelValues("error").Add(float64(len(ack.Errors)))
	m.seconds.Observe(took.Seconds())
}
