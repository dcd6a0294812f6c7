package staff_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
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
