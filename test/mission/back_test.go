package mission

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
	"tiem/internal/wire"
)

// The line is back: all events are at HQ, in order.
func TestLineBackAllEventsAtHQInOrder(t *testing.T) {
	overBoth(t, allEventsInOrder)
}

func allEventsInOrder(s *shop) {
	t := s.t
	ledger := sim.NewLedger()

	// The shop sells while the line is there, and HQ follows.
	s.sell(ledger, 11, 30)
	s.drained()
	before := s.status().Head
	require.Equal(t, before, s.watermark())

	// The line is away. Five tills sell on, and HQ stands where it stood.
	s.line.Cut(sim.Cut{Kind: sim.BlackHole})
	s.sell(ledger, 12, 120)
	s.is("OFFLINE")
	outage := s.status().Head
	require.Equal(t, outage-before, s.status().PendingEvents)
	require.Equal(t, before, s.watermark())

	// The line comes back while the tills are selling: what was kept and what is
	// new go to HQ one behind the other, and nothing overtakes.
	s.line.Mend()
	s.sell(ledger, 13, 30)
	s.is("ONLINE")
	s.drained()

	// HQ's log is the shop's log: each event once, by id, with the hash that chains
	// it to the one before; received in that order, and applied.
	shopLog, hqLog := s.logs()
	require.Greater(t, int64(len(shopLog)), outage)
	require.Len(t, hqLog, len(shopLog))
	var chain wire.Hash
	for i, e := range shopLog {
		got := hqLog[i]
		require.Equal(t, int64(i)+1, e.ID)
		require.Equal(t, e.ID, got.ID, "no gap, no repeat")
		require.Equal(t, e.EventID, got.EventID)
		chain = e.Chain(chain)
		require.Equal(t, chain, got.Hash, "event %d", e.ID)
		require.Equal(t, "APPLIED", got.State)
		require.NotNil(t, e.PublishedAt, "and the shop knows it, event %d", e.ID)
		if i > 0 {
			require.False(t, got.ReceivedAt.Before(hqLog[i-1].ReceivedAt), "event %d overtook the one before", e.ID)
		}
	}

	require.Equal(t, 180, s.proven(ledger, true).Sales)
}
