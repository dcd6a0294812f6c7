package staff_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/token"
)

var (
	lan    = staff.Actor{CashierID: "C1", Role: staff.Cashier}
	basket = uuid.Must(uuid.FromString("0199a3f0-5c1e-7d43-8a53-1f2e3d4c5b6a"))
)

// withManager has cashiers C1 and C2 and managers M1 and M2.
func withManager(t *testing.T) *shop {
	t.Helper()
	s := newShop(t)
	s.hire("C1", staff.Cashier, "4826")
	s.hire("C2", staff.Cashier, "5937")
	s.hire("M1", staff.Manager, "7391")
	s.hire("M2", staff.Manager, "8402")
	return s
}

func (s *shop) approve(change func(*staff.Wanted)) (staff.Approval, error) {
	want := staff.Wanted{TerminalID: "T1", Asker: lan, ApproverID: "M1", PIN: "7391", Permission: staff.Discount, TransactionID: basket}
	if change != nil {
		change(&want)
	}
	return s.Approve(s.t.Context(), want)
}

// permit asks with an approval, in a transaction that ends with this error.
func (s *shop) permit(a staff.Approval, change func(*staff.Ask), end error) (approvedBy string, err error) {
	ask := staff.Ask{Actor: lan, TerminalID: "T1", Permission: staff.Discount, TransactionID: basket, Now: s.clock()}
	if a.Token != "" {
		ask.Approval = token.Hash(a.Token)
	}
	if change != nil {
		change(&ask)
	}
	err = s.DB.InTx(s.t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		approvedBy, err = s.Permit(ctx, tx, ask)
		return errors.Join(err, end)
	})
	return approvedBy, err
}

func TestAnApprovalIsGoodOnce(t *testing.T) {
	s := withManager(t)
	given, err := s.approve(nil)
	require.NoError(t, err)
	require.Equal(t, "M1", given.ApprovedBy)
	require.Equal(t, s.now.Add(2*time.Minute), given.ExpiresAt)
	require.Contains(t, s.entries(), "approval.granted "+basket.String())

	undo := errors.New("the sale failed after all")
	_, err = s.permit(given, nil, undo)
	require.ErrorIs(t, err, undo)
	by, err := s.permit(given, nil, nil)
	require.NoError(t, err, "what was rolled back did not use it up")
	require.Equal(t, "M1", by)
	_, err = s.permit(given, nil, nil)
	require.Equal(t, "approval_invalid", fault.CodeOf(err))
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
}

func TestAnApprovalIsForOneThing(t *testing.T) {
	s := withManager(t)
	given, err := s.approve(nil)
	require.NoError(t, err)
	for name, change := range map[string]func(*staff.Ask){
		"another basket":     func(a *staff.Ask) { a.TransactionID = uuid.Must(uuid.NewV7()) },
		"another permission": func(a *staff.Ask) { a.Permission = staff.OverridePrice },
		"another terminal":   func(a *staff.Ask) { a.TerminalID = "T2" },
		"another cashier":    func(a *staff.Ask) { a.Actor.CashierID = "C2" },
		"another token":      func(a *staff.Ask) { a.Approval = token.Hash("x") },
		"too late":           func(a *staff.Ask) { a.Now = a.Now.Add(2 * time.Minute) },
	} {
		_, err := s.permit(given, change, nil)
		require.Equal(t, "approval_invalid", fault.CodeOf(err), name)
	}
	_, err = s.permit(staff.Approval{}, nil, nil)
	require.Equal(t, "permission_needed", fault.CodeOf(err))
	require.Equal(t, "discount", fault.As(err).Details["permission"])
	require.NoError(t, s.Disable(t.Context(), "M1"))
	_, err = s.permit(given, nil, nil)
	require.Equal(t, "approval_invalid", fault.CodeOf(err), "the word of somebody who is out")
	require.NoError(t, s.Enable(t.Context(), "M1"))
	_, err = s.permit(given, func(a *staff.Ask) { a.Now = a.Now.Add(2*time.Minute - time.Microsecond) }, nil)
	require.NoError(t, err, "none of these used it up")
}

