package httpapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/wire"
)

// hands is a basket as the tests of its wandering look at it.
type hands struct {
	TerminalID string `json:"terminal_id"`
	CashierID  string `json:"cashier_id"`
	OpenedBy   string `json:"opened_by"`
	Status     string `json:"status"`
}

func (c *till) hands(b basket) hands {
	c.t.Helper()
	return ok[hands](c.t, 200, c.get(path(b, "")))
}

func (c *till) suspend(b basket) {
	c.t.Helper()
	ok[basket](c.t, 200, c.post(path(b, "/suspend"), nil))
}

func (c *till) resume(b basket) basket {
	c.t.Helper()
	return ok[basket](c.t, 200, c.post(path(b, "/resume"), object{"terminal_id": c.id}))
}

// done lists the audit log's entries about a basket: action, till, cashier, and
// who approved.
func (s *shop) done(b basket) []string {
	return column(s.t, s, `select action || ' ' || terminal_id || ' ' || cashier_id || coalesce(' ' || nullif(approved_by, ''), '')
		from audit_log where subject = '`+b.ID+`' and action not like 'approval%' order by id`)
}

func TestABasketWaitsAndGoesOnAtAnotherTill(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	t1, t2 := s.till("T1"), s.till("T2").with("C2")
	b := t1.scan(t1.open(), water)
	require.Equal(t, hands{"T1", "C1", "C1", "DRAFT"}, t1.hands(b))
	refused(t, t2.post(path(b, "/suspend"), nil), 403, "basket_held_elsewhere")
	refused(t, t1.post(path(b, "/resume"), object{"terminal_id": "T1"}), 409, "transaction_not_suspended")
	t1.suspend(b)
	require.Equal(t, hands{"T1", "C1", "C1", "SUSPENDED"}, t1.hands(b))
	for _, a := range []answer{t1.post(path(b, "/items"), object{"barcode": beer}), t1.post(path(b, "/payments"), object{"method": "CASH", "amount": 1}),
		t1.post(path(b, "/finalize"), nil), t1.post(path(b, "/suspend"), nil), t1.call("DELETE", path(b, "/items/1"), nil)} {
		refused(t, a, 409, "transaction_suspended")
	}
	refused(t, t2.post(path(b, "/resume"), object{"terminal_id": "T1"}), 403, "terminal_mismatch")

	t2.resume(b)
	require.Equal(t, hands{"T2", "C2", "C1", "DRAFT"}, t2.hands(b))
	refused(t, t1.post(path(b, "/items"), object{"barcode": beer}), 403, "basket_held_elsewhere")
	b = t2.scan(b, beer)
	t2.cash(b, 20_000, 20_000)
	before := s.head()
	require.Equal(t, receipt("T2", 1), t2.finalize(b).ReceiptNo, "the receipt is the finalizing till's")
	sold := s.events(before)[0]
	require.Equal(t, []string{"T2", "C2", "C1"}, []string{sold.TerminalID, sold.CashierID, payload[wire.SaleRecorded](s, sold).OpenedBy})
	require.Equal(t, []string{"1 T1 C1", "2 T2 C2"}, column(t, s, "select line_no || ' ' || terminal_id || ' ' || cashier_id from line_items order by 1"))
	require.Equal(t, []string{"T2 C2"}, column(t, s, "select terminal_id || ' ' || cashier_id from payments"))
	require.Equal(t, []string{"basket.suspended T1 C1", "basket.resumed T2 C2"}, s.done(b))
	for _, what := range []string{"/suspend", "/void"} {
		refused(t, t2.post(path(b, what), nil), 409, "transaction_paid")
	}
	refused(t, t1.post(path(b, "/resume"), object{"terminal_id": "T1"}), 409, "transaction_paid")
	requireInvariants(t, s)
}

// Two cashiers at one till: each stands on what they did, and the basket stays
// that of who opened it.
func TestWhoActsStandsOnWhatTheyDid(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	lan := s.till("T1")
	hoa := lan.with("C2")
	opening := object{"id": newID(), "terminal_id": "T1", "cashier_id": "C1"}
	b := lan.scan(ok[basket](t, 201, lan.post("/v1/transactions", opening)), water)
	b = hoa.scan(b, beer)
	require.Equal(t, hands{"T1", "C1", "C1", "DRAFT"}, lan.hands(b), "a hand lent is no hand-over")
	hoa.cash(b, 5_000, 5_000)
	lan.cash(b, 15_000, 15_000)
	before := s.head()
	hoa.finalize(b)
	require.Equal(t, hands{"T1", "C2", "C1", "PAID"}, lan.hands(b))
	require.Equal(t, []string{"1 C1", "2 C2"}, column(t, s, "select line_no || ' ' || cashier_id from line_items order by 1"))
	require.Equal(t, []string{"15000 C1", "5000 C2"}, column(t, s, "select amount || ' ' || cashier_id from payments order by 1"))
	for _, e := range s.events(before) {
		require.Equal(t, "C2", e.CashierID, "%s: who finalized", e.Type)
	}
	require.Equal(t, "PAID", ok[basket](t, 200, lan.post("/v1/transactions", opening)).Status, "a late retry of the opening finds its basket")
	requireInvariants(t, s)
}

