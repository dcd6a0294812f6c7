package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/sim"
)

// Row 22, as the edge writes: whoever holds the end of the log holds everybody.
// A slow sale has the lower ids, and those behind it are not visible before it
// is, so that a reader who goes by id never skips one.
func TestFault22ASaleThatCommitsLate(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2", "T3")
	before := s.proven().Events
	slow := s.session(sim.EdgeServer)
	slow.run("begin")
	slow.run("select * from outbox_head for update")
	answers := make(chan error, 3)
	for i := range 3 {
		till := s.newTill(i)
		till.Patience = patience
		id := s.paidAt(till)
		go func() {
			_, err := till.Finalize(t.Context(), id, sim.NewKey())
			answers <- err
		}()
		s.session(sim.EdgeServer).eventually(int64(i)+1, waiting)
	}
	require.Empty(t, answers, "a cashier whose sale is not committed sees nothing")
	require.Equal(t, before, s.head(), "and nothing of it can be read")
	slow.run("rollback")
	for range 3 {
		require.NoError(t, <-answers)
	}
	s.did("three sales waited for the head of the log, and were written one after the other")
	f := s.proven()
	require.Equal(t, 3, f.Sales)
	require.Equal(t, before+9, f.Events)
}

// Row 22, as the relay reads: a row that somebody holds is passed over (SKIP
// LOCKED), and nothing behind it is sent before it.
func TestFault22ARowThatIsHeld(t *testing.T) {
	t.Parallel()
	s := open(t)
	before := s.proven().Events
	require.NoError(t, s.Halt(t.Context(), sim.HQServer))
	for range 3 {
		s.sell()
	}
	require.NoError(t, s.Halt(t.Context(), sim.EdgeServer)) // what was committed before is known by the journal only
	s.restart(sim.EdgeServer)
	held := before + 2 + seeded(t).Int64N(7)
	holder := s.session(sim.EdgeServer)
	holder.run("alter system set log_min_duration_statement = 0") // PostgreSQL tells when the relay looks
	holder.run("select pg_reload_conf()")
	holder.run("begin")
	holder.run("select * from outbox where id = $1 for update", held)
	s.restart(sim.HQServer)
	s.atHQ(held - 1)
	s.sell() // another hint to the relay
	looked := s.claims()
	require.Eventually(t, func() bool { return s.claims() >= looked+2 }, patience, waitStep) // the second has begun after the sale
	s.did("event %d is held: HQ has everything up to %d, and the relay has looked again", held, held-1)
	s.atHQ(held - 1)
	require.NotContains(t, s.log("store-edge"), fmt.Sprintf(`"first_id":%d,`, held), "nothing behind it was tried")
	holder.run("rollback")
	require.Equal(t, 4, s.proven().Sales, "delivered, in order")
}

// claims is how often the relay has looked for something to send, since the
// edge's PostgreSQL logs statements.
func (s *shop) claims() int {
	s.t.Helper()
	return strings.Count(s.postgresLog(), "SKIP LOCKED")
}

func TestFault23RelayKilledBeforeSend(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.NoError(t, s.Halt(t.Context(), sim.HQServer)) // nothing leaves before the failpoint is armed
	s.arm(sim.EdgeServer, "relay.before_send=kill")
	s.sell()
	s.restart(sim.HQServer)
	s.died(sim.EdgeServer)
	s.did("killed with a batch in hand")
	s.restart(sim.EdgeServer)
	require.Equal(t, 1, s.proven().Sales, "delivered later")
}

func TestFault24RelayKilledBeforeMark(t *testing.T) {
	t.Parallel()
	s := open(t)
	before := s.proven().Events // the catalogue's events have left
	s.arm(sim.EdgeServer, "relay.before_mark=kill")
	s.sell()
	s.died(sim.EdgeServer)
	s.atHQ(before + 3)
	s.did("killed when HQ had the batch and the edge did not know")
	s.restart(sim.EdgeServer)
	require.Equal(t, 1, s.proven().Sales, "HQ had it before the mark: one effect")
}
