package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/token"
)

// routes are all calls under /v1; {id} is a transaction's or a payment's.
var routes = []struct {
	method, path string
	body         any
}{
	{"POST", "/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}},
	{"GET", "/v1/transactions/{id}", nil},
	{"GET", "/v1/transactions/{id}/totals", nil},
	{"POST", "/v1/transactions/{id}/items", object{"barcode": water}},
	{"PATCH", "/v1/transactions/{id}/items/1", object{"quantity": "1"}},
	{"DELETE", "/v1/transactions/{id}/items/1", nil},
	{"POST", "/v1/transactions/{id}/payments", object{"method": "CASH", "amount": 1}},
	{"POST", "/v1/transactions/{id}/finalize", nil},
	{"POST", "/v1/transactions/{id}/void", nil},
	{"POST", "/v1/transactions/{id}/receipt", nil},
	{"GET", "/v1/payments/{id}", nil},
	{"GET", "/v1/payments/{id}/qr.png", nil},
	{"POST", "/v1/payments/{id}/cancel", nil},
	{"POST", "/v1/payments/{id}/simulate", object{"outcome": "CAPTURED"}},
	{"GET", "/v1/catalog/items", nil},
	{"GET", "/v1/inventory", nil},
	{"GET", "/v1/status", nil},
	{"GET", "/v1/outbox", nil},
}

func TestEveryCallAsksForAToken(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	stolen := s.till("T2")
	s.exec("update terminals set revoked_at = now() where terminal_id = 'T2'")
	rotated := s.till("T3")
	_, err := s.app.Terminals.Add(t.Context(), "T3", "Till 3", true)
	require.NoError(t, err)
	b := t1.scan(t1.open(), water)
	for _, r := range routes {
		path := strings.Replace(r.path, "{id}", b.ID, 1)
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			nobody := &till{shop: s}
			a := nobody.call(r.method, path, r.body)
			refused(t, a, 401, "token_missing")
			require.Equal(t, "Bearer", a.header.Get("WWW-Authenticate"))
			refused(t, nobody.call(r.method, path, r.body, "Authorization", "Basic "+t1.token), 401, "token_missing")
			for name, token := range map[string]string{"invented": "x" + t1.token, "cut": t1.token[:20], "a revoked till's": stolen.token, "replaced": rotated.token} {
				a := (&till{shop: s, token: token}).call(r.method, path, r.body)
				p := refused(t, a, 401, "token_invalid")
				require.NotContains(t, string(a.raw), token, name)
				require.NotContains(t, p, "field")
			}
			// A stranger learns nothing about the rest of his request.
			if r.body != nil {
				refused(t, nobody.call(r.method, path, "{"), 401, "token_missing")
			}
		})
	}
	require.Equal(t, b, t1.read(b), "no stranger changed anything")
}

// The list above is all there is.
func TestEveryRouteIsInTheListAbove(t *testing.T) {
	s := openShop(t)
	router, ok := s.app.Handler().(interface{ Router() chi.Router })
	require.True(t, ok)
	listed := map[string]bool{}
	for _, r := range routes {
		listed[r.method+" "+strings.Replace(r.path, "/items/1", "/items/{line_no}", 1)] = true
	}
	found := map[string]bool{}
	require.NoError(t, chi.Walk(router.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/v1/") {
			found[method+" "+route] = true
		}
		return nil
	}))
	require.Equal(t, listed, found)
}

func TestATillSpeaksForItselfOnly(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	for _, id := range []string{"T2", "T9", "t1"} {
		p := refused(t, t1.post("/v1/transactions", object{"terminal_id": id, "cashier_id": "C1"}), 403, "terminal_mismatch")
		require.Equal(t, "terminal_id", p["field"])
	}
	b := t1.scan(t1.open(), water)
	p := t1.qr(b, 1_000)
	b = t1.read(b)
	for _, r := range routes {
		if r.method == "GET" || r.path == "/v1/transactions" || strings.HasSuffix(r.path, "/simulate") || strings.HasSuffix(r.path, "/receipt") {
			continue // every till reads, and prints
		}
		path := strings.Replace(r.path, "{id}", b.ID, 1)
		if strings.HasPrefix(r.path, "/v1/payments/") {
			path = strings.Replace(r.path, "{id}", p.ID, 1)
		}
		a := refused(t, t2.call(r.method, path, r.body), 403, "basket_held_elsewhere")
		require.Contains(t, a["detail"], "T1", "%s %s", r.method, path)
	}
	require.Equal(t, b, t2.read(b), "another till may look, and changed nothing")
}

