package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// DefaultPatience is how long a till tries one call before its cashier gives up.
const DefaultPatience = 30 * time.Second

// Till is one till, as a good one behaves: it mints the ids of baskets and
// payments, gives each intent an Idempotency-Key, and when nobody answers, the
// answer breaks off, or the edge says 503, it sends the very same request again
// until it works or its patience is over. It never retries a refusal, and it
// never takes silence for a yes or a no. One cashier uses it: it is not safe for
// concurrent use.
type Till struct {
	Login     Login
	CashierID string
	Manager   string        // whose PIN stands for what the cashier may not do alone; empty: nobody's
	Patience  time.Duration // 0: DefaultPatience
	Pace      *Pace         // of the people at it; nil: there is no waiting
	Stats     TillStats
	// Observe is told how long each call took with its retries, by the name that
	// Calls has for it; nil: nobody is.
	Observe func(call string, took time.Duration, err error)

	// Doing is told what the till does from now on; nil: nobody is.
	Doing func(Work)

	edge    *EdgeClient
	session string // empty: nobody is signed in
	probing bool   // a mistake on purpose: a refusal is what is hoped for
}

// Basket is a transaction as the edge shows it.
type Basket struct {
	sale.Transaction

	Totals Totals `json:"totals"`
}

// Totals are a basket's sums in minor units.
type Totals struct {
	Total  money.Amount `json:"total"`
	Tax    money.Amount `json:"tax"`
	Paid   money.Amount `json:"paid"`
	Due    money.Amount `json:"due"`
	Change money.Amount `json:"change"`
}

// NewTill is a till at the edge at base.
func NewTill(base string, login Login, cashierID string) *Till {
	return &Till{Login: login, CashierID: cashierID, edge: NewEdgeClient(base, login.Token)}
}

func (t *Till) doing(w Work) {
	if t.Doing != nil {
		t.Doing(w)
	}
}

// Close gives the till's connections back.
func (t *Till) Close() { t.edge.Close() }

// NewKey is a fresh Idempotency-Key: one per intent, kept for its retries.
func NewKey() string { return newID().String() }

// newID is a UUIDv7, as clients mint them.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Open begins a basket with the till's own id.
func (t *Till) Open(ctx context.Context, id uuid.UUID, key string) (*Basket, error) {
	body := struct {
		ID         uuid.UUID `json:"id"`
		TerminalID string    `json:"terminal_id"`
		CashierID  string    `json:"cashier_id"`
	}{id, t.Login.TerminalID, t.CashierID}
	return t.basket(ctx, http.MethodPost, "/v1/transactions", key, body)
}

// Scan adds a line: by barcode if the pick has one, else by item.
func (t *Till) Scan(ctx context.Context, id uuid.UUID, pick Pick, key string) (*Basket, error) {
	body := struct {
		Barcode  string        `json:"barcode,omitzero"`
		ItemID   uuid.UUID     `json:"item_id,omitzero"`
		Quantity sale.Quantity `json:"quantity"`
	}{Barcode: pick.Barcode, Quantity: pick.Quantity}
	if pick.Barcode == "" {
		body.ItemID = pick.ItemID
	}
	return t.basket(ctx, http.MethodPost, transactionPath(id, "/items"), key, body)
}

// ChangeQuantity sets a line's quantity.
func (t *Till) ChangeQuantity(ctx context.Context, id uuid.UUID, lineNo int32, quantity sale.Quantity, key string) (*Basket, error) {
	body := struct {
		Quantity sale.Quantity `json:"quantity"`
	}{quantity}
	return t.basket(ctx, http.MethodPatch, linePath(id, lineNo, ""), key, body)
}

// Remove strikes a line out.
func (t *Till) Remove(ctx context.Context, id uuid.UUID, lineNo int32, key string) (*Basket, error) {
	return t.basket(ctx, http.MethodDelete, linePath(id, lineNo, ""), key, nil)
}

// Pay takes a payment; the id is the till's own.
func (t *Till) Pay(ctx context.Context, id uuid.UUID, tender sale.Tender, key string) (*sale.Payment, error) {
	body := struct {
		ID       uuid.UUID    `json:"id"`
		Method   sale.Method  `json:"method"`
		Amount   money.Amount `json:"amount"`
		Tendered money.Amount `json:"tendered,omitzero"`
		Provider string       `json:"provider,omitzero"`
	}{tender.ID, tender.Method, tender.Amount, tender.Tendered, tender.Provider}
	var p sale.Payment
	return &p, t.call(ctx, http.MethodPost, transactionPath(id, "/payments"), key, body, &p)
}

