package uplink

import (
	"math/rand/v2"
	"time"
)

// pause is how long to wait before attempt n (from 1) is repeated: exponential
// with full jitter, uniform in [0, min(ceiling, floor·2^(n−1))]. Full jitter
// spreads a chain's stores best when HQ comes back (AWS Architecture Blog,
// "Exponential Backoff And Jitter", 2015).
func pause(attempt int, floor, ceiling time.Duration) time.Duration {
	bound := ceiling
	if shift := attempt - 1; shift < 30 && floor<<shift > 0 && floor<<shift < ceiling {
		bound = floor << shift
	}
	return rand.N(bound + 1)
}
