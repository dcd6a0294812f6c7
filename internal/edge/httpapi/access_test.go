package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/token"
)

// A token, or a session, that is good for nothing tells its owner nothing else,
// and is not repeated to them.
func TestWhatIsSaidToStrangers(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	rotated := s.till("T3")
	_, err := s.app.Terminals.Add(t.Context(), "T3", "Till 3", true)
	require.NoError(t, err)
	b := t1.scan(t1.open(), water)
	for _, r := range table {
		if r.door == anybody {
			continue
		}
		path, body := r.fill(t1, b, payment{ID: newID()})
		nobody := &till{shop: s}
		a := nobody.call(r.method(), path, body)
		refused(t, a, 401, "token_missing")
		require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
		refused(t, nobody.call(r.method(), path, body, "Authorization", "Basic "+t1.token), 401, "token_missing")
		for name, token := range map[string]string{"invented": "x" + t1.token, "cut": t1.token[:20], "replaced": rotated.token} {
			a := (&till{shop: s, token: token, session: t1.session}).call(r.method(), path, body)
			p := refused(t, a, 401, "token_invalid")
			require.NotContains(t, string(a.raw), token, name)
			require.NotContains(t, p, "field")
		}
		if body != nil { // a stranger learns nothing about the rest of his request
			refused(t, nobody.call(r.method(), path, "{"), 401, "token_missing")
		}
		if r.door == people {
			for _, session := range []string{"x" + t1.session, t1.session[:20], t1.token} {
				a := (&till{shop: s, token: t1.token, session: session}).call(r.method(), path, body)
				refused(t, a, 401, "session_invalid")
				require.NotContains(t, string(a.raw), session)
			}
			refused(t, (&till{shop: s, token: t1.token}).call(r.method(), path, body), 401, "session_missing")
		}
	}
	require.Equal(t, b, t1.read(b), "no stranger changed anything")
}

func TestATillSpeaksForItselfOnly(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	for _, id := range []string{"T2", "T9", "t1"} {
		for path, body := range map[string]object{
			"/v1/transactions": {"terminal_id": id, "cashier_id": "C1"},
			"/v1/sessions":     {"terminal_id": id, "cashier_id": "C1", "pin": pin},
		} {
			p := refused(t, t1.post(path, body), 403, "terminal_mismatch")
			require.Equal(t, "terminal_id", p["field"])
		}
	}
}

func TestACashierSellsUnderTheirOwnID(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	t1 := s.till("T1")
	for _, id := range []string{"C2", "C9", "c1"} {
		p := refused(t, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": id}), 403, "cashier_mismatch")
		require.Equal(t, "cashier_id", p["field"])
	}
	require.Zero(t, value[int64](s, "select count(*) from transactions"))
}

func TestWhatIsNotThere(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	id := newID()
	for _, r := range table {
		path, body := r.fill(t1, basket{ID: id}, payment{ID: id})
		switch {
		case !strings.Contains(r.path(), "{id}"):
		case strings.HasPrefix(r.path(), "/v1/payments/"):
			refused(t, t1.call(r.method(), path, body), 404, "payment_not_found")
		default:
			refused(t, t1.call(r.method(), path, body), 404, "transaction_not_found")
		}
	}
	refused(t, t1.get("/v1/nothing"), 404, "not_found")
	refused(t, t1.call("PUT", "/v1/transactions", object{}), 405, "method_not_allowed")
	for _, bad := range []string{"x", "123", "0199a3f0-5c1e-7d43-8a53-1f2e3d4c5b6", "%27%3B--"} {
		a := t1.get("/v1/transactions/" + bad)
		require.Contains(t, []int{404, 422}, a.status, "%s", bad)
		a = t1.get("/v1/payments/" + bad + "/qr.png")
		require.Contains(t, []int{404, 422}, a.status, "%s", bad)
	}
}

// The edge remembers whose token and session it saw; what counts is what the
// sale's own transaction finds.
func TestWhoWasTakenAwayFinalizesNothing(t *testing.T) {
	for name, c := range map[string]struct{ lose, back, code string }{
		"the till was revoked":     {"update terminals set revoked_at = now() where terminal_id = 'T1'", "update terminals set revoked_at = null where terminal_id = 'T1'", "token_invalid"},
		"its token was replaced":   {"update terminals set token_hash = sha256(token_hash) where terminal_id = 'T1'", "update terminals set token_hash = $1 where terminal_id = 'T1'", "token_invalid"},
		"the cashier signed out":   {"update sessions set ended_at = now()", "", "session_invalid"},
		"the session expired":      {"alter table sessions disable trigger sessions_one_way; update sessions set expires_at = opened_at + interval '1 us'", "", "session_expired"},
		"the cashier was disabled": {"update staff set disabled_at = now()", "update staff set disabled_at = null", "cashier_disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			t1 := s.till("T1")
			key := newID()
			require.Equal(t, 200, t1.post(path(t1.sell(water), "/finalize"), nil, keyHeader, key).status) // both are remembered
			b := t1.scan(t1.open(), water)
			t1.cash(b, 6_000, 6_000)
			head, left := s.head(), s.onHand("NUOC-0001")
			s.exec(c.lose)
			status := 401
			if c.code == "cashier_disabled" {
				status = 403
			}
			// First what was answered before: the stored receipt is not for strangers. Then
			// again; then something new.
			for range 2 {
				refused(t, t1.post(path(b, "/finalize"), nil, keyHeader, key), status, c.code)
			}
			refused(t, t1.post(path(b, "/finalize"), nil), status, c.code)
			require.Equal(t, head, s.head())
			require.Equal(t, left, s.onHand("NUOC-0001"))
			require.Equal(t, "DRAFT", value[string](s, "select status from transactions where id = $1", b.ID), "the basket is kept")
			switch {
			case c.back == "":
				t1 = t1.with("C1")
			case strings.Contains(c.back, "$1"):
				s.exec(c.back, token.Hash(t1.token))
			default:
				s.exec(c.back)
			}
			require.Equal(t, 200, t1.post(path(b, "/finalize"), nil).status, "and goes on with what counts")
		})
	}
}
