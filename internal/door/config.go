package door

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// DefaultBodyLimit is the size of the largest request body in bytes, if
// Config.BodyLimit says nothing else.
const DefaultBodyLimit int64 = 1 << 20

// DefaultBodyTimeout is how long a request's body may take to arrive.
const DefaultBodyTimeout = 10 * time.Second

// readyTimeout bounds one call of Config.Ready.
const readyTimeout = 5 * time.Second

// Config is what the two listeners differ in. The zero value works.
type Config struct {
	Title, Description, Version string // of the OpenAPI document

	Logger   *slog.Logger         // nil: slog.Default()
	Registry *prometheus.Registry // served at /metrics, gets the door's histogram; nil: a new one

	// Ready is asked at /ready: nil is 200, an error is 503 with the fault's code.
	Ready func(ctx context.Context) error
	// Home answers "/"; nil is a small page that links /docs, /ready and /metrics.
	Home http.Handler
	// BodyLimit is the largest body of a request in bytes; nil or a result of 0
	// or less means DefaultBodyLimit.
	BodyLimit func(r *http.Request) int64
	// BodyTimeout is how long after its headers a body must have arrived; 0
	// means DefaultBodyTimeout.
	BodyTimeout time.Duration
	// Now is the clock of log lines and durations; nil: time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.BodyTimeout <= 0 {
		c.BodyTimeout = DefaultBodyTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// bodyLimit is the limit of r in bytes, always positive.
func (c Config) bodyLimit(r *http.Request) int64 {
	if c.BodyLimit != nil {
		if n := c.BodyLimit(r); n > 0 {
			return n
		}
	}
	return DefaultBodyLimit
}
