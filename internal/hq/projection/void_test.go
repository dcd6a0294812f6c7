package projection_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/projection"
	"tiem/internal/money"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

var (
	tea  = hqtest.Item{SKU: "TEA", Price: 10_000}
	cake = hqtest.Item{SKU: "CAKE", Price: 25_000}
)

func TestVoidsThatCannotBe(t *testing.T) {
	t.Parallel()
	shop := hqtest.NewShop("S1")
	const invalid, mismatch = projection.CodePayloadInvalid, projection.CodeSumMismatch
	for name, c := range map[string]struct {
		change func(v *wire.BasketVoided)
		code   string
	}{
		"as it is":                 {func(*wire.BasketVoided) {}, ""},
		"empty":                    {func(v *wire.BasketVoided) { *v = shop.Voided() }, ""},
		"all was struck out":       {func(v *wire.BasketVoided) { *v = shop.Voided(hqtest.Line{Item: tea, Quantity: sale.One}) }, ""},
		"no reason, no approval":   {func(v *wire.BasketVoided) { v.Reason, v.ApprovedBy = "", "" }, ""},
		"a discount of an old day": {func(v *wire.BasketVoided) { v.Overrides = nil }, ""},
		"set twice": {func(v *wire.BasketVoided) {
			v.Overrides = []wire.Override{shop.Discounted(2, 0, 700), shop.Repriced(2, 9_000, 12_000), shop.Discounted(2, 700, 3_000), shop.Repriced(2, 12_000, 25_000)}
		}, ""},
		"another transaction":    {func(v *wire.BasketVoided) { v.TransactionID = uuid.Must(uuid.NewV4()) }, invalid},
		"nobody's":               {func(v *wire.BasketVoided) { v.OpenedBy = "" }, invalid},
		"approved by themselves": {func(v *wire.BasketVoided) { v.ApprovedBy = "C1" }, invalid},
		"approved by no id":      {func(v *wire.BasketVoided) { v.ApprovedBy = "Mai Lan" }, invalid},
		"a novel for a reason":   {func(v *wire.BasketVoided) { v.Reason = strings.Repeat("x", 1001) }, invalid},
		"no currency":            {func(v *wire.BasketVoided) { v.Currency = "" }, invalid},
		"never made":             {func(v *wire.BasketVoided) { v.CreatedAt = time.Time{} }, invalid},
		"never voided":           {func(v *wire.BasketVoided) { v.VoidedAt = time.Time{} }, invalid},
		"a line number twice":    {func(v *wire.BasketVoided) { v.Lines[0].LineNo = 1 }, invalid},
		"a line number 0":        {func(v *wire.BasketVoided) { v.Lines[1].LineNo = 0 }, invalid},
		"501 lines": {func(v *wire.BasketVoided) {
			v.Total = 0
			for no := range int32(500) {
				v.Lines = append(v.Lines, v.Lines[0])
				v.Lines[len(v.Lines)-1].LineNo = no + 10
			}
		}, invalid},
		"a line that was removed":      {func(v *wire.BasketVoided) { v.Lines[0].RemovedAt = &v.VoidedAt }, invalid},
		"a removed line that was not":  {func(v *wire.BasketVoided) { v.Removed[0].RemovedAt = nil }, invalid},
		"removed at no time":           {func(v *wire.BasketVoided) { v.Removed[0].RemovedAt = &time.Time{} }, invalid},
		"removed by somebody":          {func(v *wire.BasketVoided) { v.Removed[0].RemovedBy = "C2" }, ""},
		"removed by nobody's id":       {func(v *wire.BasketVoided) { v.Removed[0].RemovedBy = "Lan Anh" }, invalid},
		"removed by somebody, or not":  {func(v *wire.BasketVoided) { v.Lines[0].RemovedBy = "C2" }, invalid},
		"a removed line of nothing":    {func(v *wire.BasketVoided) { v.Removed[0].Quantity = 0 }, invalid},
		"a total of another basket":    {func(v *wire.BasketVoided) { v.Total++ }, mismatch},
		"removed lines cost something": {func(v *wire.BasketVoided) { v.Total += v.Removed[0].Amount }, mismatch},
		"a payment without an id":      {func(v *wire.BasketVoided) { v.Payments[0].PaymentID = uuid.Nil }, invalid},
		"a payment twice":              {func(v *wire.BasketVoided) { v.Payments = append(v.Payments, v.Payments[0]) }, invalid},
		"a payment by nothing":         {func(v *wire.BasketVoided) { v.Payments[0].Method = "" }, invalid},
		"a payment of nothing":         {func(v *wire.BasketVoided) { v.Payments[0].Amount = 0 }, invalid},
		"payments beyond all money": {func(v *wire.BasketVoided) {
			v.Payments[0].Amount = money.Max
			v.Payments = append(v.Payments, wire.CancelledPayment{PaymentID: uuid.Must(uuid.NewV4()), Method: "CASH", Amount: 1})
		}, invalid},
		"another discount":          {func(v *wire.BasketVoided) { v.Overrides[0].After++ }, mismatch},
		"another price":             {func(v *wire.BasketVoided) { v.Overrides = append(v.Overrides, shop.Repriced(2, 30_000, 24_999)) }, mismatch},
		"a discount before the 1st": {func(v *wire.BasketVoided) { v.Overrides[0].Before = 1 }, mismatch},
		"a step left out": {func(v *wire.BasketVoided) {
			v.Overrides = []wire.Override{shop.Repriced(2, 9_000, 12_000), shop.Repriced(2, 12_001, 25_000)}
		}, mismatch},
		"an override of no line":   {func(v *wire.BasketVoided) { v.Overrides[0].LineNo = 9 }, invalid},
		"of another kind":          {func(v *wire.BasketVoided) { v.Overrides[0].Kind = "GIFT" }, invalid},
		"for no reason":            {func(v *wire.BasketVoided) { v.Overrides[0].Reason = "" }, invalid},
		"by nobody":                {func(v *wire.BasketVoided) { v.Overrides[0].CashierID = "" }, invalid},
		"approved by who did it":   {func(v *wire.BasketVoided) { v.Overrides[0].ApprovedBy = "C1" }, invalid},
		"at no time":               {func(v *wire.BasketVoided) { v.Overrides[0].At = time.Time{} }, invalid},
		"below zero":               {func(v *wire.BasketVoided) { v.Overrides[0].Before = -1 }, invalid},
		"an override of a fortune": {func(v *wire.BasketVoided) { v.Overrides[0].After = money.Max + 1 }, invalid},
	} {
		v := shop.Voided(hqtest.Line{Item: tea, Quantity: 2 * sale.One}, hqtest.Line{Item: cake, Quantity: sale.One, Discount: 3_000},
			hqtest.Line{Item: tea, Quantity: sale.One})
		id := v.TransactionID
		c.change(&v)
		if c.code == "" {
			id = v.TransactionID
		}
		requireRefusal(t, projection.Read(shop.Append(wire.TypeBasketVoided, id, v)), name, c.code)
	}
}

