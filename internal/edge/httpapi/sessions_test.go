package httpapi_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/staff"
)

type opened struct {
	Token     string    `json:"session_token"`
	ExpiresAt time.Time `json:"expires_at"`
	CashierID string    `json:"cashier_id"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
}

// signIn tries a PIN at the till.
func (c *till) signIn(cashier, with string) answer {
	return c.post("/v1/sessions", object{"terminal_id": c.id, "cashier_id": cashier, "pin": with})
}

// restarted is the same shop in a new process: another App on its database.
func (s *shop) restarted(log *slog.Logger) *shop {
	s.t.Helper()
	app, err := edge.Attach(s.t.Context(), s.cfg, log, true)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, app.Close()) })
	s.tune(app)
	return &shop{t: s.t, app: app, url: s.url, cfg: s.cfg}
}

func TestSignInAndOut(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	t1 := s.till("T1")
	o := ok[opened](t, 201, t1.signIn("C1", pin))
	require.Len(t, o.Token, 64)
	require.Equal(t, opened{o.Token, s.now.Add(12 * time.Hour).UTC(), "C1", "Lan", "cashier"}, opened{o.Token, o.ExpiresAt.UTC(), o.CashierID, o.Name, o.Role})
	t1.session = o.Token
	who := ok[object](t, 200, t1.get("/v1/sessions/current"))
	require.Equal(t, object{"terminal_id": "T1", "cashier_id": "C1", "name": "Lan", "role": "cashier", "opened_at": "2026-11-22T02:30:00Z", "expires_at": "2026-11-22T14:30:00Z"}, who)
	b := t1.scan(t1.open(), water)
	a := t1.call("DELETE", "/v1/sessions/current", nil)
	require.Equal(t, 204, a.status)
	require.Empty(t, a.raw)
	refused(t, t1.call("DELETE", "/v1/sessions/current", nil), 401, "session_invalid")
	refused(t, t1.post(path(b, "/items"), object{"barcode": water}), 401, "session_invalid")
	require.Equal(t, b, t1.read(b), "who has signed out still looks")
}

// A PIN that was sent is in no answer, no log line, no audit entry, and not in
// what a retry would be told apart by.
func TestAPINIsSaidToNobody(t *testing.T) {
	first := openShop(t)
	var log bytes.Buffer
	s := first.restarted(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	key := newID()
	approve := func(with string) answer {
		return t1.post("/v1/approvals", object{"cashier_id": "M1", "pin": with, "permission": "discount", "transaction_id": b.ID}, keyHeader, key)
	}
	const wrong = "59162738"
	tooLong := strings.Repeat("5916", 20)
	answers := []answer{
		t1.post("/v1/sessions", object{"terminal_id": "T1", "cashier_id": "C1", "pin": pin}, keyHeader, key), t1.signIn("C1", wrong), t1.signIn(wrong, pin), approve(pin), approve(wrong),
		t1.signIn("C1", tooLong), t1.post("/v1/sessions", object{"terminal_id": "T1", "cashier_id": "C1", "pin": 59162738}), t1.post("/v1/sessions", `{"pin":"`+wrong+`"`),
		t1.post("/v1/sessions", object{"terminal_id": "T1", "cashier_id": "C1", "pin": pin, "old_pin": wrong}), t1.post("/v1/sessions?pin="+wrong, object{}),
	}
	for _, status := range []int{201, 401, 401, 201, 401, 422} {
		require.Equal(t, status, answers[0].status, "%s", answers[0].raw)
		require.NotContains(t, string(answers[0].raw), pin)
		require.NotContains(t, string(answers[0].raw), "5916")
		answers = answers[1:]
	}
	for _, a := range answers {
		require.GreaterOrEqual(t, a.status, 400)
		require.NotContains(t, string(a.raw), "5916")
	}
	require.NotEmpty(t, log.String())
	for _, secret := range []string{pin, wrong, t1.token, t1.session} {
		require.NotContains(t, log.String(), secret)
	}
	require.Zero(t, value[int64](s, "select count(*) from idempotency_keys"))
	everything := value[string](s, `select concat((select string_agg(a::text, ' ') from audit_log a), (select string_agg(s::text, ' ') from sessions s),
		(select string_agg(p::text, ' ') from staff p), (select string_agg(p::text, ' ') from approvals p))`)
	for _, secret := range []string{pin, wrong, t1.token, t1.session} {
		require.NotContains(t, everything, secret)
	}
}

// Sessions, and pauses, are in the database.
func TestARestartChangesNothingForPeople(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	for range 5 {
		refused(t, t1.signIn("C2", "9999"), 401, "pin_wrong")
	}
	refused(t, t1.signIn("C2", pin), 429, "pin_blocked")
	after := *t1
	after.shop = s.restarted(nil)
	refused(t, after.signIn("C2", pin), 429, "pin_blocked")
	b = after.scan(b, water)
	after.cash(b, b.Totals.Due, b.Totals.Due)
	require.Equal(t, "PAID", after.finalize(b).Status)
}

func TestAPauseSaysHowLong(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	t1 := s.till("T1")
	for range 5 {
		a := t1.signIn("C1", "9999")
		p := refused(t, a, 401, "pin_wrong")
		require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
		require.NotContains(t, p, "field")
	}
	a := t1.signIn("C1", pin)
	p := refused(t, a, 429, "pin_blocked")
	require.Equal(t, "30", a.header.Get("Retry-After"))
	require.EqualValues(t, 30, p["retry_after_seconds"])
	b := t1.scan(t1.open(), water)
	require.Equal(t, "DRAFT", b.Status, "whoever is signed in goes on")
	s.at("2026-11-22T09:30:30+07:00")
	require.Equal(t, 201, t1.signIn("C1", pin).status)
}

// Guessing from five tills gets fifteen tries, and nobody who sells notices.
func TestGuessingFromFiveTills(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	var all []*till
	for i := range 5 {
		all = append(all, s.till(fmt.Sprintf("T%d", i+1)))
	}
	answered := map[string]int{}
	for i := range 40 {
		a := all[i%5].signIn("M1", strconv.Itoa(5000+i))
		require.Contains(t, []int{401, 429}, a.status)
		answered[strconv.Itoa(a.status)]++
	}
	require.Equal(t, map[string]int{"401": 15, "429": 25}, answered)
	refused(t, all[0].post("/v1/approvals", object{"cashier_id": "M1", "pin": pin, "permission": "discount", "transaction_id": newID()}), 429, "pin_blocked")
	for i, c := range all {
		require.Equal(t, receipt(c.id, 1), c.sell(water).ReceiptNo, "%d", i)
	}
	require.EqualValues(t, 15, value[int64](s, "select count(*) from audit_log where action = 'pin.wrong' and subject = 'M1'"))
}

// A session that expires in the middle of a sale: the basket is kept, the
// cashier signs in again and goes on.
func TestASessionExpiresInTheMiddleOfASale(t *testing.T) {
	s := openShop(t, func(c *edge.Config) { c.SessionLifetime = time.Hour })
	s.at("2026-11-22T09:30:00+07:00")
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	t1.cash(b, 2_000, 2_000)
	b = t1.read(b)
	s.at("2026-11-22T10:30:00+07:00")
	for _, a := range []answer{t1.post(path(b, "/payments"), object{"method": "CASH", "amount": 4_000}), t1.post(path(b, "/finalize"), nil), t1.get("/v1/sessions/current")} {
		refused(t, a, 401, "session_expired")
	}
	require.Equal(t, b, t1.read(b))
	t1 = t1.with("C1")
	t1.cash(b, 4_000, 4_000)
	require.Equal(t, receipt("T1", 1), t1.finalize(b).ReceiptNo)
}

// Row 12: a cashier who is disabled in the middle of a sale is refused at the
// next call; the basket is kept, and a colleague goes on with it.
func TestACashierIsDisabledInTheMiddleOfASale(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	t1.cash(b, 2_000, 2_000)
	b = t1.read(b)
	require.NoError(t, s.app.People.Disable(t.Context(), "C1"))
	for _, a := range []answer{t1.post(path(b, "/items"), object{"barcode": water}), t1.post(path(b, "/finalize"), nil), t1.post(path(b, "/void"), nil), t1.signIn("C1", pin)} {
		refused(t, a, 403, "cashier_disabled")
	}
	require.Equal(t, b, t1.read(b))
	other := t1.with("C2")
	other.cash(b, 4_000, 4_000)
	require.Equal(t, receipt("T1", 1), other.finalize(b).ReceiptNo)
	require.Equal(t, "C2", value[string](s, "select cashier_id from payments where transaction_id = $1 order by created_at desc limit 1", b.ID), "who took the money")
}

// A token that is revoked in the middle of a sale: nothing more at that till, and
// the basket goes on at another.
func TestATillIsRevokedInTheMiddleOfASale(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	b := t1.scan(t1.open(), water)
	t1.cash(b, 2_000, 2_000)
	b = t1.read(b)
	require.NoError(t, s.app.Terminals.Revoke(t.Context(), "T1"))
	for _, a := range []answer{t1.post(path(b, "/items"), object{"barcode": water}), t1.post(path(b, "/finalize"), nil), t1.get(path(b, "")), t1.signIn("C1", pin)} {
		refused(t, a, 401, "token_invalid")
	}
	require.Equal(t, b, t2.read(b), "the basket is kept")
	moved := ok[basket](t, 200, t2.post(path(b, "/resume"), object{"terminal_id": "T2"}))
	require.Equal(t, "T2", moved.TerminalID)
	t2.cash(b, 4_000, 4_000)
	require.Equal(t, receipt("T2", 1), t2.finalize(b).ReceiptNo)
}

// Two tills with one token are one terminal to the edge: nothing is doubled.
func TestTwoTillsWithOneToken(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	twin := t1.with("C1")
	b := t1.scan(t1.open(), water)
	other := twin.scan(twin.open(), beer)
	b = twin.scan(b, water)
	t1.cash(b, 12_000, 12_000)
	twin.cash(other, 14_000, 14_000)
	numbers := []string{t1.finalize(b).ReceiptNo, twin.finalize(b).ReceiptNo, twin.finalize(other).ReceiptNo}
	require.Equal(t, []string{receipt("T1", 1), receipt("T1", 1), receipt("T1", 2)}, numbers)
}
