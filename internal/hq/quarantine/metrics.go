package quarantine

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const scrapeTimeout = time.Second

// Observe registers tiem_quarantined, which is counted at each scrape; it is
// NaN while the database does not answer.
func (q *Quarantine) Observe(registry prometheus.Registerer) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tiem_quarantined",
		Help: "Events that HQ holds and could not apply, refused or waiting, of all stores.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		n, err := queries.CountQuarantined(ctx, q.db)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	}))
}