// A sale's overrides are held against its lines in the same way; a sale of an
// edge that does not tell of them is a sale all the same.
func TestOverridesOfASale(t *testing.T) {
	t.Parallel()
	shop := hqtest.NewShop("S1")
	sold := basket(line(1, 9_000, sale.One, 700, "STANDARD", 800), line(2, 5_000, sale.One, 0, "STANDARD", 800))
	require.Nil(t, read(t, sold).Refusal)
	sold.OpenedBy = "C1"
	sold.Overrides = []wire.Override{shop.Repriced(1, 10_000, 9_000), shop.Discounted(1, 0, 700)}
	require.Nil(t, read(t, sold).Refusal)
	sold.Overrides[1].After--
	requireRefusal(t, read(t, sold), "a discount that the line does not have", projection.CodeSumMismatch)
	sold.Overrides[1] = shop.Discounted(3, 0, 700)
	requireRefusal(t, read(t, sold), "a line that was not sold", projection.CodePayloadInvalid)
	sold.Overrides, sold.OpenedBy = nil, "Lan Anh"
	requireRefusal(t, read(t, sold), "opened by no id", projection.CodePayloadInvalid)
}

// A voided basket by the contract's rules holds; one đồng anywhere else, and it
// does not.
func TestOneDongOfAVoidedBasketIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		lines := make([]hqtest.Line, rapid.IntRange(2, 6).Draw(rt, "lines"))
		for i := range lines {
			item := hqtest.Item{SKU: "X", Price: money.Amount(rapid.Int64Range(1, 1_000_000).Draw(rt, "price"))}
			lines[i] = hqtest.Line{Item: item, Quantity: sale.Quantity(rapid.Int64Range(1_000, 9_000).Draw(rt, "quantity"))}
			lines[i].Discount = money.Amount(rapid.Int64Range(1, int64(item.Price)).Draw(rt, "discount"))
		}
		shop := hqtest.NewShop("S1")
		v := shop.Voided(lines...)
		require.Nil(rt, projection.Read(shop.Append(wire.TypeBasketVoided, v.TransactionID, v)).Refusal)
		parts := append(append([]wire.BasketLine{}, v.Lines...), v.Removed...)
		l := &parts[rapid.IntRange(0, len(parts)-1).Draw(rt, "line")]
		o := &v.Overrides[rapid.IntRange(0, len(v.Overrides)-1).Draw(rt, "override")]
		*rapid.SampledFrom([]*money.Amount{&l.Gross, &l.Discount, &l.Amount, &v.Total, &o.Before, &o.After}).Draw(rt, "amount")++
		v.Lines, v.Removed = parts[:len(v.Lines)], parts[len(v.Lines):]
		refusal := projection.Read(shop.Append(wire.TypeBasketVoided, v.TransactionID, v)).Refusal
		require.NotNil(rt, refusal)
		require.Equal(rt, projection.CodeSumMismatch, refusal.Code, refusal.Message)
	})
}
