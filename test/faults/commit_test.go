//go:build unix

package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/sim"
)

// Row 3: the edge is killed when its COMMIT is on its way. A finalize's writes,
// its events and COMMIT are one flight (docs/decisions/0007), so no place in the
// program lies between them: the flight waits in PostgreSQL for the head of the
// log, which somebody holds, and needs the edge no more.
func TestFault03EdgeKilledBeforeCommit(t *testing.T) {
	t.Parallel()
	// The edge's own PostgreSQL is shut down with it: either the session that waits
	// is ended, or the shutdown frees the head a moment before. Both are right.
	t.Run("the database goes with it", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		f := s.takeOff(s.till)
		require.NoError(t, s.Kill(sim.EdgeServer))
		_, err := f.holder.Exec(t.Context(), "rollback")
		s.did("killed with COMMIT on its way; to free the head: %v", err) // the shutdown may have done it
		s.restart(sim.EdgeServer)
		f.land(s.till, sale.Draft, sale.Paid)
	})
	// A PostgreSQL that is not the edge's own does not hear of its death, and
	// carries out what it has got. Here it is another edge's.
	t.Run("the database outlives it", func(t *testing.T) {
		t.Parallel()
		s := open(t, "T1", "T2")
		second := s.secondEdge()
		f := s.takeOff(second.till)
		second.kill()
		f.holder.run("rollback")
		f.watcher.eventually(0, "select count(*) from pg_stat_activity where pid = $1", f.backend)
		s.did("killed with COMMIT on its way; then the head was freed, and the session has ended")
		f.land(s.newTill(1), f.carriedOut())
	})
}

// flight is a finalize whose COMMIT is on its way, behind a lock.
type flight struct {
	s       *shop
	id      uuid.UUID
	key     string
	before  int    // sales until then
	head    int64  // of the log
	receipt string // that it is to have
	holder  *session
	watcher *session
	backend int64 // the session that waits
	answer  chan error
}

func (s *shop) takeOff(till *sim.Till) *flight {
	s.t.Helper()
	f := &flight{s: s, key: sim.NewKey(), holder: s.session(sim.EdgeServer), watcher: s.session(sim.EdgeServer), answer: make(chan error, 1)}
	f.before = 1 + seeded(s.t).IntN(4)
	for i := range f.before {
		b, err := till.Finalize(s.t.Context(), s.paidAt(till), sim.NewKey())
		require.NoError(s.t, err)
		prefix, found := strings.CutSuffix(b.ReceiptNo, fmt.Sprintf("%07d", i+1))
		require.True(s.t, found, b.ReceiptNo)
		f.receipt = fmt.Sprintf("%s%07d", prefix, f.before+1)
	}
	f.head, f.id = s.head(), s.paidAt(till)
	f.holder.run("begin")
	f.holder.run("select * from outbox_head for update")
	go func() {
		_, err := till.Finalize(s.t.Context(), f.id, f.key)
		f.answer <- err
	}()
	f.watcher.eventually(1, waiting)
	f.backend = f.watcher.count(strings.Replace(waiting, "count(*)", "pid", 1))
	return f
}

// carriedOut is what a session that was left to itself has made of the basket:
// PAID, unless the machine is so busy that its wait for the head timed out.
func (f *flight) carriedOut() sale.Status {
	f.s.t.Helper()
	if strings.Contains(f.s.postgresLog(), "canceling statement due to lock timeout") {
		return sale.Draft
	}
	return sale.Paid
}

// land looks where the flight has come down, now that an edge is there again. The
// basket is in one of the states, and whole in it; the retry, with its key or a
// new one, gets one receipt, and the next sale the next.
func (f *flight) land(till *sim.Till, allowed ...sale.Status) {
	s, t := f.s, f.s.t
	t.Helper()
	answer := <-f.answer // an error, unless the till's patience lasted until an edge was back
	client := s.edge()
	defer client.Close()
	b, err := client.Transaction(t.Context(), f.id)
	require.NoError(t, err)
	s.did("the basket is %s", b.Status)
	require.Contains(t, allowed, b.Status)
	if answer == nil {
		require.Equal(t, sale.Paid, b.Status, "what a cashier has seen stays")
	}
	if b.Status == sale.Paid {
		require.Equal(t, f.receipt, b.ReceiptNo)
		require.Equal(t, f.head+3, s.head(), "the sale with all its events")
	} else {
		require.Empty(t, b.ReceiptNo)
		require.Equal(t, f.head, s.head(), "no event without its sale")
		require.Equal(t, b.Totals.Total, b.Totals.Paid, "the money that was taken is still there")
	}
	for _, key := range []string{f.key, sim.NewKey()} {
		b, err := till.Finalize(t.Context(), f.id, key)
		require.NoError(t, err, "the retry succeeds")
		require.Equal(t, f.receipt, b.ReceiptNo)
	}
	require.Equal(t, f.head+3, s.head(), "once")
	next, err := till.Finalize(t.Context(), s.paidAt(till), sim.NewKey())
	require.NoError(t, err)
	require.Greater(t, next.ReceiptNo, f.receipt)
	require.Equal(t, f.head+6, s.head())
	require.Equal(t, f.before+2, s.proven().Sales)
}
