package door

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// requestHistogram is tiem_http_request_seconds{route, method, status}; status
// is the class, e.g. 2xx. Two doors of one registry share it.
func requestHistogram(registry *prometheus.Registry) *prometheus.HistogramVec {
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "tiem_http_request_seconds",
		Help:    "Time to answer an HTTP request, by route pattern, method and status class.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route", "method", "status"})
	err := registry.Register(vec)
	var registered prometheus.AlreadyRegisteredError
	if errors.As(err, &registered) {
		if shared, ok := registered.ExistingCollector.(*prometheus.HistogramVec); ok {
			return shared
		}
	}
	if err != nil {
		panic(err)
	}
	return vec
}
