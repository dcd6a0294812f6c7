package staff_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// failures are a person's counts: at T1, and at all terminals; 0 if there is none.
func (s *shop) failures(id string) (here, inStore int) {
	s.t.Helper()
	const sql = "select coalesce(sum(failures) filter (where terminal_id = 'T1'), 0), coalesce(sum(failures) filter (where terminal_id = ''), 0) from pin_attempts where cashier_id = $1"
	require.NoError(s.t, s.DB.QueryRow(s.t.Context(), sql, id).Scan(&here, &inStore))
	return here, inStore
}

func (s *shop) requireFailures(here, inStore int) {
	s.t.Helper()
	gotHere, gotInStore := s.failures("C1")
	require.Equal(s.t, []int{here, inStore}, []int{gotHere, gotInStore})
}

// A guess that is made between somebody's right PIN and what they gave it for is
// not forgiven together with what came before.
func TestAGuessBesideTheRightPIN(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	wrong := func(terminal string) {
		s.later(time.Millisecond)
		require.Equal(t, "pin_wrong", s.try(terminal, "C1", "9999"))
	}
	wrong("T1")
	wrong("T2")
	proof := s.prove("T1", "C1", "4826")
	s.requireFailures(2, 3)
	wrong("T1")
	wrong("T2")
	s.forgive(proof)
	s.requireFailures(1, 2)
	for range 4 {
		wrong("T1")
	}
	require.NotZero(t, s.blocked("T1", "C1", "4826"), "the one from before makes five")
}

// Two right PINs at the same moment, and a guess when the second one's owner has
// been let in: the first one does not forgive it.
func TestAGuessBetweenTwoRightPINs(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	first := s.prove("T1", "C1", "4826")
	s.later(time.Millisecond)
	second := s.prove("T1", "C1", "4826")
	s.requireFailures(2, 2)
	s.forgive(second)
	s.requireFailures(0, 0)
	s.later(time.Millisecond)
	require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
	s.forgive(first)
	s.requireFailures(1, 1)
	s.later(time.Millisecond)

	third := s.prove("T1", "C1", "4826")
	s.later(time.Millisecond)
	fourth := s.prove("T1", "C1", "4826")
	s.forgive(third)
	s.requireFailures(1, 1)
	s.forgive(fourth)
	s.requireFailures(0, 0)
}

// Forgiving waits for a try that is being counted, as tries wait for each other.
func TestForgivingWaitsForACount(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	proof := s.prove("T1", "C1", "4826")
	forgiven := make(chan error, 1)
	require.NoError(t, s.DB.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := edgedb.LockPersonFor(ctx, tx, "C1", "T1")
		require.NoError(t, err)
		go func() {
			forgiven <- s.DB.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return s.Forgive(ctx, tx, proof) })
		}()
		require.Eventually(t, func() bool {
			var waits bool
			const sql = "select exists (select from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database()))"
			return s.DB.QueryRow(t.Context(), sql).Scan(&waits) == nil && waits
		}, 20*time.Second, 5*time.Millisecond)
		return nil
	}))
	require.NoError(t, <-forgiven)
	s.requireFailures(0, 0)
}

// A PIN that was replaced between its check and what it was given for is nobody's
// any more: it was reset because somebody else knows it.
func TestAPINThatWasReplacedMeanwhile(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	proof := s.prove("T1", "C1", "4826")
	_, err := s.ResetPIN(t.Context(), "C1", "7193")
	require.NoError(t, err)
	err = s.DB.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return s.Forgive(ctx, tx, proof) })
	require.Equal(t, "pin_wrong", fault.CodeOf(err))
	s.forgive(s.prove("T1", "C1", "7193"))
}