// Row 7 of the faults: a till dies in the middle of paying. Another one takes
// its basket over, takes the rest and finalizes; when the dead one wakes up, it
// is told that the basket is gone.
func TestATillDiesWhilePaying(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	t1, t2 := s.till("T1"), s.till("T2").with("C2")
	b := t1.scan(t1.scan(t1.open(), water), beer)
	t1.cash(b, 5_000, 10_000)
	shown := t1.qr(b, 6_000)

	t2.resume(b)
	require.Equal(t, hands{"T2", "C2", "C1", "DRAFT"}, t2.hands(b))
	require.Equal(t, int64(9_000), t2.read(b).Totals.Due, "what was paid stays paid, what was asked for stays asked for")
	for name, a := range map[string]answer{
		"scan": t1.post(path(b, "/items"), object{"barcode": water}), "pay": t1.post(path(b, "/payments"), object{"method": "CASH", "amount": 9_000}),
		"finalize": t1.post(path(b, "/finalize"), nil), "void": t1.post(path(b, "/void"), nil), "suspend": t1.post(path(b, "/suspend"), nil),
		"cancel": t1.post("/v1/payments/"+shown.ID+"/cancel", nil),
	} {
		require.Contains(t, refused(t, a, 403, "basket_held_elsewhere")["detail"], "T2", name)
	}
	t2.simulate(shown, "CAPTURED")
	t2.cash(b, 9_000, 9_000)
	require.Equal(t, receipt("T2", 1), t2.finalize(b).ReceiptNo)
	paid := t1.get(path(b, ""))
	require.Equal(t, "PAID", ok[basket](t, 200, paid).Status)
	require.Equal(t, receipt("T2", 1), ok[basket](t, 200, t1.post(path(b, "/finalize"), nil)).ReceiptNo, "the dead till's retry gets the one receipt")
	require.Equal(t, []string{"basket.taken_over T2 C2"}, s.done(b))
	requireInvariants(t, s)
}

func TestABasketIsSuspendedWhilePaying(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	b := t1.scan(t1.scan(t1.open(), water), beer)
	t1.cash(b, 4_000, 4_000)
	shown := t1.qr(b, 16_000)
	t1.suspend(b)
	before := s.head()
	require.Equal(t, "CAPTURED", t1.simulate(shown, "CAPTURED").Status, "the customer pays while it waits")
	events := s.events(before)
	require.Len(t, events, 1)
	require.Equal(t, []string{wire.TypePaymentCaptured, "T1", "C1"}, []string{events[0].Type, events[0].TerminalID, events[0].CashierID})
	require.Equal(t, "SUSPENDED", t1.hands(b).Status)
	refused(t, t1.post("/v1/payments/"+shown.ID+"/cancel", nil), 409, "transaction_suspended")
	b = t2.resume(b)
	require.Zero(t, b.Totals.Due)
	require.Equal(t, receipt("T2", 1), t2.finalize(b).ReceiptNo)

	// One that is given up while it waits gives its cash back.
	b = t1.scan(t1.open(), water)
	cash := t1.cash(b, 1_000, 1_000)
	t1.suspend(b)
	require.Equal(t, "VOIDED", ok[basket](t, 200, t1.post(path(b, "/void"), nil)).Status)
	require.Equal(t, "CANCELLED", ok[payment](t, 200, t1.get("/v1/payments/"+cash.ID)).Status)
	refused(t, t2.post(path(b, "/resume"), object{"terminal_id": "T2"}), 409, "transaction_voided")
	requireInvariants(t, s)
}

