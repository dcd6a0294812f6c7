package sim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// fakeEdge is enough of a store edge for tills to sell on: the rules of package
// sale, in memory, behind the public API. Its switches make it a bad one.
type fakeEdge struct {
	server *httptest.Server

	mu       sync.Mutex
	baskets  map[uuid.UUID]*sale.Transaction
	answers  map[string]answer // by Idempotency-Key
	receipts map[string]int
	calls    []string             // method, path and key of every request that arrived
	sessions map[string]string    // cashier by session token
	opened   map[uuid.UUID]string // basket → cashier who opened it
	granted  map[string]bool      // approvals that were not used
	codes    map[string]string    // terminal by pairing code
	resumed  []string             // status, terminal before, terminal now
	reasons  []string             // of discounts and prices

	forgetful  bool // does not know Idempotency-Keys
	lax        bool // knows them, but not the body that they stood for
	renumbers  bool // gives a new receipt each time
	softPaid   bool // lets a paid sale be voided
	secondHand bool // takes an id twice for two payments
	short      int  // calls that a session lives for; 0: for ever
	// lose is asked before a request is looked at: "before" loses the request,
	// "after" the answer, a number is answered in its place.
	lose func(n int, r *http.Request) string
}

type answer struct {
	request string
	status  int
	body    []byte
}

func newFakeEdge(t *testing.T) *fakeEdge {
	t.Helper()
	e := &fakeEdge{baskets: map[uuid.UUID]*sale.Transaction{}, answers: map[string]answer{}, receipts: map[string]int{},
		sessions: map[string]string{}, opened: map[uuid.UUID]string{}, granted: map[string]bool{}, codes: map[string]string{}}
	e.server = httptest.NewServer(e)
	t.Cleanup(e.server.Close)
	return e
}

func (e *fakeEdge) till(t *testing.T) *Till {
	t.Helper()
	till := e.store("T1").Till(0)
	till.Patience = 2 * time.Second
	t.Cleanup(till.Close)
	return till
}

func (e *fakeEdge) store(tills ...string) Store {
	s := Store{EdgeURL: e.server.URL, StoreID: "S1", CashierID: "C1", ManagerID: "M1", Cashiers: []string{"C1", "C2", "C3"}}
	for _, id := range tills {
		s.Tills = append(s.Tills, Login{id, "secret", fakePINs})
	}
	return s
}

var fakePINs = PINs{"C1": "4711", "C2": "2580", "C3": "9731", "M1": "0815"}

// ServeHTTP answers one request at a time, under its Idempotency-Key.
func (e *fakeEdge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	e.calls = append(e.calls, r.Method+" "+r.URL.Path+" "+key)
	loss := ""
	if e.lose != nil {
		loss = e.lose(len(e.calls), r)
	}
	if loss == "before" {
		panic(http.ErrAbortHandler)
	}
	body, _ := io.ReadAll(r.Body)
	request := r.Method + r.URL.Path + string(body)
	a, known := e.answers[key]
	switch status, err := strconv.Atoi(loss); {
	case loss == "pin_blocked":
		a = refuse(http.StatusTooManyRequests, loss)
	case err == nil:
		a = refuse(status, "injected")
	case e.nobody(r):
		a = refuse(http.StatusUnauthorized, "session_expired")
	case known && !e.forgetful && a.request != request && !e.lax:
		a = refuse(http.StatusConflict, "idempotency_conflict")
	case known && !e.forgetful && (!e.renumbers || !strings.HasSuffix(r.URL.Path, "/finalize")):
	default:
		a = e.handle(r, body)
		a.request = request
		if a.status < 300 && key != "" {
			e.answers[key] = a
		}
	}
	if loss == "after" {
		panic(http.ErrAbortHandler)
	}
	if a.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "0")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// nobody tells whether a call that needs a session has none that lives.
func (e *fakeEdge) nobody(r *http.Request) bool {
	if r.Method == http.MethodGet || r.URL.Path == "/v1/sessions" || r.URL.Path == "/v1/terminals" || strings.HasSuffix(r.URL.Path, "/simulate") {
		return false
	}
	token := r.Header.Get("X-Session")
	if e.short > 0 && len(e.calls)%e.short == 0 {
		delete(e.sessions, token)
	}
	return e.sessions[token] == ""
}

func refuse(status int, code string) answer {
	body, _ := json.Marshal(map[string]string{"code": code, "detail": "refused"})
	return answer{status: status, body: body}
}

