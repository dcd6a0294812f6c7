package grpcapi

import "github.com/prometheus/client_golang/prometheus"

// Why a stream ended.
const (
	endClosed  = "closed"  // the store closed it
	endLost    = "lost"    // its connection broke
	endDrained = "drained" // HQ had asked for it
	endRefused = "refused" // HQ ended it with a status
)

// metrics has no label per store; see package intake.
type metrics struct {
	open  prometheus.Gauge
	ended *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tiem_streams_open", Help: "Streams of stores that are open on this HQ."}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tiem_streams_ended_total",
			Help: "Streams of stores that ended, by why: closed, lost, drained, refused.",
		}, []string{"reason"}),
	}
	for _, reason := range []string{endClosed, endLost, endDrained, endRefused} {
		m.ended.WithLabelValues(reason) // a series that is 0 is not one that is missing
	}
	registry.MustRegister(m.open, m.ended)
	return m
}
