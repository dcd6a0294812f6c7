package disk

import (
	"context"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/postgres"
)

const scrapeTimeout = time.Second

var freeBytes = prometheus.NewDesc("tiem_disk_free_bytes",
	"Bytes that the database's account may still use, by area: data is the disk of the data directory, wal that of pg_wal. Absent for a database that somebody else runs.",
	[]string{"area"}, nil)

// Collectors are the watch's metrics, to be registered. They are measured when
// they are scraped.
func (w *Watch) Collectors() []prometheus.Collector {
	wal := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tiem_wal_bytes",
		Help: "Size of the database's pg_wal; NaN while the database does not answer, or to an account without the rights of pg_monitor."},
		func() float64 {
			if w.db == nil {
				return math.NaN()
			}
			ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
			defer cancel()
			sizes, err := postgres.ReadSizes(ctx, w.db)
			if err != nil || sizes.WAL == postgres.Unknown {
				return math.NaN()
			}
			return float64(sizes.WAL)
		})
	return []prometheus.Collector{wal, freeCollector{w.dir}}
}

type freeCollector struct{ dir string }

// Describe implements prometheus.Collector.
func (freeCollector) Describe(ch chan<- *prometheus.Desc) { ch <- freeBytes }

// Collect implements prometheus.Collector.
func (c freeCollector) Collect(ch chan<- prometheus.Metric) {
	for _, area := range Areas(c.dir) {
		if area.Err == nil {
			ch <- prometheus.MustNewConstMetric(freeBytes, prometheus.GaugeValue, float64(area.Free), area.Name)
		}
	}
}