// Simulate plays the customer's phone for a payment of the fake provider.
func (t *Till) Simulate(ctx context.Context, paymentID uuid.UUID, outcome sale.PaymentStatus, key string) (*sale.Payment, error) {
	body := struct {
		Outcome sale.PaymentStatus `json:"outcome"`
	}{outcome}
	var p sale.Payment
	r := request{method: http.MethodPost, path: "/v1/payments/" + paymentID.String() + "/simulate", key: key}
	if err := r.encode(body); err != nil {
		return nil, err
	}
	return &p, t.persist(ctx, r, func(ctx context.Context) error { return t.edge.do(ctx, r, &p) }) // the customer has no session
}

// Finalize makes the basket a sale. Only when it returns without an error has
// the cashier seen PAID.
func (t *Till) Finalize(ctx context.Context, id uuid.UUID, key string) (*Basket, error) {
	b, err := t.basket(ctx, http.MethodPost, transactionPath(id, "/finalize"), key, nil)
	if err == nil && (b.Status != sale.Paid || b.ReceiptNo == "") {
		return nil, fault.New(fault.Internal, "not_paid", "finalize of %s succeeded, but it is %s with receipt %q", id, b.Status, b.ReceiptNo)
	}
	return b, err
}

// Void gives a basket up that the till's cashier opened.
func (t *Till) Void(ctx context.Context, id uuid.UUID, key string) (*Basket, error) {
	return t.basket(ctx, http.MethodPost, transactionPath(id, "/void"), key, nil)
}

// Suspend parks the basket: any till may go on with it.
func (t *Till) Suspend(ctx context.Context, id uuid.UUID, key string) (*Basket, error) {
	return t.basket(ctx, http.MethodPost, transactionPath(id, "/suspend"), key, nil)
}

// Resume goes on with a suspended basket, or with one whose till has died.
func (t *Till) Resume(ctx context.Context, id uuid.UUID, key string) (*Basket, error) {
	body := struct {
		TerminalID string `json:"terminal_id"`
	}{t.Login.TerminalID}
	return t.basket(ctx, http.MethodPost, transactionPath(id, "/resume"), key, body)
}

func transactionPath(id uuid.UUID, rest string) string {
	return "/v1/transactions/" + id.String() + rest
}

func linePath(id uuid.UUID, lineNo int32, rest string) string {
	return transactionPath(id, fmt.Sprintf("/items/%d%s", lineNo, rest))
}

func (t *Till) basket(ctx context.Context, method, path, key string, body any) (*Basket, error) {
	var b Basket
	if err := t.call(ctx, method, path, key, body, &b); err != nil {
		return nil, err
	}
	return &b, nil
}

// call encodes the body once and sends the same bytes until there is an answer.
func (t *Till) call(ctx context.Context, method, path, key string, body, into any) error {
	r := request{method: method, path: path, key: key}
	if err := r.encode(body); err != nil {
		return err
	}
	return t.send(ctx, r, into)
}

// encode gives the request its body; nil: none.
func (r *request) encode(body any) (err error) {
	if body == nil {
		return nil
	}
	if r.body, err = json.Marshal(body); err != nil {
		return fault.Wrap(err, fault.Internal, "request_unwritable", "the request cannot be encoded")
	}
	return nil
}

// send sends the same bytes until there is an answer, signing in when it must.
func (t *Till) send(ctx context.Context, r request, into any) error {
	return t.persist(ctx, r, func(ctx context.Context) error { return t.inSession(ctx, r, into) })
}

// persist is persist with the till's patience, and counts.
func (t *Till) persist(ctx context.Context, r request, try func(context.Context) error) error {
	patience := t.Patience
	if patience == 0 {
		patience = DefaultPatience
	}
	begun := time.Now()
	retries, err := persist(ctx, patience, try)
	took := time.Since(begun)
	t.Stats.Retries += retries
	t.Stats.Stall = max(t.Stats.Stall, took)
	if err == nil {
		t.Stats.Requests++
	}
	if t.Observe != nil && !t.probing {
		t.Observe(callName(r), took, err)
	}
	return err
}

// jitter is d, less up to half of it.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }

// statusOf is the HTTP status of a refusal; 0 for every other error.
func statusOf(err error) int {
	if e := fault.As(err); e != nil {
		status, _ := e.Details["status"].(int)
		return status
	}
	return 0
}