func (e *fakeEdge) handle(r *http.Request, body []byte) (a answer) {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) {
			value, err := f(r)
			if err != nil {
				status := map[fault.Kind]int{fault.Conflict: 409, fault.NotFound: 404, fault.Invalid: 422, fault.Unauthorized: 401, fault.Forbidden: 403, fault.Unavailable: 429}[fault.KindOf(err)]
				a = refuse(status, fault.CodeOf(err))
				return
			}
			text, _ := json.Marshal(value)
			a = answer{status: http.StatusOK, body: text}
		})
	}
	e.routes(handle, body)
	a = refuse(http.StatusNotFound, "not_found")
	mux.ServeHTTP(httptest.NewRecorder(), r)
	return a
}

func (e *fakeEdge) routes(handle func(string, func(*http.Request) (any, error)), body []byte) {
	var in struct {
		ID         uuid.UUID          `json:"id"`
		TerminalID string             `json:"terminal_id"`
		CashierID  string             `json:"cashier_id"`
		Barcode    string             `json:"barcode"`
		ItemID     uuid.UUID          `json:"item_id"`
		Quantity   sale.Quantity      `json:"quantity"`
		Method     sale.Method        `json:"method"`
		Provider   string             `json:"provider"`
		Amount     money.Amount       `json:"amount"`
		Tendered   money.Amount       `json:"tendered"`
		Outcome    sale.PaymentStatus `json:"outcome"`
		PIN        string             `json:"pin"`
		Reason     string             `json:"reason"`
		UnitPrice  money.Amount       `json:"unit_price"`
		Permission Permission         `json:"permission"`
		Basket     uuid.UUID          `json:"transaction_id"`
		Code       string             `json:"code"`
	}
	_ = json.Unmarshal(body, &in)
	basket := func(f func(t *sale.Transaction, r *http.Request) error) func(*http.Request) (any, error) {
		return func(r *http.Request) (any, error) {
			t := e.baskets[uuid.FromStringOrNil(r.PathValue("id"))]
			if t == nil {
				return nil, fault.New(fault.NotFound, "transaction_not_found", "")
			}
			err := f(t, r)
			return viewOf(t), err
		}
	}
	who := func(r *http.Request) string { return e.sessions[r.Header.Get("X-Session")] }
	// approved uses an approval up.
	approved := func(r *http.Request, p Permission, id uuid.UUID) error {
		token := r.Header.Get("X-Approval")
		if !e.granted[token] || !strings.HasPrefix(token, string(p)+" "+id.String()) {
			return fault.New(fault.Forbidden, "permission_needed", "")
		}
		delete(e.granted, token)
		return nil
	}
	handle("POST /v1/sessions", func(*http.Request) (any, error) {
		if fakePINs[in.CashierID] != in.PIN {
			return nil, fault.New(fault.Unauthorized, "pin_wrong", "")
		}
		token := newID().String()
		e.sessions[token] = in.CashierID
		return map[string]string{"session_token": token}, nil
	})
	handle("DELETE /v1/sessions/current", func(r *http.Request) (any, error) {
		delete(e.sessions, r.Header.Get("X-Session"))
		return nil, nil
	})
	handle("POST /v1/pairing-codes", func(r *http.Request) (any, error) {
		if who(r) != "M1" {
			return nil, fault.New(fault.Forbidden, "permission_needed", "")
		}
		e.codes["CODE-"+in.TerminalID] = in.TerminalID
		return map[string]string{"code": "CODE-" + in.TerminalID}, nil
	})
	handle("POST /v1/terminals", func(*http.Request) (any, error) {
		id := e.codes[in.Code]
		if id == "" {
			return nil, fault.New(fault.Unauthorized, "pairing_code_invalid", "")
		}
		delete(e.codes, in.Code)
		return Login{TerminalID: id, Token: "secret"}, nil
	})
	handle("GET /v1/status", func(*http.Request) (any, error) {
		return EdgeStatus{StoreID: "S1", Connectivity: "OFFLINE", PendingEvents: 7}, nil
	})
	handle("POST /v1/approvals", func(r *http.Request) (any, error) {
		if fakePINs[in.CashierID] != in.PIN || in.CashierID == who(r) {
			return nil, fault.New(fault.Unauthorized, "pin_wrong", "")
		}
		token := string(in.Permission) + " " + in.Basket.String() + " " + newID().String()
		e.granted[token] = true
		return map[string]string{"approval_token": token}, nil
	})
	line := func(r *http.Request) int32 { n, _ := strconv.Atoi(r.PathValue("line")); return int32(n) }
	handle("GET /v1/catalog/items", func(*http.Request) (any, error) {
		return map[string]any{"items": []Item{cola, rice}}, nil
	})
	handle("POST /v1/transactions", func(*http.Request) (any, error) {
		if e.baskets[in.ID] == nil {
			e.baskets[in.ID] = &sale.Transaction{ID: in.ID, StoreID: "S1", TerminalID: in.TerminalID, CashierID: in.CashierID, Status: sale.Draft}
			e.opened[in.ID] = in.CashierID
		}
		return viewOf(e.baskets[in.ID]), nil
	})
	handle("POST /v1/transactions/{id}/items", basket(func(t *sale.Transaction, _ *http.Request) error {
		item := cola
		if in.Barcode == "" && in.ItemID == rice.ItemID {
			item = rice
		}
		_, err := t.AddItem(sale.Item{ID: item.ItemID, SKU: item.SKU, Price: item.Price}, in.Barcode, in.Quantity, time.Now())
		return err
	}))
	handle("PATCH /v1/transactions/{id}/items/{line}", basket(func(t *sale.Transaction, r *http.Request) error {
		_, err := t.ChangeQuantity(line(r), in.Quantity)
		return err
	}))
	handle("DELETE /v1/transactions/{id}/items/{line}", basket(func(t *sale.Transaction, r *http.Request) error {
		_, err := t.RemoveLine(line(r), time.Now())
		return err
	}))
	handle("POST /v1/transactions/{id}/payments", func(r *http.Request) (any, error) {
		t := e.baskets[uuid.FromStringOrNil(r.PathValue("id"))]
		if p, err := t.Payment(in.ID); err == nil && !e.secondHand {
			return p, nil
		}
		return t.Pay(sale.Tender{ID: in.ID, Method: in.Method, Provider: in.Provider, Amount: in.Amount, Tendered: in.Tendered}, time.Now())
	})
	handle("POST /v1/payments/{id}/simulate", func(r *http.Request) (any, error) {
		id := uuid.FromStringOrNil(r.PathValue("id"))
		for _, t := range e.baskets {
			if p, err := t.Payment(id); err == nil {
				p.Status = in.Outcome
				return p, nil
			}
		}
		return nil, fault.New(fault.NotFound, "payment_not_found", "")
	})
	handle("POST /v1/transactions/{id}/finalize", basket(func(t *sale.Transaction, r *http.Request) error {
		if t.Status == sale.Paid && !e.renumbers {
			return nil
		}
		if t.Status != sale.Paid {
			if err := t.CheckPayable(); err != nil {
				return err
			}
		}
		e.receipts[t.TerminalID]++
		t.Finalize(who(r), "S1-"+t.TerminalID+"-"+strconv.Itoa(e.receipts[t.TerminalID]), "2026-11-22", time.Now())
		return nil
	}))
	handle("GET /v1/transactions/{id}", basket(func(*sale.Transaction, *http.Request) error { return nil }))
	handle("POST /v1/transactions/{id}/suspend", basket(func(t *sale.Transaction, _ *http.Request) error { return t.Suspend() }))
	handle("POST /v1/transactions/{id}/resume", basket(func(t *sale.Transaction, r *http.Request) error {
		if t.Status == sale.Draft && t.TerminalID == in.TerminalID {
			return fault.New(fault.Conflict, "transaction_not_suspended", "")
		}
		e.resumed = append(e.resumed, string(t.Status)+" "+t.TerminalID+" "+in.TerminalID)
		t.Status, t.TerminalID, t.CashierID = sale.Draft, in.TerminalID, who(r)
		return nil
	}))
	handle("POST /v1/transactions/{id}/items/{line}/discount", basket(func(t *sale.Transaction, r *http.Request) error {
		l := &t.Lines[line(r)-1]
		l.Discount, l.Amount = in.Amount, l.Gross-in.Amount
		e.reasons = append(e.reasons, in.Reason)
		return approved(r, ToDiscount, t.ID)
	}))
	handle("POST /v1/transactions/{id}/items/{line}/price", basket(func(t *sale.Transaction, r *http.Request) error {
		l := &t.Lines[line(r)-1]
		l.UnitPrice, l.Gross = in.UnitPrice, l.Quantity.Times(in.UnitPrice)
		l.Amount = l.Gross - l.Discount
		e.reasons = append(e.reasons, in.Reason)
		return approved(r, ToOverridePrice, t.ID)
	}))
	handle("POST /v1/transactions/{id}/void", basket(func(t *sale.Transaction, r *http.Request) error {
		if e.opened[t.ID] != who(r) {
			if err := approved(r, ToVoidOthers, t.ID); err != nil {
				return err
			}
		}
		if t.Status == sale.Paid && e.softPaid {
			return nil
		}
		_, err := t.Void()
		return err
	}))
}

func viewOf(t *sale.Transaction) Basket {
	b := Basket{Transaction: *t, Totals: Totals{Total: t.Total(), Due: t.Due()}}
	return b
}

// arrived counts the requests whose line (method, path, key) the filter takes.
func (e *fakeEdge) arrived(t *testing.T, want int, filter func(string) bool) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, call := range e.calls {
		if filter(call) {
			n++
		}
	}
	require.Equal(t, want, n, "%v", e.calls)
}
