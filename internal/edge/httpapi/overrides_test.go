package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/staff"
	"tiem/internal/money"
	"tiem/internal/wire"
)

const approvalHeader = "X-Approval"

// priced is a line as the tests of its price look at it.
type priced struct {
	UnitPrice      int64  `json:"unit_price"`
	Gross          int64  `json:"gross"`
	Discount       int64  `json:"discount"`
	Amount         int64  `json:"amount"`
	DiscountReason string `json:"discount_reason"`
	ListPrice      *int64 `json:"list_price"`
	PriceReason    string `json:"price_reason"`
}

func (c *till) priced(a answer, line int) priced {
	c.t.Helper()
	return ok[struct {
		Lines []priced `json:"lines"`
	}](c.t, 200, a).Lines[line]
}

func TestADiscountTakesAManager(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.scan(t1.open(), water), beer)
	discount := object{"amount": 4_000, "reason": "hộp móp"}
	p := refused(t, t1.post(path(b, "/items/2/discount"), discount), 403, "permission_needed")
	require.Equal(t, "discount", p["permission"])
	refused(t, t1.post(path(b, "/items/2/discount"), discount, approvalHeader, t1.wordOf("M1", "override_price", b).Token), 403, "approval_invalid")

	approval := t1.wordOf("M1", "discount", b).Token
	refused(t, t1.post(path(b, "/items/2/discount"), object{"amount": 14_001, "reason": "hộp móp"}, approvalHeader, approval), 422, "discount_too_large")
	a := t1.post(path(b, "/items/2/discount"), discount, approvalHeader, approval)
	require.Equal(t, priced{UnitPrice: 14_000, Gross: 14_000, Discount: 4_000, Amount: 10_000, DiscountReason: "hộp móp"}, t1.priced(a, 1),
		"a refusal did not use the approval up")
	require.NotContains(t, string(a.raw), "list_price")
	refused(t, t1.post(path(b, "/items/2/discount"), object{"amount": 5_000, "reason": "hộp móp"}, approvalHeader, approval), 403, "approval_invalid")
	got := ok[basket](t, 200, a)
	require.Equal(t, []int64{20_000, 4_000, 16_000}, []int64{got.Totals.Gross, got.Totals.Discount, got.Totals.Total})
	require.Equal(t, []string{"line.discounted T1 C1 M1"}, s.done(b))

	// A manager who is signed in acts on their own authority.
	boss := t1.with("M1")
	require.Equal(t, int64(14_000), t1.priced(boss.post(path(b, "/items/2/discount"), object{"amount": 14_000, "reason": "quà"}), 1).Discount)
	require.Equal(t, priced{UnitPrice: 14_000, Gross: 14_000, Amount: 14_000}, t1.priced(boss.post(path(b, "/items/2/discount"), object{"amount": 0, "reason": "nhầm"}), 1))
	require.Equal(t, []string{"line.discounted T1 C1 M1", "line.discounted T1 M1", "line.discounted T1 M1"}, s.done(b))
	version := t1.read(b).Version
	require.Equal(t, 200, boss.post(path(b, "/items/2/discount"), object{"amount": 0, "reason": "nhầm"}).status)
	require.Equal(t, version, t1.read(b).Version, "it is so already")
	require.Len(t, s.done(b), 3)
}

