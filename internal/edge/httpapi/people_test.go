package httpapi_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/postgres"
)

type approval struct {
	Token      string    `json:"approval_token"`
	ApprovedBy string    `json:"approved_by"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// wordOf is a manager's word for the till's cashier.
func (c *till) wordOf(by, permission string, b basket) approval {
	c.t.Helper()
	return ok[approval](c.t, 201, c.post("/v1/approvals", object{"cashier_id": by, "pin": pin, "permission": permission, "transaction_id": b.ID}))
}

func (c *till) discount(b basket, amount int, headers ...string) answer {
	return c.post(path(b, "/items/1/discount"), object{"amount": amount, "reason": "hộp móp"}, headers...)
}

func TestAManagerStandsForACashier(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	p := refused(t, t1.discount(b, 500), 403, "permission_needed")
	require.Equal(t, "discount", p["permission"])
	word := t1.wordOf("M1", "discount", b)
	require.Equal(t, "M1", word.ApprovedBy)
	require.True(t, word.ExpiresAt.Equal(s.now.Add(2*time.Minute)))

	// A call that fails leaves it good; a retry is the same call; then it is used up.
	refused(t, t1.post(path(b, "/items/1/discount"), object{"amount": 6_001, "reason": "x"}, approvalHeader, word.Token), 422, "discount_too_large")
	key := newID()
	for range 2 {
		require.Equal(t, 200, t1.discount(b, 500, approvalHeader, word.Token, keyHeader, key).status)
	}
	refused(t, t1.discount(b, 600, approvalHeader, word.Token), 403, "approval_invalid")
	require.Equal(t, "C1 M1", value[string](s, "select cashier_id || ' ' || approved_by from audit_log where action = 'line.discounted'"))
}

func TestAnApprovalIsForOneThing(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	s.hire("C2", staff.Cashier)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b, other := t1.scan(t1.open(), water), t1.scan(t1.open(), water)
	word := t1.wordOf("M1", "discount", b)
	for name, a := range map[string]answer{
		"another basket":     t1.discount(other, 500, approvalHeader, word.Token),
		"another permission": t1.post(path(b, "/items/1/price"), object{"unit_price": 1, "reason": "x"}, approvalHeader, word.Token),
		"another cashier":    t1.with("C2").discount(b, 500, approvalHeader, word.Token),
		"an invented one":    t1.discount(b, 500, approvalHeader, word.Token[1:]),
	} {
		require.Equal(t, 403, a.status, name)
		refused(t, a, 403, "approval_invalid")
	}
	s.at("2026-11-22T09:32:00+07:00")
	refused(t, t1.discount(b, 500, approvalHeader, word.Token), 403, "approval_invalid")
	s.at("2026-11-22T09:31:59.999999+07:00")
	require.Equal(t, 200, t1.discount(b, 500, approvalHeader, word.Token).status)

	// At another terminal, with the same cashier and basket.
	word = t1.wordOf("M1", "discount", other)
	t2 := s.till("T2")
	ok[basket](t, 200, t2.post(path(other, "/resume"), object{"terminal_id": "T2"}))
	refused(t, t2.discount(other, 500, approvalHeader, word.Token), 403, "approval_invalid")
}

func TestWhoApproves(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	ask := func(c *till, by, with, permission string) answer {
		return c.post("/v1/approvals", object{"cashier_id": by, "pin": with, "permission": permission, "transaction_id": b.ID})
	}
	refused(t, ask(t1, "C1", pin, "discount"), 403, "approval_by_self")
	refused(t, ask(t1.with("M1"), "M1", pin, "discount"), 403, "approval_by_self")
	p := refused(t, ask(t1, "C2", pin, "void_others"), 403, "approver_not_allowed")
	require.Equal(t, "void_others", p["permission"])
	refused(t, ask(t1, "M1", "9999", "discount"), 401, "pin_wrong")
	refused(t, ask(t1, "M9", pin, "discount"), 401, "pin_wrong")
	for _, permission := range []string{"pair_terminals", "read_audit", "approve", "sell", "", "everything"} {
		require.Equal(t, 422, ask(t1, "M1", pin, permission).status, "%q is nothing that one stands for at a basket", permission)
	}
	require.Zero(t, value[int64](s, "select count(*) from approvals"))
	require.Equal(t, 200, t1.with("M1").discount(b, 500).status, "a manager acts on their own authority")
	require.Empty(t, value[string](s, "select approved_by from audit_log where action = 'line.discounted'"))
}

// One approval, and two calls that need it at the same moment.
func TestOneApprovalIsOneCall(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	word := t1.wordOf("M1", "discount", b)
	var done atomic.Int32
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			if a := patient(func() answer { return t1.discount(b, 100+i, approvalHeader, word.Token) }); a.status == 200 {
				done.Add(1)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, 1, done.Load())
}

func TestPairingOverTheAPI(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	s.hire("M1", staff.Manager)
	manager := s.till("T1").with("M1")
	code := ok[object](t, 201, manager.post("/v1/pairing-codes", object{"terminal_id": "T6", "name": "Quầy 6"}))
	require.Equal(t, "T6", code["terminal_id"])
	require.Equal(t, "2026-11-22T02:40:00Z", code["expires_at"])
	refused(t, manager.post("/v1/pairing-codes", object{"terminal_id": "T-6"}), 422, "validation_failed")

	fresh := &till{shop: s}
	paired := ok[map[string]string](t, 201, fresh.post("/v1/terminals", object{"code": code["code"]}))
	require.Equal(t, []string{"T6", "S1"}, []string{paired["terminal_id"], paired["store_id"]})
	fresh.id, fresh.token = paired["terminal_id"], paired["token"]
	require.Equal(t, receipt("T6", 1), fresh.with("C1").sell(water).ReceiptNo, "and it sells")
	refused(t, (&till{shop: s}).post("/v1/terminals", object{"code": code["code"]}), 401, "pairing_code_invalid")
	require.Equal(t, "T1 M1", value[string](s, "select terminal_id || ' ' || cashier_id from audit_log where action = 'terminal.pairing_code'"))

	// Once more for the same terminal: the token from before is worth nothing.
	again := ok[object](t, 201, manager.post("/v1/pairing-codes", object{"terminal_id": "T6"}))
	ok[object](t, 201, (&till{shop: s}).post("/v1/terminals", object{"code": again["code"]}))
	refused(t, fresh.get("/v1/status"), 401, "token_invalid")

	for range 9 { // and one above
		refused(t, (&till{shop: s}).post("/v1/terminals", object{"code": "0000-0000"}), 401, "pairing_code_invalid")
	}
	a := (&till{shop: s}).post("/v1/terminals", object{"code": "0000-0000"})
	p := refused(t, a, 429, "too_many_attempts")
	require.Equal(t, "6", a.header.Get("Retry-After"))
	require.EqualValues(t, 6, p["retry_after_seconds"])
}

func TestTheAuditLog(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	refused(t, t1.signIn("C1", "9999"), 401, "pin_wrong")
	refused(t, t1.signIn("C9", "9999"), 401, "pin_wrong")
	manager := t1.with("M1")
	require.Equal(t, 204, t1.call("DELETE", "/v1/sessions/current", nil).status)
	type record struct {
		ID         int64          `json:"id"`
		At         time.Time      `json:"at"`
		TerminalID string         `json:"terminal_id"`
		CashierID  string         `json:"cashier_id"`
		Action     string         `json:"action"`
		Subject    string         `json:"subject"`
		Detail     map[string]any `json:"detail"`
	}
	type page struct {
		Items []record `json:"items"`
		Next  string   `json:"next"`
	}
	all := ok[page](t, 200, manager.get("/v1/audit"))
	said := make([]string, len(all.Items))
	for i, r := range all.Items {
		said[i] = r.TerminalID + "/" + r.CashierID + "/" + r.Action + "/" + r.Subject
		require.NotNil(t, r.Detail)
	}
	require.Equal(t, []string{"//staff.added/C1", "//staff.added/M1", "//terminal.added/T1", "T1/C1/session.opened/C1", "T1//pin.wrong/C1", "T1//pin.wrong/",
		"T1/M1/session.opened/M1", "T1/C1/session.ended/C1"}, said)
	require.True(t, all.Items[7].At.Equal(s.now))
	require.Empty(t, all.Next)
	first := ok[page](t, 200, manager.get("/v1/audit?limit=5"))
	require.Len(t, first.Items, 5)
	rest := ok[page](t, 200, manager.get("/v1/audit?limit=5&after="+first.Next))
	require.Equal(t, all.Items, append(first.Items, rest.Items...))
	for _, sql := range []string{"update audit_log set cashier_id = 'C2'", "delete from audit_log", "truncate audit_log"} {
		_, err := s.app.DB.Exec(t.Context(), sql)
		require.Equal(t, "23001", postgres.SQLState(err), sql)
	}
}