func TestWhoMayApprove(t *testing.T) {
	s := withManager(t)
	for name, c := range map[string]struct {
		change func(*staff.Wanted)
		code   string
	}{
		"a cashier for themselves":            {func(w *staff.Wanted) { w.ApproverID, w.PIN = "C1", "4826" }, "approval_by_self"},
		"a manager for themselves":            {func(w *staff.Wanted) { w.Asker = staff.Actor{CashierID: "M1", Role: staff.Manager} }, "approval_by_self"},
		"themselves, with a wrong PIN":        {func(w *staff.Wanted) { w.ApproverID, w.PIN = "C1", "9999" }, "approval_by_self"},
		"a cashier":                           {func(w *staff.Wanted) { w.ApproverID, w.PIN = "C2", "5937" }, "approver_not_allowed"},
		"a cashier, with a wrong PIN":         {func(w *staff.Wanted) { w.ApproverID = "C2" }, "pin_wrong"},
		"a manager, with a wrong PIN":         {func(w *staff.Wanted) { w.PIN = "9999" }, "pin_wrong"},
		"somebody whom nobody knows":          {func(w *staff.Wanted) { w.ApproverID = "M9" }, "pin_wrong"},
		"a till, which is no basket's matter": {func(w *staff.Wanted) { w.Permission = staff.PairTerminals }, "approver_not_allowed"},
		"what nobody has a permission for":    {func(w *staff.Wanted) { w.Permission = "rob_the_till" }, "approver_not_allowed"},
	} {
		given, err := s.approve(c.change)
		require.Equal(t, c.code, fault.CodeOf(err), name)
		require.Empty(t, given, name)
	}
	require.NoError(t, s.Disable(t.Context(), "M1"))
	_, err := s.approve(nil)
	require.Equal(t, "cashier_disabled", fault.CodeOf(err))
	_, err = s.approve(func(w *staff.Wanted) {
		w.ApproverID, w.PIN, w.Asker = "M2", "8402", staff.Actor{CashierID: "M1", Role: staff.Manager}
	})
	require.NoError(t, err, "a manager for another one")
	var stored int
	require.NoError(t, s.DB.QueryRow(t.Context(), "select count(*) from approvals").Scan(&stored))
	require.Equal(t, 1, stored)
}

// Approvals are guesses at a PIN, too.
func TestApprovalsCountTries(t *testing.T) {
	s := withManager(t)
	wrong := func(w *staff.Wanted) { w.PIN = "9999" }
	for range 4 {
		_, err := s.approve(wrong)
		require.Equal(t, "pin_wrong", fault.CodeOf(err))
	}
	_, err := s.approve(nil)
	require.NoError(t, err)
	for range 5 {
		_, err := s.approve(wrong)
		require.Equal(t, "pin_wrong", fault.CodeOf(err), "the right one began the count anew")
	}
	_, err = s.approve(nil)
	require.Equal(t, "pin_blocked", fault.CodeOf(err))
	require.Equal(t, "pin_blocked", s.try("T1", "M1", "7391"), "signing in and approving are one count")
	require.Contains(t, s.entries(), "pin.wrong M1")
}

func TestRolesAndPermissions(t *testing.T) {
	t.Parallel()
	all := []staff.Permission{staff.Sell, staff.VoidOthers, staff.Discount, staff.OverridePrice, staff.PairTerminals, staff.ReadAudit, staff.Approve}
	for _, p := range all {
		require.Equal(t, p == staff.Sell, staff.Cashier.May(p), p)
		require.True(t, staff.Manager.May(p), p)
		require.False(t, staff.Role("owner").May(p), p)
	}
	require.False(t, staff.Manager.May("anything"))
}
