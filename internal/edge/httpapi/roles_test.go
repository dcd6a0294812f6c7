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
	{"DELETE /v1/transactions/{id}/items/{line_no}", people, "open", nil, "200", "200", "200", "403 basket_held_elsewhere"},
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
	{"POST /v1/payments/{id}/cancel", people, "paying", nil, "200", "200", "200", "403 basket_held_elsewhere"},
	{"POST /v1/payments/{id}/simulate", tills, "qr", object{"outcome": "CAPTURED"}, "200", "200", "200", "200"}, // the customer's phone

	{"GET /v1/catalog/items", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/inventory", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/status", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/status/stream", tills, "open", nil, "200", "200", "200", "200"},
	{"GET /v1/outbox", tills, "open", nil, "200", "200", "200", "200"},
}
