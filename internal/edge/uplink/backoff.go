package uplink

import (
	"math/rand/v2"
	"time"
)

// pause is how long to wait before attempt n (from 1) is repeated: exponential
// with full jitter, uniform in [0, longest]. Full jitter spreads a chain's stores
// best when HQ comes back (AWS Architecture Blog, "Exponential Backoff And
// Jitter", 2015).
func pause(attempt int, floor, ceiling time.Duration) time.Duration {
	return rand.N(longest(attempt, floor, ceiling) + 1)
}

// longest is min(ceiling, floor·2^(n−1)).
func longest(attempt int, floor, ceiling time.Duration) time.Duration {
	if shift := attempt - 1; shift < 30 && floor<<shift > 0 && floor<<shift < ceiling {
		return floor << shift
	}
	return ceiling
}

// pause is pause, with the relay's bounds and its jitter.
func (r *Relay) pause(attempt int) time.Duration {
	return r.cfg.Jitter(longest(attempt, r.cfg.RetryMin, r.cfg.RetryMax))
}
