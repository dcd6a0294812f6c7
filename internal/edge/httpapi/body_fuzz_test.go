package httpapi

import (
	"context"
	"encoding/json" // as clients do: with omitempty, 0 is left out
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"tiem/internal/barcode"
	"tiem/internal/door"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/session"
	"tiem/internal/edge/staff"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// Every call of a till that has a body, by the last part of its path.
var bodyCalls = []string{"create", "items", "line", "payments", "simulate", "resume", "void", "discount", "price"}

// FuzzTillBodies sends bytes through the door to the real handlers, behind
// which the database cannot be reached: what a handler lets through ends there
// (503), everything else is the client's fault (400, 403, 415, 422), and nothing
// ever is ours (500). What was let in keeps the promises of its documentation,
// and its own encoding gets in as the same.
func FuzzTillBodies(f *testing.F) {
	for _, seed := range []string{
		`{"terminal_id":"T1","cashier_id":"C1"}`, `{"id":"01a2047b-4188-767d-9a8d-000000000001","terminal_id":"T1","cashier_id":"C1"}`,
		`{"terminal_id":"T2","cashier_id":"C1"}`, `{"id":"00000000-0000-0000-0000-000000000000","terminal_id":"T1","cashier_id":"C1"}`,
		`{"id":null,"terminal_id":"T1","cashier_id":""}`, `{"id":"{01a2047b-4188-767d-9a8d-000000000001}","terminal_id":"T1","cashier_id":"C1"}`,
		`{"barcode":"08934841900286"}`, `{"barcode":"８９３","quantity":"1"}`, `{"item_id":"83f04066-fe43-5afa-bf68-1afa2c01bf8a","quantity":"0.355"}`,
		`{"barcode":"8934588063145","quantity":null}`, `{"barcode":"8934588063145","quantity":1}`, `{}`, `{"quantity":"9999.999"}`, `{"quantity":"0"}`, `{"quantity":"1."}`, `{"quantity":"-1"}`, `{"quantity":"10000"}`,
		`{"method":"CASH","amount":6000,"tendered":10000}`, `{"method":"QR","amount":1,"provider":"fake"}`, `{"method":"CARD","amount":9223372036854775807}`,
		`{"method":"cash","amount":1}`, `{"method":"CASH","amount":-1}`, `{"method":"CASH","amount":1.0}`, `{"method":"CASH","amount":1,"tendered":0}`, `{"outcome":"CAPTURED"}`, `{"outcome":"captured"}`,
		`{"terminal_id":"T1"}`, `{"terminal_id":"T2"}`, `{"reason":"khách đổi ý"}`, `{"reason":""}`, `{"reason":"4111 1111 1111 1111"}`, ``,
		`{"amount":500,"reason":"hộp móp"}`, `{"amount":-1,"reason":"x"}`, `{"amount":1,"reason":"a\nb"}`, `{"amount":1}`, `{"unit_price":5000,"reason":"giá trên kệ"}`,
		`{"unit_price":9223372036854775807,"reason":"x"}`, `{"unit_price":0,"reason":"4111111111111111"}`,
		`null`, `[]`, `{"amount":1,"amount":2}`, `{"barcode":"\u0000"}`, "{\"barcode\":\"\xff\"}",
	} {
		for call := range bodyCalls {
			f.Add(byte(call), []byte(seed))
		}
	}
	fx := newBodyFixture(f)
	f.Fuzz(func(t *testing.T, call byte, body []byte) {
		name := bodyCalls[int(call)%len(bodyCalls)]
		status, got := fx.send(t, name, body)
		switch status {
		case http.StatusServiceUnavailable: // it got through
			require.NotNil(t, got)
		case http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusConflict, http.StatusNotFound:
		default:
			t.Fatalf("%s %q: %d", name, body, status)
		}
		if got == nil { // the door refused it
			return
		}
		require.True(t, utf8.Valid(body))
		assertPromises(t, got, status == http.StatusServiceUnavailable)
		if in, is := got.(*voidInput); is && in.Body == nil { // a body that was left out is no JSON
			return
		}
		again, err := json.Marshal(reflect.ValueOf(got).Elem().FieldByName("Body").Interface())
		require.NoError(t, err)
		_, back := fx.send(t, name, again)
		require.Equal(t, got, back, "%q became %q", body, again)
	})
}

// assertPromises holds what a handler was given against the API's document, and
// what a handler let through against the contract's rules.
func assertPromises(t *testing.T, got any, through bool) {
	t.Helper()
	switch in := got.(type) {
	case *createInput:
		require.True(t, wire.ValidName(in.Body.TerminalID))
		require.True(t, wire.ValidName(in.Body.CashierID))
		require.False(t, through && (in.Body.TerminalID != "T1" || in.Body.ID != nil && in.Body.ID.IsNil()))
	case *addItemInput:
		if through && in.Body.Quantity != nil {
			_, err := sale.ParseQuantity(*in.Body.Quantity)
			require.NoError(t, err)
		}
		if through && in.Body.ItemID == nil {
			require.NoError(t, barcode.Check(in.Body.Barcode))
		}
	case *changeLineInput:
		_, err := sale.ParseQuantity(in.Body.Quantity)
		require.Equal(t, through, err == nil)
	case *addPaymentInput:
		require.Contains(t, []sale.Method{sale.Cash, sale.QR, sale.Card, sale.Voucher}, in.Body.Method)
		require.GreaterOrEqual(t, in.Body.Amount, money.Amount(1))
		require.GreaterOrEqual(t, in.Body.Tendered, money.Amount(0))
		require.LessOrEqual(t, utf8.RuneCountInString(in.Body.Provider), 20)
		require.NotContains(t, in.Body.Provider, "\x00")
	case *resumeInput:
		require.True(t, wire.ValidName(in.Body.TerminalID))
		require.False(t, through && in.Body.TerminalID != "T1")
	case *voidInput:
		require.True(t, !through || in.Body == nil || in.Body.Reason == "" || sale.CheckReason(in.Body.Reason) == nil)
	case *discountInput:
		require.GreaterOrEqual(t, in.Body.Amount, money.Amount(0))
		require.Equal(t, through, sale.CheckReason(in.Body.Reason) == nil)
	case *priceInput:
		require.GreaterOrEqual(t, in.Body.UnitPrice, money.Amount(0))
		require.Equal(t, through, sale.CheckReason(in.Body.Reason) == nil)
	case *simulateInput:
		require.Contains(t, []sale.PaymentStatus{sale.Captured, sale.Failed, sale.Expired, sale.Unknown}, in.Body.Outcome)
	}
}

// bodyFixture is the API's handlers without a database. It remembers what the
// last call's handler was given.
type bodyFixture struct {
	door *door.Door
	got  any
}

func newBodyFixture(f *testing.F) *bodyFixture {
	f.Helper()
	db, err := postgres.Open(f.Context(), "postgres://nobody@/none?host=/nowhere", postgres.PoolConfig{AcquireTimeout: time.Minute})
	require.NoError(f, err)
	f.Cleanup(db.Close)
	a := &api{Parts: Parts{DB: db, Desk: &checkout.Desk{DB: db, Log: &outbox.Log{}, Catalog: catalog.New(db), People: &staff.People{DB: db},
		StoreID: "S1", Currency: "VND", Day: sale.Calendar{Zone: time.UTC}, Now: time.Now}, Demo: true}}
	fx := &bodyFixture{door: door.New(door.Config{Title: "fuzz", Version: "1", Logger: slog.New(slog.DiscardHandler)})}
	fx.door.API().UseMiddleware(func(hc huma.Context, next func(huma.Context)) {
		lan := session.Caller{Session: session.Session{TerminalID: "T1", Cashier: staff.Actor{CashierID: "C1", Role: staff.Cashier}}}
		next(huma.WithContext(hc, context.WithValue(hc.Context(), callerKey{}, caller{Caller: lan})))
	})
	serve(fx, "create", a.createTransaction)
	serve(fx, "items", a.addItem)
	serve(fx, "line", a.changeLine)
	serve(fx, "payments", a.addPayment)
	serve(fx, "simulate", a.simulatePayment)
	serve(fx, "resume", a.resumeTransaction)
	serve(fx, "void", a.voidTransaction)
	serve(fx, "discount", a.discountLine)
	serve(fx, "price", a.overridePrice)
	return fx
}

// serve registers a handler under a path that has all parameters of all of them.
func serve[I, O any](fx *bodyFixture, name string, handler func(context.Context, *I) (*O, error)) {
	door.Register(fx.door, huma.Operation{OperationID: name, Method: http.MethodPost, Path: "/{id}/{line_no}/" + name},
		func(ctx context.Context, in *I) (*O, error) {
			fx.got = in
			return handler(ctx, in)
		})
}

func (fx *bodyFixture) send(t *testing.T, name string, body []byte) (status int, got any) {
	t.Helper()
	fx.got = nil
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/01a2047b-4188-767d-9a8d-000000000001/1/"+name, strings.NewReader(string(body)))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	fx.door.ServeHTTP(recorder, request)
	if recorder.Code >= http.StatusBadRequest {
		var problem struct {
			Code   string `json:"code"`
			Detail string `json:"detail"`
		}
		require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &problem))
		require.NotEmpty(t, problem.Code)
		require.NotEmpty(t, problem.Detail)
		require.NotEqual(t, door.Status(fault.Internal), recorder.Code, "%q: %s", body, recorder.Body)
	}
	return recorder.Code, fx.got
}