func TestOnlyStaffSells(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	refused(t, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C9"}), 403, "cashier_not_allowed")
	b := t1.scan(t1.open(), water)
	s.exec("update staff set disabled_at = now() where cashier_id = 'C1'")
	p := refused(t, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}), 403, "cashier_not_allowed")
	require.Equal(t, "cashier_id", p["field"])
	require.Equal(t, b, t1.read(b), "the basket is kept")
}

func TestWhatIsNotThere(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	id := newID()
	for _, r := range routes {
		path := strings.Replace(r.path, "{id}", id, 1)
		switch {
		case !strings.Contains(r.path, "{id}"):
		case strings.HasPrefix(r.path, "/v1/payments/"):
			refused(t, t1.call(r.method, path, r.body), 404, "payment_not_found")
		default:
			refused(t, t1.call(r.method, path, r.body), 404, "transaction_not_found")
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

// The edge remembers whose token it saw; what counts is what the sale's own
// transaction finds.
func TestATokenThatWasTakenAwayFinalizesNothing(t *testing.T) {
	for name, sql := range map[string]string{
		"revoked": "update terminals set revoked_at = now() where terminal_id = 'T1'",
		"rotated": "update terminals set token_hash = decode(repeat('07', 32), 'hex') where terminal_id = 'T1'",
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t)
			t1 := s.till("T1")
			key := newID()
			require.Equal(t, 200, t1.post(path(t1.sell(water), "/finalize"), nil, keyHeader, key).status) // the token is remembered
			b := t1.scan(t1.open(), water)
			t1.cash(b, 6_000, 6_000)
			head, left := s.head(), s.onHand("NUOC-0001")
			s.exec(sql)
			// First what was answered before: the stored receipt is not for strangers. Then
			// again, when the token is forgotten; then something new.
			for range 2 {
				refused(t, t1.post(path(b, "/finalize"), nil, keyHeader, key), 401, "token_invalid")
			}
			refused(t, t1.post(path(b, "/finalize"), nil), 401, "token_invalid")
			require.Equal(t, head, s.head())
			require.Equal(t, left, s.onHand("NUOC-0001"))
			require.Equal(t, "DRAFT", value[string](s, "select status from transactions where id = $1", b.ID), "the basket is kept")
			s.exec("update terminals set revoked_at = null, token_hash = $1 where terminal_id = 'T1'", token.Hash(t1.token))
			require.Equal(t, 200, t1.post(path(b, "/finalize"), nil).status, "and goes on with a token that counts")
		})
	}
}

// What the database took off the shelf is compared with the rule.
func TestStockThatWasTakenWrongIsNoSale(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	b = t1.scan(b, beer)
	require.Equal(t, 200, t1.call("DELETE", path(b, "/items/2"), nil).status)
	t1.cash(b, 6_000, 6_000)
	head, left := s.head(), s.onHand("NUOC-0001")
	def := value[string](s, "select pg_get_functiondef('take_stock'::regproc)")
	s.exec(strings.Replace(def, "AND l.removed_at IS NULL", "", 1)) // forgets that the beer was taken off
	refused(t, t1.post(path(b, "/finalize"), nil), 500, "stock_taken_wrong")
	require.Equal(t, head, s.head())
	require.Equal(t, left, s.onHand("NUOC-0001"))
	require.Equal(t, int64(0), value[int64](s, "select last_seq from receipt_counters where terminal_id = 'T1'"))
	s.exec(def)
	require.Equal(t, receipt("T1", 1), t1.finalize(b).ReceiptNo)
}
