package checkout

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/pricing"
)

// Rates are remembered for a minute and no longer: then what stands in the
// database counts again.
func TestRatesAreRememberedForAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c rateCache
		require.Nil(t, c.known(), "nothing was read yet")
		row := edgedb.AllRatesRow{TaxCode: "STANDARD", ValidFrom: time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC), RateBp: 800}
		want := pricing.RateTable{{TaxCode: "STANDARD", ValidFrom: "2025-07-01", RateBP: 800}}
		require.Equal(t, want, c.learn([]edgedb.AllRatesRow{row}))
		time.Sleep(ratesKept - time.Nanosecond)
		require.Equal(t, want, c.known())
		time.Sleep(time.Nanosecond)
		require.Nil(t, c.known())
	})
}
