package staff_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/fault"
)

// One till invents ids as fast as it can. At another till a right PIN is taken
// meanwhile, and what is written is bounded by the till's wrong tries.
func TestATillThatInventsIDs(t *testing.T) {
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	var running sync.WaitGroup
	for i := range 400 {
		running.Go(func() {
			code := s.try("T1", fmt.Sprintf("X%d", i), "9999")
			if code != "pin_wrong" && code != "too_many_attempts" {
				t.Error(code)
			}
		})
	}
	for range 10 {
		require.Empty(t, s.try("T2", "C1", "4826"))
		s.forgive(s.prove("T2", "C1", "4826"))
	}
	running.Wait()
	for i := range 40 { // one by one, for those that found the queue full
		s.try("T1", fmt.Sprintf("Y%d", i), "9999")
	}
	require.Equal(t, "too_many_attempts", s.try("T1", "C1", "4826"), "not looked at")
	require.Empty(t, s.try("T2", "C1", "4826"))
	const sql = "select (select count(*) from pin_attempts where cashier_id <> 'C1'), (select count(*) from audit_log where action = 'pin.wrong')"
	var counters, entries int
	require.NoError(t, s.DB.QueryRow(t.Context(), sql).Scan(&counters, &entries))
	require.Equal(t, []int{40, 20}, []int{counters, entries}, "twenty tries: two counters and an entry each")

	s.later(10 * time.Second)
	require.Equal(t, "pin_wrong", s.try("T1", "Z1", "9999"))
	require.Empty(t, s.try("T1", "C1", "4826"), "a right one costs nothing ...")
	require.Equal(t, "pin_wrong", s.try("T1", "Z2", "9999"), "... of what two pauses gave back")
	require.Equal(t, "too_many_attempts", s.try("T1", "Z3", "9999"))
}

// hangsUp is a context whose caller hangs up as soon as the try is counted.
func (s *shop) hangsUp() context.Context {
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(cancel)
	s.Now = func() time.Time {
		var counted bool
		if err := s.DB.QueryRow(s.t.Context(), "select exists (select from pin_attempts)").Scan(&counted); err != nil || counted {
			cancel()
		}
		return s.clock()
	}
	return ctx
}

// Whoever hangs up while their PIN is looked at is in the audit log all the same.
func TestHangingUpKeepsNothingOutOfTheLog(t *testing.T) {
	for name, c := range map[string]struct {
		disabled bool
		try      staff.Try
		code     string
		want     string
	}{
		"a wrong PIN":          {false, staff.Try{CashierID: "C1", PIN: "9999"}, "pin_wrong", "pin.wrong C1"},
		"nobody's id":          {false, staff.Try{CashierID: "C9", PIN: "9999"}, "pin_wrong", "pin.wrong "},
		"of somebody disabled": {true, staff.Try{CashierID: "C1", PIN: "4826"}, "cashier_disabled", "pin.refused C1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.hire("C1", staff.Cashier, "4826")
			if c.disabled {
				require.NoError(t, s.Disable(t.Context(), "C1"))
			}
			c.try.TerminalID = "T1"
			ctx := s.hangsUp()
			_, err := s.Identify(ctx, c.try)
			require.ErrorIs(t, ctx.Err(), context.Canceled, "the caller hung up in the middle")
			require.Equal(t, c.code, fault.CodeOf(err))
			require.Contains(t, s.entries(), c.want)
		})
	}
}

// Right PINs that are refused are in the audit log: of somebody who is disabled,
// and of somebody who may not approve.
func TestRightPINsThatAreRefused(t *testing.T) {
	s := withManager(t)
	ctx := s.hangsUp()
	_, err := s.Approve(ctx, staff.Wanted{TerminalID: "T1", Asker: lan, ApproverID: "C2", PIN: "5937", Permission: staff.Discount, TransactionID: basket})
	require.Equal(t, "approver_not_allowed", fault.CodeOf(err), "%v", err)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	s.Now = s.clock
	var who, detail string
	const sql = "select terminal_id || ' ' || cashier_id || ' ' || subject || ' ' || approved_by, detail from audit_log where action = 'approval.refused'"
	require.NoError(t, s.DB.QueryRow(t.Context(), sql).Scan(&who, &detail))
	require.Equal(t, "T1 C1 "+basket.String()+" ", who, "nobody stood for it")
	require.JSONEq(t, `{"permission":"discount","asked":"C2"}`, detail)
	here, inStore := s.failures("C2")
	require.Equal(t, []int{0, 0}, []int{here, inStore}, "the PIN was right")

	require.NoError(t, s.Disable(t.Context(), "M1"))
	for range 5 {
		_, err = s.approve(nil)
		require.Equal(t, "cashier_disabled", fault.CodeOf(err))
	}
	_, err = s.approve(nil)
	require.Equal(t, "pin_blocked", fault.CodeOf(err), "it is bounded as wrong ones are")
	var refused int
	require.NoError(t, s.DB.QueryRow(t.Context(), "select count(*) from audit_log where action = 'pin.refused' and subject = 'M1' and cashier_id = 'C1'").Scan(&refused))
	require.Equal(t, 5, refused)
	require.Contains(t, s.entries(), "pin.blocked M1")
}