func TestAPriceIsOverridden(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	boss := t1.with("M1")
	b := t1.scan(t1.open(), banana, "0.355")
	list := int64(24_900)
	refused(t, t1.post(path(b, "/items/1/price"), object{"unit_price": 20_000, "reason": "chín quá"}), 403, "permission_needed")
	a := t1.post(path(b, "/items/1/price"), object{"unit_price": 20_000, "reason": "chín quá"}, approvalHeader, t1.wordOf("M1", "override_price", b).Token)
	require.Equal(t, priced{UnitPrice: 20_000, Gross: 7_100, Amount: 7_100, ListPrice: &list, PriceReason: "chín quá"}, t1.priced(a, 0))
	s.exec("update local_catalog set price = 30000 where sku = 'TUOI-0001'")
	require.Equal(t, priced{UnitPrice: 19_999, Gross: 7_100, Amount: 7_100, ListPrice: &list, PriceReason: "nhầm"},
		t1.priced(boss.post(path(b, "/items/1/price"), object{"unit_price": 19_999, "reason": "nhầm"}), 0), "the list price is that of the scan")
	require.Equal(t, 200, boss.post(path(b, "/items/1/discount"), object{"amount": 100, "reason": "quen"}).status)
	refused(t, boss.post(path(b, "/items/1/price"), object{"unit_price": 280, "reason": "nhầm"}), 422, "discount_too_large")
	refused(t, boss.call("PATCH", path(b, "/items/1"), object{"quantity": "0.4"}), 409, "line_overridden")
	require.Equal(t, priced{UnitPrice: 24_900, Gross: 8_840, Discount: 100, Amount: 8_740, DiscountReason: "quen"},
		t1.priced(boss.post(path(b, "/items/1/price"), object{"unit_price": 24_900, "reason": "thôi"}), 0))
	require.NotContains(t, string(t1.get(path(b, "")).raw), "list_price", "at its own price it is not overridden")

	free := t1.scan(t1.open(), bag)
	require.Equal(t, priced{UnitPrice: 500, Gross: 500, Amount: 500, ListPrice: new(int64), PriceReason: "túi to"},
		t1.priced(boss.post(path(free, "/items/1/price"), object{"unit_price": 500, "reason": "túi to"}), 0), "a list price of 0 is one")
}

// What was done to the prices of a sale is told with it, of the lines that were
// sold, and the books add up.
func TestOverridesOfASaleReachTheLog(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	boss := t1.with("M1")
	b := t1.scan(t1.scan(t1.scan(t1.open(), water), beer), cola)
	for _, change := range []struct {
		call string
		body object
	}{{"/items/1/discount", object{"amount": 500, "reason": "quen"}}, {"/items/2/price", object{"unit_price": 12_000, "reason": "giá trên kệ"}},
		{"/items/1/discount", object{"amount": 700, "reason": "rất quen"}}, {"/items/3/discount", object{"amount": 1_000, "reason": "móp"}}} {
		require.Equal(t, 200, boss.post(path(b, change.call), change.body).status)
	}
	require.Equal(t, 200, t1.call("DELETE", path(b, "/items/3"), nil).status)
	t1.cash(b, 17_300, 20_000)
	refused(t, boss.post(path(b, "/items/1/discount"), object{"amount": 1, "reason": "x"}), 409, "payments_exist")
	refused(t, boss.post(path(b, "/items/1/price"), object{"unit_price": 1, "reason": "x"}), 409, "payments_exist")
	before := s.head()
	paid := t1.finalize(b)
	require.Equal(t, []int64{18_000, 700, 17_300}, []int64{paid.Totals.Gross, paid.Totals.Discount, paid.Totals.Total})
	sold := payload[wire.SaleRecorded](s, s.events(before)[0])
	require.Len(t, sold.Overrides, 3)
	type told struct {
		Line          int32
		Kind          string
		Before, After money.Amount
		Reason, By    string
	}
	var overrides []told
	for _, o := range sold.Overrides {
		require.Empty(t, o.ApprovedBy)
		require.False(t, o.At.IsZero())
		overrides = append(overrides, told{o.LineNo, o.Kind, o.Before, o.After, o.Reason, o.CashierID})
	}
	require.Equal(t, []told{{1, "DISCOUNT", 0, 500, "quen", "M1"}, {2, "PRICE", 14_000, 12_000, "giá trên kệ", "M1"}, {1, "DISCOUNT", 500, 700, "rất quen", "M1"}}, overrides)
	refused(t, boss.post(path(b, "/items/1/discount"), object{"amount": 1, "reason": "x"}), 409, "transaction_paid")
	requireInvariants(t, s)
}