// Tills that reach for one basket at the same moment: one has it, the others are
// told so, whether it waited or its till died.
func TestTillsResumeAtOnce(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	tills := []*till{s.till("T2"), s.till("T3"), s.till("T4")}
	for _, waits := range []bool{true, false} {
		b := t1.scan(t1.open(), water)
		if waits {
			t1.suspend(b)
		}
		has := ""
		for i, a := range together(len(tills), func(i int) answer {
			return tills[i].post(path(b, "/resume"), object{"terminal_id": tills[i].id})
		}) {
			if a.status == 200 {
				require.Empty(t, has, "one has it")
				has = tills[i].id
				continue
			}
			refused(t, a, 409, "transaction_resumed_elsewhere")
		}
		require.Equal(t, has, t1.hands(b).TerminalID)
		require.Len(t, s.done(b), map[bool]int{true: 2, false: 1}[waits])
	}
}

// A till finalizes while another one takes the basket away: it is sold once, by
// whoever was first, and the other is told so.
func TestResumeAndFinalizeAtOnce(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	for range 20 {
		b := t1.scan(t1.open(), water)
		t1.cash(b, 6_000, 6_000)
		answers := together(2, func(i int) answer {
			if i == 0 {
				return t1.post(path(b, "/finalize"), nil)
			}
			return t2.post(path(b, "/resume"), object{"terminal_id": "T2"})
		})
		if answers[0].status == 200 {
			refused(t, answers[1], 409, "transaction_paid")
			require.Equal(t, hands{"T1", "C1", "C1", "PAID"}, t1.hands(b))
			continue
		}
		refused(t, answers[0], 403, "basket_held_elsewhere")
		require.Equal(t, 200, answers[1].status)
		t2.finalize(b)
		require.Equal(t, hands{"T2", "C1", "C1", "PAID"}, t2.hands(b))
	}
	requireInvariants(t, s)
}

type summary struct {
	ID         string    `json:"id"`
	TerminalID string    `json:"terminal_id"`
	CashierID  string    `json:"cashier_id"`
	OpenedBy   string    `json:"opened_by"`
	Status     string    `json:"status"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Lines      int       `json:"lines"`
	Total      int64     `json:"total"`
	Paid       int64     `json:"paid"`
}

func TestUnfinishedBaskets(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	t1, t2 := s.till("T1"), s.till("T2").with("C2")
	list := func(query string) (found []summary) {
		return ok[page[summary]](t, 200, t2.get("/v1/transactions"+query)).Items
	}
	require.Empty(t, list(""))
	t1.sell(water)
	void := t1.open()
	ok[basket](t, 200, t1.post(path(void, "/void"), nil))
	open := t1.scan(t1.scan(t1.scan(t1.open(), water), beer), water)
	require.Equal(t, 200, t1.call("DELETE", path(open, "/items/3"), nil).status)
	t1.cash(open, 5_000, 10_000)
	t1.qr(open, 15_000)
	waits := t2.open()
	t2.suspend(waits)

	all := list("")
	require.Len(t, all, 2, "what is paid or voided is finished")
	at := all[0].UpdatedAt
	require.Equal(t, summary{ID: open.ID, TerminalID: "T1", CashierID: "C1", OpenedBy: "C1", Status: "DRAFT", CreatedAt: open.CreatedAt, UpdatedAt: at,
		Lines: 2, Total: 20_000, Paid: 5_000}, all[0])
	require.True(t, at.After(open.CreatedAt))
	require.Equal(t, []any{waits.ID, "T2", "C2", "SUSPENDED", 0}, []any{all[1].ID, all[1].TerminalID, all[1].OpenedBy, all[1].Status, all[1].Lines})
	for query, want := range map[string][]string{
		"?status=DRAFT": {open.ID}, "?status=SUSPENDED": {waits.ID}, "?status=DRAFT,SUSPENDED": {open.ID, waits.ID}, "?status=SUSPENDED,DRAFT": {open.ID, waits.ID},
		"?terminal_id=T1": {open.ID}, "?terminal_id=T2": {waits.ID}, "?terminal_id=T9": {}, "?terminal_id=T1&status=SUSPENDED": {},
		"?after=" + open.ID: {waits.ID}, "?after=" + waits.ID: {}, "?limit=1": {open.ID},
	} {
		ids := []string{}
		for _, found := range list(query) {
			ids = append(ids, found.ID)
		}
		require.Equal(t, want, ids, query)
	}
	require.Equal(t, open.ID, ok[page[summary]](t, 200, t2.get("/v1/transactions?limit=1")).Next)
	require.Nil(t, ok[page[summary]](t, 200, t2.get("/v1/transactions?limit=2")).Next)
	for _, query := range []string{"?status=PAID", "?status=draft", "?status=DRAFT,PAID", "?after=x", "?terminal_id=T-1", "?limit=0"} {
		refused(t, t2.get("/v1/transactions"+query), 422, "validation_failed")
	}
}
