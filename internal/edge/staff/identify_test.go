package staff_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres"
)

// blocked is for how long a try is refused, in seconds; 0 if it is not.
func (s *shop) blocked(terminal, id, pin string) int64 {
	s.t.Helper()
	_, err := s.Identify(s.t.Context(), staff.Try{TerminalID: terminal, CashierID: id, PIN: pin})
	if fault.CodeOf(err) != "pin_blocked" {
		return 0
	}
	require.Equal(s.t, fault.Throttled, fault.KindOf(err))
	seconds, ok := fault.As(err).Details["retry_after_seconds"].(int64)
	require.True(s.t, ok)
	return seconds
}

// prove gives the right PIN, and nothing is made of it yet.
func (s *shop) prove(terminal, id, pin string) staff.Proof {
	s.t.Helper()
	proof, err := s.Identify(s.t.Context(), staff.Try{TerminalID: terminal, CashierID: id, PIN: pin})
	require.NoError(s.t, err)
	return proof
}

func (s *shop) forgive(proof staff.Proof) {
	s.t.Helper()
	require.NoError(s.t, s.DB.InTx(s.t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return s.Forgive(ctx, tx, proof) }))
}

func TestFiveWrongPINs(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	s.hire("C2", staff.Cashier, "7391")
	for range 5 {
		require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
	}
	require.EqualValues(t, 30, s.blocked("T1", "C1", "4826"), "the right PIN is not looked at, either")
	require.Empty(t, s.try("T1", "C2", "7391"), "another person at the same till")
	require.Empty(t, s.try("T2", "C1", "4826"), "the same person at another till")
	s.later(29 * time.Second)
	require.EqualValues(t, 1, s.blocked("T1", "C1", "4826"), "a refused try does not lengthen the pause")
	s.later(time.Second)
	require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
	for _, pause := range []int64{60, 120, 240, 480, 900, 900} {
		require.Equal(t, pause, s.blocked("T1", "C1", "4826"))
		s.later(time.Duration(pause) * time.Second)
		require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
	}
	s.later(15 * time.Minute)
	s.forgive(s.prove("T1", "C1", "4826"))
	for range 4 {
		require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"), "the right one began the count anew")
	}
	require.Empty(t, s.try("T1", "C1", "4826"))
	list := strings.Join(s.entries(), "\n")
	require.Equal(t, 8, strings.Count(list, "pin.blocked C1"), "each pause is written down, once")
}

// An id that nobody has is treated as one that somebody has.
func TestNobodyLearnsWhoIsThere(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	_, wrong := s.Identify(t.Context(), staff.Try{TerminalID: "T1", CashierID: "C1", PIN: "9999"})
	_, unknown := s.Identify(t.Context(), staff.Try{TerminalID: "T1", CashierID: "C9", PIN: "9999"})
	require.Equal(t, fault.As(wrong), fault.As(unknown))
	require.Equal(t, fault.Unauthorized, fault.KindOf(unknown))
	for range 4 {
		require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
		require.Equal(t, "pin_wrong", s.try("T1", "C9", "9999"))
	}
	require.EqualValues(t, 30, s.blocked("T1", "C1", "9999"))
	require.EqualValues(t, 30, s.blocked("T1", "C9", "9999"))
}

// Five tills do not give five times the guesses.
func TestGuessingFromFiveTills(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	looked := 0
	for i := range 100 {
		if code := s.try(fmt.Sprintf("T%d", i%5+1), "C1", strconv.Itoa(5000+i)); code == "pin_wrong" {
			looked++
		}
	}
	require.Equal(t, 15, looked)
	require.EqualValues(t, 30, s.blocked("T5", "C1", "4826"))
	require.EqualValues(t, 30, s.blocked("T9", "C1", "4826"), "a till that nobody tried at")
	s.later(30 * time.Second)
	for i := range 5 {
		s.try(fmt.Sprintf("T%d", i+1), "C1", "9999")
	}
	require.EqualValues(t, 60, s.blocked("T9", "C1", "4826"), "one of the five was looked at")
	var failures int
	require.NoError(t, s.DB.QueryRow(t.Context(), "select failures from pin_attempts where cashier_id = 'C1' and terminal_id = ''").Scan(&failures))
	require.Equal(t, 16, failures)
}

// A try is counted before the PIN is looked at, so guesses at the same moment
// cannot outrun the count.
func TestGuessesAtTheSameMoment(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	others := []*staff.People{s.People, {DB: s.DB, StoreID: "S1", Cost: s.Cost, Now: s.clock}}
	var looked atomic.Int32
	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			_, err := others[i%2].Identify(t.Context(), staff.Try{TerminalID: "T1", CashierID: "C1", PIN: strconv.Itoa(5000 + i)})
			if fault.CodeOf(err) == "pin_wrong" {
				looked.Add(1)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, 5, looked.Load())
	require.EqualValues(t, 30, s.blocked("T1", "C1", "4826"))
}

// A clock that is set back blocks nobody for longer than the pause.
func TestThePauseAndTheClock(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	for range 5 {
		require.Equal(t, "pin_wrong", s.try("T1", "C1", "9999"))
	}
	s.later(-365 * 24 * time.Hour)
	require.EqualValues(t, 30, s.blocked("T1", "C1", "4826"))
	s.later(20 * time.Second)
	require.EqualValues(t, 10, s.blocked("T1", "C1", "4826"), "it runs from when the clock was found wrong, once")
	s.later(10 * time.Second)
	require.Empty(t, s.try("T1", "C1", "4826"))
}

// Whoever waits for the one place to hash may give up.
func TestTheWaitForHashing(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Identify(gone, staff.Try{TerminalID: "T1", CashierID: "C1", PIN: "4826"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Empty(t, s.try("T1", "C1", "4826"))
}
