package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
)

// Whom a route lets in.
const (
	anybody = "anybody" // no token is asked for
	tills   = "tills"   // a terminal's token
	people  = "people"  // and a session
)

// strangers are the callers whom a route answers alike, whatever it does; what
// is missing is let in. C1 opened the basket at T1.
var strangers = []struct {
	who string
	at  map[string]string // by the route's door
}{
	{"no token", map[string]string{tills: "401 token_missing", people: "401 token_missing"}},
	{"a bad token", map[string]string{tills: "401 token_invalid", people: "401 token_invalid"}},
	{"a revoked terminal", map[string]string{tills: "401 token_invalid", people: "401 token_invalid"}},
	{"no session", map[string]string{people: "401 session_missing"}},
	{"a bad session", map[string]string{people: "401 session_invalid"}},
	{"a session that was ended", map[string]string{people: "401 session_invalid"}},
	{"an expired session", map[string]string{people: "401 session_expired"}},
	{"a session of another terminal", map[string]string{people: "403 session_of_another_terminal"}},
	{"a disabled cashier", map[string]string{people: "403 cashier_disabled"}},
}

// table is the whole API and who may do what: every route, and what it answers
// to C1, who opened the basket at T1; to C2, a cashier who is signed in at T1,
// too; to the manager M1 there; and to C3, at T2. {id} is the basket's or its
// payment's, given is the basket's state: open (one line), paying (cash for half
// of it), due (all paid), paid, waiting (suspended), qr (a QR is shown).
var table = []row{
	{"POST /v1/terminals", anybody, "open", object{"code": "0000-0000"}, "401 pairing_code_invalid", "401 pairing_code_invalid", "401 pairing_code_invalid", "401 pairing_code_invalid"},
	{"POST /v1/sessions", tills, "open", object{"terminal_id": "{till}", "cashier_id": "C1", "pin": pin}, "201", "201", "201", "201"},
	{"GET /v1/sessions/current", people, "open", nil, "200", "200", "200", "200"},
	{"DELETE /v1/sessions/current", people, "open", nil, "204", "204", "204", "204"},
	{"POST /v1/approvals", people, "open", object{"cashier_id": "M2", "pin": pin, "permission": "discount", "transaction_id": "{id}"}, "201", "201", "201", "201"},
	{"POST /v1/pairing-codes", people, "open", object{"terminal_id": "T9"}, "403 permission_needed", "403 permission_needed", "201", "403 permission_needed"},
	{"GET /v1/audit", people, "open", nil, "403 permission_needed", "403 permission_needed", "200", "403 permission_needed"},

	{"POST /v1/transactions", people, "open", object{"terminal_id": "{till}", "cashier_id": "{cashier}"}, "201", "201", "201", "201"},
	{"GET /v1/transactions", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/transactions/{id}", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/transactions/{id}/totals", tills, "open", nil, "200", "200", "200", "200"},
	{"POST /v1/transactions/{id}/items", people, "open", object{"barcode": water}, "201", "201", "201", "403 basket_held_elsewhere"},
	{"PATCH /v1/transactions/{id}/items/{line_no}", people, "open", object{"quantity": "2"}, "200", "200", "200", "403 basket_held_elsewhere"},
	{"DELETE /v1/transactions/{id}/items/{line_no}", people, "open", nil, "200", "403 permission_needed", "200", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/items/{line_no}/discount", people, "open", object{"amount": 500, "reason": "hộp móp"}, "403 permission_needed", "403 permission_needed", "200", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/items/{line_no}/price", people, "open", object{"unit_price": 5_500, "reason": "giá trên kệ"}, "403 permission_needed", "403 permission_needed", "200", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/payments", people, "open", object{"method": "CASH", "amount": 1_000}, "201", "201", "201", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/suspend", people, "paying", nil, "200", "200", "200", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/resume", people, "waiting", object{"terminal_id": "{till}"}, "200", "200", "200", "200"},
	{"POST /v1/transactions/{id}/finalize", people, "due", nil, "200", "200", "200", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/void", people, "paying", nil, "200", "403 permission_needed", "200", "403 basket_held_elsewhere"},
	{"POST /v1/transactions/{id}/receipt", people, "paid", nil, "200", "200", "200", "200"},

	{"GET /v1/payments/{id}", tills, "qr", nil, "200", "200", "200", "200"},
	{"GET /v1/payments/{id}/qr.png", tills, "qr", nil, "200", "200", "200", "200"},
	{"POST /v1/payments/{id}/cancel", people, "paying", nil, "200", "403 permission_needed", "200", "403 basket_held_elsewhere"},
	{"POST /v1/payments/{id}/simulate", tills, "qr", object{"outcome": "CAPTURED"}, "200", "200", "200", "200"}, // the customer's phone

	{"GET /v1/catalog/items", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/inventory", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/status", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/status/stream", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/outbox", tills, "open", nil, "200", "200", "200", "200"},
}

// row is a route and what it answers to whom.
type row struct {
	route                                 string
	door                                  string
	given                                 string
	body                                  object
	opener, colleague, manager, elsewhere string // status and, of a refusal, code
}

func (r *row) method() string { method, _, _ := strings.Cut(r.route, " "); return method }

func (r *row) path() string { _, path, _ := strings.Cut(r.route, " "); return path }

// fill is the route's request, as c makes it.
func (r *row) fill(c *till, b basket, p payment) (path string, body any) {
	id := b.ID
	if strings.HasPrefix(r.path(), "/v1/payments/") {
		id = p.ID
	}
	put := strings.NewReplacer("{id}", id, "{line_no}", "1", "{till}", c.id, "{cashier}", c.cashier)
	if r.body == nil {
		return put.Replace(r.path()), nil
	}
	text, err := json.Marshal(r.body, json.Deterministic(true))
	require.NoError(c.t, err)
	return put.Replace(r.path()), put.Replace(string(text))
}

// basket is a basket of c's in the row's state, with its last payment.
func (r *row) basket(c *till) (b basket, p payment) {
	c.t.Helper()
	b = c.scan(c.open(), water)
	switch r.given {
	case "open":
	case "paying":
		p = c.cash(b, 3_000, 3_000)
	case "due":
		p = c.cash(b, 6_000, 6_000)
	case "paid":
		p = c.cash(b, 6_000, 6_000)
		c.finalize(b)
	case "waiting":
		ok[basket](c.t, 200, c.post(path(b, "/suspend"), nil))
	case "qr":
		p = c.qr(b, 6_000)
	default:
		c.t.Fatalf("no such state: %s", r.given)
	}
	return c.read(b), p
}

// answer is what the route says to c about opener's basket; a refusal leaves the
// basket alone.
func (r *row) answer(t *testing.T, opener, c *till) string {
	t.Helper()
	b, p := r.basket(opener)
	path, body := r.fill(c, b, p)
	ctx, cancel := t.Context(), func() {}
	if strings.HasSuffix(path, "/stream") { // it ends when the reader goes
		ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
	}
	defer cancel()
	a := c.callIn(ctx, r.method(), path, body)
	if a.status < http.StatusBadRequest {
		return fmt.Sprint(a.status)
	}
	require.Equal(t, b, opener.read(b), "who is refused changes nothing")
	var problem struct {
		Code string `json:"code"`
	}
	require.NoError(t, json.Unmarshal(a.raw, &problem), "%s", a.raw)
	return fmt.Sprint(a.status, " ", problem.Code)
}

// counter is a shop with the people of the table.
type counter struct {
	opener, colleague, manager, elsewhere *till
	strangers                             map[string]*till
}

func openCounter(t *testing.T) counter {
	t.Helper()
	s := openShop(t)
	s.app.Terminals.Guesses = nil
	for id, role := range map[string]staff.Role{"C2": staff.Cashier, "C3": staff.Cashier, "C4": staff.Cashier, "M1": staff.Manager, "M2": staff.Manager} {
		s.hire(id, role)
	}
	t1 := s.till("T1")
	c := counter{opener: t1, colleague: t1.with("C2"), manager: t1.with("M1"), elsewhere: s.till("T2").with("C3")}
	as := func(token, session string) *till {
		return &till{shop: s, id: "T1", token: token, cashier: "C1", session: session}
	}
	revoked, ended, disabled := s.till("T3"), t1.with("C1"), t1.with("C4")
	require.NoError(t, s.app.Terminals.Revoke(t.Context(), "T3"))
	require.Equal(t, 204, ended.call("DELETE", "/v1/sessions/current", nil).status)
	require.NoError(t, s.app.People.Disable(t.Context(), "C4"))
	s.exec("insert into sessions (token_hash, terminal_id, cashier_id, opened_at, expires_at) values (sha256('expired'), 'T1', 'C1', now() - interval '13 h', now() - interval '1 h')")
	c.strangers = map[string]*till{
		"no token": as("", t1.session), "a bad token": as(strings.Repeat("0", 64), t1.session), "a revoked terminal": revoked,
		"no session": as(t1.token, ""), "a bad session": as(t1.token, strings.Repeat("0", 64)), "a session that was ended": ended,
		"an expired session": as(t1.token, "expired"), "a session of another terminal": as(t1.token, c.elsewhere.session), "a disabled cashier": disabled,
	}
	return c
}

func TestRolesAndRoutes(t *testing.T) {
	c := openCounter(t)
	for i := range table {
		r := &table[i]
		t.Run(r.route, func(t *testing.T) {
			for _, cell := range []struct {
				who  string
				till *till
				want string
			}{{"C1, whose basket it is", c.opener, r.opener}, {"C2, at the same till", c.colleague, r.colleague}, {"the manager there", c.manager, r.manager}, {"C3, at another till", c.elsewhere, r.elsewhere}} {
				require.Equal(t, cell.want, r.answer(t, c.opener, cell.till.with(cell.till.cashier)), cell.who)
			}
			for _, stranger := range strangers {
				want, refused := stranger.at[r.door]
				if !refused {
					want = r.opener
				}
				require.Equal(t, want, r.answer(t, c.opener, c.strangers[stranger.who]), stranger.who)
			}
		})
	}
}

// The table is all there is.
func TestEveryRouteIsInTheTable(t *testing.T) {
	s := openShop(t)
	router, ok := s.app.Handler().(interface{ Router() chi.Router })
	require.True(t, ok)
	listed, found := map[string]int{}, map[string]int{}
	for _, r := range table {
		listed[r.route]++
	}
	require.NoError(t, chi.Walk(router.Router(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/v1/") {
			found[method+" "+route]++
		}
		return nil
	}))
	require.Equal(t, found, listed)
}
