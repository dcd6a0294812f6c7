package staff

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/postgres/postgrestest"
)

// Two processes on one database do not share the place to hash: the count is
// the database's, and locked.
func TestTriesOfTwoProcesses(t *testing.T) {
	t.Parallel()
	db := postgrestest.New(t, edgedb.Migrations)
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	p := &People{DB: db, StoreID: "S1", Now: func() time.Time { return now }}
	var counted atomic.Int32
	var running sync.WaitGroup
	for range 40 {
		running.Go(func() {
			_, err := p.count(t.Context(), Try{TerminalID: "T1", CashierID: "C1"})
			if err == nil {
				counted.Add(1)
			} else if fault.CodeOf(err) != "pin_blocked" {
				t.Error(err)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, 5, counted.Load())
}

func TestWhoStandsForWhat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		theirs []Permission
		p      Permission
		want   bool
	}{
		{[]Permission{Sell, Discount, Approve}, Discount, true},
		{[]Permission{Sell, Discount}, Discount, false},
		{[]Permission{Sell, Approve}, Discount, false},
		{[]Permission{Sell, Approve}, Sell, false},
		{nil, Discount, false},
	} {
		require.Equal(t, c.want, standsFor(c.theirs, c.p), "%v %s", c.theirs, c.p)
	}
}
