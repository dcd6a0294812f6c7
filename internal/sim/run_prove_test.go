package sim

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Shops drain at the same time, before the first is compared: here none ends
// before all have been asked.
func TestShopsAreProvenWhenAllHaveDrained(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var asked [2]atomic.Bool
	r := &run{watch: NewWatch(), report: &RunReport{Stores: make([]StoreReport, 2)}}
	for i := range 2 {
		v, edge, _ := serve(t, newShop(t))
		v.pending = 3
		v.onStatus = func(int) {
			asked[i].Store(true)
			if asked[0].Load() && asked[1].Load() {
				v.pending = 0
			}
		}
		store := Store{EdgeURL: edge.base, HQURL: edge.base, StoreID: "S1", Tills: make([]Login, 1)}
		r.shops = append(r.shops, &floor{store: store, ledger: NewLedger(), edge: edge})
	}
	require.NoError(t, r.prove(ctx))
	require.True(t, r.proven)
	for _, s := range r.report.Stores {
		require.True(t, s.Report.OK)
		require.Zero(t, s.Report.Pending)
	}
}
