package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/wire"
)

// Who takes the last line off somebody else's basket has voided it without
// saying so: it takes the same word.
func TestTheLastLineOfSomebodyElsesBasket(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	s.hire("M1", staff.Manager)
	lan := s.till("T1")
	hoa := lan.with("C2")
	b := lan.scan(lan.scan(lan.open(), water), beer)
	require.Equal(t, 200, hoa.call("DELETE", path(b, "/items/1"), nil).status, "there is another one")
	version := lan.read(b).Version
	p := refused(t, hoa.call("DELETE", path(b, "/items/2"), nil), 403, "permission_needed")
	require.Equal(t, "void_others", p["permission"])
	refused(t, hoa.call("DELETE", path(b, "/items/1"), nil, approvalHeader, "x"), 404, "line_not_found")
	require.Equal(t, version, lan.read(b).Version)

	word := hoa.wordOf("M1", "void_others", b).Token
	require.Equal(t, 200, hoa.call("DELETE", path(b, "/items/2"), nil, approvalHeader, word).status)
	require.Equal(t, []string{"line.removed T1 C2", "line.removed T1 C2 M1"}, s.done(b))
	require.Equal(t, []string{`{"amount":6000,"line_no":1,"opened_by":"C1","sku":"NUOC-0001"}`, `{"amount":14000,"line_no":2,"opened_by":"C1","sku":"BIA-0001"}`},
		column(t, s, "select detail::text from audit_log where action = 'line.removed' order by id"))
	refused(t, hoa.post(path(b, "/void"), nil, approvalHeader, word), 403, "approval_invalid")
	before := s.head()
	require.Equal(t, 200, lan.post(path(b, "/void"), nil).status)
	removed := payload[wire.BasketVoided](s, s.events(before)[0]).Removed
	require.Equal(t, []string{"C2", "C2"}, []string{removed[0].RemovedBy, removed[1].RemovedBy})

	for _, free := range []*till{lan, lan.with("M1")} { // one's own, and on a manager's own authority
		b = lan.scan(lan.open(), water)
		require.Equal(t, 200, free.call("DELETE", path(b, "/items/1"), nil).status)
		require.Equal(t, []string{"line.removed T1 " + free.cashier}, s.done(b))
	}
}

// Cash that a colleague took is theirs to give back, and the opener's.
func TestCashThatSomebodyElseTook(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	s.hire("C3", staff.Cashier)
	s.hire("M1", staff.Manager)
	lan := s.till("T1")
	hoa, mai := lan.with("C2"), lan.with("M1")
	b := lan.scan(lan.open(), water)
	cancel := func(c *till, p payment, headers ...string) answer {
		return c.post("/v1/payments/"+p.ID+"/cancel", nil, headers...)
	}
	taken := lan.cash(b, 1_000, 2_000)
	p := refused(t, cancel(hoa, taken), 403, "permission_needed")
	require.Equal(t, "void_others", p["permission"])
	require.Equal(t, "CAPTURED", ok[payment](t, 200, lan.get("/v1/payments/"+taken.ID)).Status)
	word := hoa.wordOf("M1", "void_others", b).Token
	require.Equal(t, "CANCELLED", ok[payment](t, 200, cancel(hoa, taken, approvalHeader, word)).Status)
	require.Equal(t, "CANCELLED", ok[payment](t, 200, cancel(hoa, taken)).Status, "it is so already")
	require.Equal(t, []string{"payment.cancelled T1 C2 M1"}, s.done(b))
	require.Equal(t, `{"amount":1000,"method":"CASH","opened_by":"C1","payment_id":"`+taken.ID+`","taken_by":"C1","was":"CAPTURED"}`,
		value[string](s, "select detail::text from audit_log where action = 'payment.cancelled'"))

	for name, c := range map[string]struct{ by, took *till }{"their own": {hoa, hoa}, "the opener": {lan, hoa}, "a manager": {mai, hoa}} {
		require.Equal(t, 200, cancel(c.by, c.took.cash(b, 1_000, 1_000)).status, name)
	}
	refused(t, cancel(lan.with("C3"), hoa.cash(b, 1_000, 1_000)), 403, "permission_needed")
	require.Equal(t, 200, cancel(hoa, lan.qr(b, 500)).status, "what is PENDING is in nobody's drawer")
}

// Each row says who did what to it last.
func TestWhoChangedARow(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	s.hire("M1", staff.Manager)
	lan := s.till("T1")
	hoa, mai := lan.with("C2"), lan.with("M1")
	b := lan.scan(lan.scan(lan.scan(lan.scan(lan.open(), water), beer), cola), bag)
	for line, c := range map[string]*till{"/items/2": hoa, "/items/4": lan} {
		require.Equal(t, 200, c.call("PATCH", path(b, line), object{"quantity": "2"}).status)
	}
	require.Equal(t, 200, hoa.call("DELETE", path(b, "/items/3"), nil).status)
	require.Equal(t, 200, mai.post(path(b, "/items/2/discount"), object{"amount": 500, "reason": "móp"}).status)
	require.Equal(t, []string{"1 C1 -", "2 C1 C2", "3 C1 C2", "4 C1 C1"},
		column(t, s, "select concat_ws(' ', line_no, cashier_id, coalesce(changed_by, '-')) from line_items order by line_no"), "a discount stands in line_overrides")

	failed := lan.qr(b, 500)
	lan.simulate(failed, "FAILED")
	given := hoa.cash(b, 600, 600)
	require.Equal(t, 200, lan.post("/v1/payments/"+given.ID+"/cancel", nil).status)
	lan.cash(b, 700, 700)
	hoa.qr(b, 800)
	require.Equal(t, 200, mai.post(path(b, "/void"), nil).status)
	require.Equal(t, []string{"500 FAILED C1 -", "600 CANCELLED C2 C1", "700 CANCELLED C1 M1", "800 CANCELLED C2 M1"},
		column(t, s, "select concat_ws(' ', amount, status, cashier_id, coalesce(changed_by, '-')) from payments order by amount"))
	requireInvariants(t, s)
}
