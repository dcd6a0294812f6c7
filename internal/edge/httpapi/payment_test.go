package httpapi_test

import (
	"bytes"
	"image/png"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/wire"
)

// A customer pays 56 000 by phone: the money is in before the sale is final.
func TestAQRIsCapturedBeforeItsSale(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T23:59:00+07:00")
	t1 := s.till("T1")
	b := t1.scan(t1.open(), beer, "4")
	before := s.head()
	p := t1.qr(b, 56_000)
	require.Equal(t, []any{"QR", "fake", "PENDING", int64(56_000), int64(0)}, []any{p.Method, p.Provider, p.Status, p.Amount, p.Change})
	require.True(t, p.ExpiresAt.Equal(s.clock().Add(15*time.Minute)))
	require.Empty(t, s.events(before), "an intent is no event")
	require.Equal(t, int64(0), t1.read(b).Totals.Due, "it claims its amount")
	refused(t, t1.post(path(b, "/finalize"), nil), 409, "payment_incomplete")

	captured := t1.simulate(p, "CAPTURED")
	require.Equal(t, "CAPTURED", captured.Status)
	events := s.events(before)
	require.Len(t, events, 1, "written in the transaction that captured it")
	require.Equal(t, []any{wire.TypePaymentCaptured, b.ID, "2026-11-22"}, []any{events[0].Type, events[0].AggregateID.String(), events[0].BusinessDate})
	got := payload[wire.PaymentCaptured](s, events[0])
	require.Equal(t, []any{p.ID, b.ID, "QR", "fake", "FAKE-" + p.ID, int64(56_000), int64(56_000), int64(0)},
		[]any{got.PaymentID.String(), got.TransactionID.String(), got.Method, got.Provider, got.Reference, int64(got.Amount), int64(got.Tendered), int64(got.Change)})
	require.Equal(t, captured, t1.simulate(p, "CAPTURED"), "told twice is not captured twice")
	require.Len(t, s.events(before), 1)

	s.at("2026-11-23T00:01:00+07:00")
	require.Equal(t, "2026-11-23", t1.finalize(b).BusinessDate)
	events = s.events(before)
	require.Len(t, events, 3, "no second PaymentCaptured at finalize")
	require.Equal(t, []string{wire.TypeSaleRecorded, wire.TypeInventoryAdjusted}, []string{events[1].Type, events[2].Type})
	requireInvariants(t, s)
}

func TestAMixOfPayments(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), beer, "4") // 56 000
	t1.simulate(t1.qr(b, 20_000), "FAILED")
	failedAgain := t1.qr(b, 30_000)
	require.Equal(t, int64(26_000), t1.read(b).Totals.Due)
	refused(t, t1.post(path(b, "/payments"), object{"method": "CASH", "amount": 26_001}), 422, "amount_exceeds_due")
	t1.cash(b, 26_000, 100_000)
	t1.simulate(failedAgain, "UNKNOWN")
	refused(t, t1.post(path(b, "/finalize"), nil), 409, "payment_incomplete")
	refused(t, t1.post("/v1/payments/"+failedAgain.ID+"/cancel", nil), 409, "payment_not_cancellable")
	refused(t, t1.post("/v1/payments/"+failedAgain.ID+"/simulate", object{"outcome": "EXPIRED"}), 409, "payment_settled")
	t1.simulate(failedAgain, "CAPTURED")
	before := s.head()
	paid := t1.finalize(b)
	require.Equal(t, []int64{56_000, 0, 74_000}, []int64{paid.Totals.Paid, paid.Totals.Due, paid.Totals.Change})
	require.Len(t, paid.Payments, 3)
	events := s.events(before)
	require.Len(t, events, 3, "the cash is logged with its sale")
	require.Equal(t, int64(74_000), int64(payload[wire.PaymentCaptured](s, events[2]).Change))
	requireInvariants(t, s)
}

// Money for a payment that was given up changes nothing, and is written down for a person.
func TestALateCaptureIsKeptAsAnException(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	for n, giveUp := range []func(p payment) string{
		func(p payment) string { t1.post("/v1/payments/"+p.ID+"/cancel", nil); return "CANCELLED" },
		func(p payment) string { t1.simulate(p, "EXPIRED"); return "EXPIRED" },
		func(p payment) string { t1.simulate(p, "FAILED"); return "FAILED" },
	} {
		b := t1.scan(t1.open(), water)
		p := t1.qr(b, 6_000)
		status := giveUp(p)
		before, asItWas := s.head(), t1.read(b)
		require.Equal(t, status, t1.simulate(p, "CAPTURED").Status)
		require.Equal(t, asItWas, t1.read(b), "no state changed")
		require.Empty(t, s.events(before))
		require.Equal(t, int64(n+1), value[int64](s, "select count(*) from payment_exceptions"))
		require.Equal(t, "CAPTURED "+status+" S1 T1 C1 "+b.ID, value[string](s,
			`select concat_ws(' ', reported, found_status, store_id, terminal_id, cashier_id, transaction_id) from payment_exceptions where payment_id = $1`, p.ID))
		t1.cash(b, 6_000, 6_000)
		t1.finalize(b)
	}
	voided := t1.scan(t1.open(), water)
	p := t1.qr(voided, 6_000)
	ok[basket](t, 200, t1.post(path(voided, "/void"), nil))
	require.Equal(t, "CANCELLED", t1.simulate(p, "CAPTURED").Status)
	require.Equal(t, int64(4), value[int64](s, "select count(*) from payment_exceptions"))
	requireInvariants(t, s)
}

func TestTheQRAsAPicture(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	p := t1.qr(b, 6_000)
	var shown map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.QRPayload), &shown))
	require.Equal(t, "DEMO - not a payment", shown["notice"])
	require.EqualValues(t, 6_000, shown["amount"])
	a := t1.get("/v1/payments/" + p.ID + "/qr.png")
	require.Equal(t, 200, a.status)
	require.Equal(t, "image/png", a.header.Get("Content-Type"))
	require.Equal(t, "private, no-store", a.header.Get("Cache-Control"))
	picture, err := png.Decode(bytes.NewReader(a.raw))
	require.NoError(t, err)
	require.Greater(t, picture.Bounds().Dx(), 200)
	cash := t1.cash(t1.scan(t1.open(), water), 6_000, 6_000)
	refused(t, t1.get("/v1/payments/"+cash.ID+"/qr.png"), 404, "qr_not_found")
}

func TestOnlyTheFakeProviderIsSimulated(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	cash := t1.cash(t1.scan(t1.open(), water), 6_000, 6_000)
	refused(t, t1.post("/v1/payments/"+cash.ID+"/simulate", object{"outcome": "CAPTURED"}), 409, "payment_not_simulated")
}

func TestWithoutTheDemoThereIsNoFakeMoney(t *testing.T) {
	s := openShop(t, func(c *edge.Config) { c.Demo = false })
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	for _, provider := range []string{"", "fake"} {
		body := object{"method": "QR", "amount": 6_000}
		if provider != "" {
			body["provider"] = provider
		}
		p := refused(t, t1.post(path(b, "/payments"), body), 422, "method_unavailable")
		require.Equal(t, "method", p["field"])
	}
	require.Zero(t, value[int64](s, "select count(*) from payments"))
	p := t1.cash(b, 6_000, 6_000)
	refused(t, t1.post("/v1/payments/"+p.ID+"/simulate", object{"outcome": "CAPTURED"}), 404, "not_found")
	t1.finalize(b)
}
