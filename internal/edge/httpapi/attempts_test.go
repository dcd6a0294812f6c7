package httpapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
)

// A till that tries PINs for everybody is told to wait, with the right one as
// well, and the next till signs in.
func TestATillThatTriesTooMuch(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	s.hire("M1", staff.Manager)
	t1, t2 := s.till("T1"), s.till("T2")
	for i := range 20 {
		refused(t, t1.signIn(fmt.Sprintf("X%d", i), "9999"), 401, "pin_wrong")
	}
	a := t1.signIn("C1", pin)
	p := refused(t, a, 429, "too_many_attempts")
	require.Equal(t, "5", a.header.Get("Retry-After"))
	require.EqualValues(t, 5, p["retry_after_seconds"])
	require.NotContains(t, p, "field")
	refused(t, t1.post("/v1/approvals", object{"cashier_id": "M1", "pin": pin, "permission": "discount", "transaction_id": newID()}), 429, "too_many_attempts")
	require.Equal(t, receipt("T1", 1), t1.sell(water).ReceiptNo, "whoever is signed in goes on")
	require.Equal(t, 201, t2.signIn("C1", pin).status)
	s.at("2026-11-22T09:30:05+07:00")
	require.Equal(t, 201, t1.signIn("C1", pin).status)
}

// What was granted while the shop's clock was a year ahead is worth nothing when
// it is right again: a session, in every admission, an approval and a code.
func TestAClockThatWasAYearAhead(t *testing.T) {
	s := openShop(t)
	s.at("2027-11-22T09:30:00+07:00")
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	t1.cash(b, 6_000, 6_000)
	other := t1.scan(t1.open(), water)
	word := t1.wordOf("M1", "discount", other)
	code := ok[object](t, 201, t1.with("M1").post("/v1/pairing-codes", object{"terminal_id": "T6"}))
	require.Equal(t, "PAID", t1.sell(water).Status, "so that a finalize remembers the session")
	s.at("2026-11-22T09:30:00+07:00")
	refused(t, t1.get("/v1/sessions/current"), 401, "session_expired")
	refused(t, t1.post(path(b, "/items"), object{"barcode": water}), 401, "session_expired")
	refused(t, t1.post(path(b, "/finalize"), nil), 401, "session_expired")
	refused(t, (&till{shop: s}).post("/v1/terminals", object{"code": code["code"]}), 401, "pairing_code_invalid")
	t1 = t1.with("C1")
	refused(t, t1.discount(other, 500, approvalHeader, word.Token), 403, "approval_invalid")
	require.Equal(t, "PAID", t1.finalize(b).Status)
}

func TestATerminalsName(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	manager := s.till("T1").with("M1")
	for name, code := range map[string]string{"Quầy\n6": "name_invalid", "Quầy \u202e6": "name_invalid", "4111 1111 1111 1111": "looks_like_card_number"} {
		a := manager.post("/v1/pairing-codes", object{"terminal_id": "T6", "name": name})
		require.Equal(t, "name", refused(t, a, 422, code)["field"])
		require.NotContains(t, string(a.raw), "4111")
	}
	require.Equal(t, 201, manager.post("/v1/pairing-codes", object{"terminal_id": "T6"}).status)
}