func TestWhatIsNoReasonOrNoPrice(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1").with("M1")
	b := t1.scan(t1.openAs("M1"), water)
	for _, call := range []struct{ path, name string }{{"/items/1/discount", "amount"}, {"/items/1/price", "unit_price"}} {
		for name, c := range map[string]struct {
			body any
			code string
		}{
			"nothing":            {object{}, "validation_failed"},
			"no reason":          {object{call.name: 1}, "validation_failed"},
			"an empty reason":    {object{call.name: 1, "reason": ""}, "validation_failed"},
			"a blank reason":     {object{call.name: 1, "reason": "  "}, "reason_invalid"},
			"a long reason":      {object{call.name: 1, "reason": strings.Repeat("ữ", 201)}, "validation_failed"},
			"a line break":       {object{call.name: 1, "reason": "a\nb"}, "reason_invalid"},
			"a card's number":    {object{call.name: 1, "reason": "thẻ 4111 1111 1111 1111"}, "looks_like_card_number"},
			"less than nothing":  {object{call.name: -1, "reason": "x"}, "validation_failed"},
			"a fraction":         {`{"` + call.name + `":0.5,"reason":"x"}`, "validation_failed"},
			"more than money":    {object{call.name: int64(money.Max) + 1, "reason": "x"}, map[string]string{"amount": "discount_too_large", "unit_price": "amount_invalid"}[call.name]},
			"somebody's own PIN": {object{call.name: 1, "reason": "x", "pin": pin}, "validation_failed"},
		} {
			p := refused(t, t1.post(path(b, call.path), c.body), 422, c.code)
			require.NotContains(t, p["detail"], "4111", name)
		}
		refused(t, t1.post(path(b, strings.Replace(call.path, "/1/", "/9/", 1)), object{call.name: 1, "reason": "x"}), 404, "line_not_found")
	}
	require.Equal(t, b, t1.read(b), "the basket is as it was")
	require.Empty(t, s.done(b))
	require.Zero(t, value[int64](s, "select count(*) from line_overrides"))
}

// What is so already takes nobody's word: a till that never heard the answer asks
// again, and an approval that came with it is still good for something else.
func TestWhatIsSoAlreadyTakesNoApproval(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	b := t1.scan(t1.scan(t1.open(), water), beer)
	for call, c := range map[string]struct {
		permission string
		body       object
	}{"/items/1/discount": {"discount", object{"amount": 500, "reason": "móp"}}, "/items/2/price": {"override_price", object{"unit_price": 5_000, "reason": "móp"}}} {
		first := t1.post(path(b, call), c.body, approvalHeader, t1.wordOf("M1", c.permission, b).Token)
		require.Equal(t, 200, first.status, "%s", first.raw)
		done := s.done(b)
		again := t1.post(path(b, call), c.body)
		require.Equal(t, 200, again.status, "%s", again.raw)
		require.Equal(t, string(first.raw), string(again.raw))
		word := t1.wordOf("M1", c.permission, b)
		require.Equal(t, 200, t1.post(path(b, call), c.body, approvalHeader, word.Token).status)
		require.Equal(t, done, s.done(b))
		c.body["reason"] = "rất móp"
		refused(t, t1.post(path(b, call), c.body), 403, "permission_needed")
		require.Equal(t, 200, t1.post(path(b, call), c.body, approvalHeader, word.Token).status, "it was not used up")
	}
}

// A retry of what was approved gets its answer, though the approval is used up.
func TestAnOverrideIsRetried(t *testing.T) {
	s := openShop(t)
	s.hire("M1", staff.Manager)
	t1 := s.till("T1")
	for call, body := range map[string]object{"discount": {"amount": 500, "reason": "móp"}, "price": {"unit_price": 500, "reason": "móp"}} {
		b := t1.scan(t1.open(), water)
		approval := t1.wordOf("M1", map[string]string{"discount": "discount", "price": "override_price"}[call], b).Token
		key := newID()
		answers := together(8, func(int) answer {
			return t1.post(path(b, "/items/1/"+call), body, keyHeader, key, approvalHeader, approval)
		})
		for _, a := range answers {
			require.Equal(t, 200, a.status, "%s", a.raw)
			require.Equal(t, string(answers[0].raw), string(a.raw))
		}
		require.Len(t, s.done(b), 1, "one effect")
		body["reason"] = "khác"
		refused(t, t1.post(path(b, "/items/1/"+call), body, keyHeader, key, approvalHeader, approval), 409, "idempotency_conflict")
	}
}
