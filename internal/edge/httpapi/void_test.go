package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/wire"
)

// openAs is open by somebody else than C1.
func (c *till) openAs(cashier string) basket {
	c.t.Helper()
	return ok[basket](c.t, 201, c.post("/v1/transactions", object{"terminal_id": c.id, "cashier_id": cashier}))
}

// HQ is told what was in a basket that was given up: what lay in it, what had
// been struck out, what was done to prices, and the money that went back.
func TestAVoidedBasketIsTold(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.scan(t1.open(), water, "2"), beer)
	require.Equal(t, 200, t1.with("M1").post(path(b, "/items/1/discount"), object{"amount": 2_000, "reason": "móp"}).status)
	require.Equal(t, 200, t1.with("M1").post(path(b, "/items/2/price"), object{"unit_price": 13_000, "reason": "giá trên kệ"}).status)
	require.Equal(t, 200, t1.call("DELETE", path(b, "/items/2"), nil).status)
	given := t1.cash(b, 1_000, 2_000)
	ok[payment](t, 200, t1.post("/v1/payments/"+given.ID+"/cancel", nil)) // before: no part of the void
	cash, shown := t1.cash(b, 4_000, 5_000), t1.qr(b, 6_000)
	before := s.head()
	ok[basket](t, 200, t1.post(path(b, "/void"), object{"reason": "khách đổi ý"}))

	events := s.events(before)
	require.Len(t, events, 1)
	e := events[0]
	require.Equal(t, []string{wire.TypeBasketVoided, b.ID, "T1", "C1"}, []string{e.Type, e.AggregateID.String(), e.TerminalID, e.CashierID})
	v := payload[wire.BasketVoided](s, e)
	require.Equal(t, []any{b.ID, "C1", "VND", "khách đổi ý", "", int64(10_000)}, []any{v.TransactionID.String(), v.OpenedBy, v.Currency, v.Reason, v.ApprovedBy, int64(v.Total)})
	require.True(t, v.CreatedAt.Equal(b.CreatedAt))
	require.True(t, v.VoidedAt.Equal(e.OccurredAt))
	require.Len(t, v.Lines, 1)
	require.Equal(t, []any{int32(1), "NUOC-0001", water, "2", int64(6_000), int64(12_000), int64(2_000), int64(10_000), "STANDARD"}, []any{v.Lines[0].LineNo, v.Lines[0].SKU,
		v.Lines[0].Barcode, v.Lines[0].Quantity.String(), int64(v.Lines[0].UnitPrice), int64(v.Lines[0].Gross), int64(v.Lines[0].Discount), int64(v.Lines[0].Amount), v.Lines[0].TaxCode})
	require.Len(t, v.Removed, 1)
	require.Equal(t, int32(2), v.Removed[0].LineNo)
	require.NotNil(t, v.Removed[0].RemovedAt)
	require.Equal(t, "C1", v.Removed[0].RemovedBy)
	require.Empty(t, v.Lines[0].RemovedBy)
	require.Len(t, v.Overrides, 2, "those of removed lines, too")
	require.Equal(t, []string{cash.ID, shown.ID}, []string{v.Payments[0].PaymentID.String(), v.Payments[1].PaymentID.String()})
	require.Equal(t, []string{"line.discounted T1 M1", "line.price_overridden T1 M1", "line.removed T1 C1", "payment.cancelled T1 C1", "basket.voided T1 C1"}, s.done(b))
	require.Equal(t, "khách đổi ý", value[string](s, "select reason from audit_log where action = 'basket.voided'"))
	require.Equal(t, int64(500_000), s.onHand("NUOC-0001"), "nothing left the shelf")
	requireInvariants(t, s)
}

func TestAnEmptyBasketIsVoided(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	before := s.head()
	b := t1.open()
	ok[basket](t, 200, t1.post(path(b, "/void"), nil))
	ok[basket](t, 200, t1.post(path(b, "/void"), object{}))
	events := s.events(before)
	require.Len(t, events, 1)
	require.Contains(t, events[0].Payload, `"lines":[],"removed":[],"overrides":[],"payments":[],"total":0`)
	for body, code := range map[string]string{`{"reason":""}`: "validation_failed", `{"reason":"a\u0007"}`: "reason_invalid", `{"why":"x"}`: "validation_failed",
		`{"reason":"4111111111111111"}`: "looks_like_card_number"} {
		refused(t, t1.post(path(t1.open(), "/void"), body), 422, code)
	}
}

// Nobody gives up somebody else's basket alone, wherever it has wandered.
func TestSomebodyElsesBasketTakesAManagerToVoid(t *testing.T) {
	s := openShop(t)
	s.hire("C2", staff.Cashier)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	t2 := s.till("T2").with("C2")
	b := t1.scan(t1.open(), water)
	t1.suspend(b)
	refused(t, t2.post(path(b, "/void"), nil), 403, "basket_held_elsewhere")
	t2.resume(b)
	p := refused(t, t2.post(path(b, "/void"), nil), 403, "permission_needed")
	require.Equal(t, "void_others", p["permission"])
	require.Equal(t, "DRAFT", t2.hands(b).Status)

	approval := t2.wordOf("M1", "void_others", b).Token
	before := s.head()
	key := newID()
	first := t2.post(path(b, "/void"), object{"reason": "khách bỏ đi"}, approvalHeader, approval, keyHeader, key)
	require.Equal(t, "VOIDED", ok[basket](t, 200, first).Status)
	require.Equal(t, string(first.raw), string(t2.post(path(b, "/void"), object{"reason": "khách bỏ đi"}, approvalHeader, approval, keyHeader, key).raw))
	events := s.events(before)
	require.Len(t, events, 1)
	v := payload[wire.BasketVoided](s, events[0])
	require.Equal(t, []string{"C1", "M1", "C2", "T2"}, []string{v.OpenedBy, v.ApprovedBy, events[0].CashierID, events[0].TerminalID})
	require.Equal(t, []string{"basket.suspended T1 C1", "basket.resumed T2 C2", "basket.voided T2 C2 M1"}, s.done(b))

	// Whose basket it is may void it at whichever till it is; a manager any.
	b = t1.scan(t1.open(), water)
	t2.resume(b)
	require.Equal(t, 200, t2.with("C1").post(path(b, "/void"), nil).status)
	b = t1.scan(t1.open(), water)
	require.Equal(t, 200, t1.with("M1").post(path(b, "/void"), nil).status)
	require.Equal(t, []string{"basket.voided T1 M1"}, s.done(b))
	requireInvariants(t, s)
}
