package mission

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// The line is cut during checkout, and the till still gets its OK.
func TestLineCutDuringCheckoutTheTillStillGetsOK(t *testing.T) {
	t.Parallel()
	for _, how := range []struct {
		name string
		cut  sim.Cut
	}{
		{"somebody pulls the cable, and nothing answers any more", sim.Cut{Kind: sim.BlackHole}},
		{"the router is off, and every connection is refused", sim.Cut{Kind: sim.Refused}},
	} {
		t.Run(how.name, func(t *testing.T) {
			overBoth(t, func(s *shop) { tillGetsOK(s, how.cut) })
		})
	}
}

func tillGetsOK(s *shop, cut sim.Cut) {
	t := s.t

	// Five tills are in the middle of a checkout, each somewhere else.
	opened, scanned, paid, sold, idle := s.counter(0), s.counter(1), s.counter(2), s.counter(3), s.counter(4)
	opened.open()
	scanned.open()
	scanned.scan()
	paid.open()
	paid.scan()
	paid.pay()
	sold.open()
	sold.scan()
	sold.pay()
	require.Equal(t, "S1-T4-0000001", sold.ok())
	s.drained()
	s.is("ONLINE")
	atHQ := s.watermark()

	// Now the line goes.
	s.line.Cut(cut)

	// Nobody at a counter notices: each basket goes on from where it was, to
	// PAID and a receipt, at the first try.
	opened.scan()
	opened.pay()
	require.Equal(t, "S1-T1-0000001", opened.ok())
	scanned.pay()
	require.Equal(t, "S1-T2-0000001", scanned.ok())
	require.Equal(t, "S1-T3-0000001", paid.ok())
	idle.open()
	idle.scan()
	idle.pay()
	require.Equal(t, "S1-T5-0000001", idle.ok())

	// The edge has noticed. It knows what HQ does not have, and sells on.
	s.is("OFFLINE")
	offline := sim.NewLedger()
	s.sell(offline, 7, 25)
	require.Len(t, offline.Sales(), 25)
	status := s.status()
	require.Equal(t, "OFFLINE", status.Connectivity)
	require.Equal(t, atHQ, status.Acked)
	require.Equal(t, status.Head-atHQ, status.PendingEvents, "all of it waits, nothing is lost")
	require.Equal(t, atHQ, s.watermark(), "and HQ has none of it")

	// When the cable is plugged in again, HQ gets what it missed.
	s.line.Mend()
	s.is("ONLINE")
	require.Equal(t, 30, s.proven(offline, false).Sales)
}
