package faults

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// HQ is away for 500 sales: the outbox grows by exactly their events, no sale
// waits for anything, and when HQ is back it gets them all, in order.
func TestHQDownFor500Sales(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2", "T3")
	before := s.proven().Events
	require.NoError(t, s.Halt(t.Context(), sim.HQServer))
	ledger, err := sim.Play(t.Context(), s.Store(), sim.PlayOptions{Seed: 500, Sales: 500})
	require.NoError(t, err)
	require.Len(t, ledger.Sales(), 500)
	require.Zero(t, ledger.Stats().Retries, "no till had to try twice")

	client := s.edge()
	defer client.Close()
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, "OFFLINE", status.Connectivity)
	require.Equal(t, before, status.Acked)
	require.Equal(t, status.Head-before, status.PendingEvents)

	s.restart(sim.HQServer)
	figures := s.proven()
	require.Equal(t, 500, figures.Sales)
	// Every sale is three events and one more for each further payment; a basket
	// that was given up is one.
	voided := int64(len(ledger.Voided()))
	require.Equal(t, before+int64(2*figures.Sales+figures.Payments)+voided, figures.Events)
	require.Equal(t, status.Head, figures.Events)
	entries, err := client.Outbox(t.Context(), 0)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotNil(t, e.PublishedAt, "event %d", e.ID)
	}
}
