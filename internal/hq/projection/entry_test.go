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

// read appends a sale to a shop's log and reads it as HQ does.
func read(t require.TestingT, r wire.SaleRecorded) projection.Entry {
	text, err := wire.EncodePayload(r)
	require.NoError(t, err)
	return projection.Read(hqtest.NewShop("S1").AppendRaw(wire.TypeSaleRecorded, 1, r.TransactionID, text))
}

// basket is a sale with goods of several rates, summed as the contract says and
// not as hqtest does: independently of the code under test.
func basket(lines ...wire.SaleLine) wire.SaleRecorded {
	r := wire.SaleRecorded{
		TransactionID: uuid.Must(uuid.NewV7()), ReceiptNo: "S1-T1-0000001", Currency: "VND", Lines: lines,
	}
	shop := hqtest.NewShop("S1").Sale(hqtest.Line{Item: hqtest.Item{SKU: "X", Price: 1}, Quantity: sale.One})
	r.CreatedAt, r.FinalizedAt = shop.CreatedAt, shop.FinalizedAt
	type rate struct {
		code string
		bp   int32
	}
	amounts := map[rate]int64{}
	var order []rate
	for _, l := range lines {
		key := rate{l.TaxCode, l.RateBP}
		if _, ok := amounts[key]; !ok {
			order = append(order, key)
		}
		amounts[key] += int64(l.Amount)
		r.Totals.Gross += l.Gross
		r.Totals.Discount += l.Discount
		r.Totals.Total += l.Amount
	}
	for _, key := range order {
		// round-half-up(a × r / (10000 + r)), in the manner of schoolbooks
		divisor := 10_000 + int64(key.bp)
		tax := (2*amounts[key]*int64(key.bp) + divisor) / (2 * divisor)
		r.TaxLines = append(r.TaxLines, wire.TaxLine{
			TaxCode: key.code, RateBP: key.bp, Base: money.Amount(amounts[key] - tax), Tax: money.Amount(tax),
		})
		r.Totals.Tax += money.Amount(tax)
	}
	r.Totals.Subtotal, r.Totals.Paid = r.Totals.Total-r.Totals.Tax, r.Totals.Total
	return r
}

func line(no int32, price money.Amount, quantity sale.Quantity, discount money.Amount, code string, bp int32) wire.SaleLine {
	gross := money.Amount((int64(price)*int64(quantity) + 500) / 1000)
	discount = min(discount, gross)
	return wire.SaleLine{
		LineNo: no, ItemID: uuid.Must(uuid.NewV4()), SKU: "X", Name: "X", Unit: "cái", Category: "x", Quantity: quantity,
		UnitPrice: price, Gross: gross, Discount: discount, Amount: gross - discount, TaxCode: code, RateBP: bp,
	}
}

func TestSalesThatHold(t *testing.T) {
	t.Parallel()
	beer := line(1, 15_000, 6*sale.One, 0, "EXCISE", 1000)
	tea := line(2, 10_000, sale.One, 333, "STANDARD", 800)
	rice := line(5, 33_333, 355, 0, "FIVE", 500)
	free := line(7, 0, sale.One, 0, "ZERO", 0)
	exempt := line(9, 7, sale.One, 0, "EXEMPT", 0)
	whole := basket(beer, tea, rice, free, exempt)
	require.Nil(t, read(t, whole).Refusal)

	reversed := whole
	reversed.TaxLines = []wire.TaxLine{whole.TaxLines[4], whole.TaxLines[2], whole.TaxLines[1], whole.TaxLines[0]}
	require.Nil(t, read(t, reversed).Refusal, "tax lines in any order, and none for nothing")

	gift := basket(line(1, 5_000, sale.One, 5_000, "STANDARD", 800))
	require.Nil(t, read(t, gift).Refusal, "a sale for nothing")

	// What the catalogue lets in at its most: 200 characters of four bytes.
	long := line(1, 5_000, sale.One, 0, "STANDARD", 800)
	long.Name, long.Category, long.Unit = strings.Repeat("𠀀", 200), strings.Repeat("𠀀", 60), strings.Repeat("𠀀", 20)
	require.Nil(t, read(t, basket(long)).Refusal)

	largest := basket(line(1, money.Max, sale.One, 0, "STANDARD", 10_000))
	require.Nil(t, read(t, largest).Refusal)
}

func TestSalesOutOfRange(t *testing.T) {
	t.Parallel()
	many := make([]wire.SaleLine, 501)
	for i := range many {
		many[i] = line(int32(i)+1, 1, sale.One, 0, "STANDARD", 800)
	}
	huge := line(1, money.Max, 2*sale.One, 0, "STANDARD", 800)
	twice := line(1, money.Max, sale.One, 0, "STANDARD", 800)
	other := line(2, money.Max, sale.One, 0, "STANDARD", 800)
	none := line(1, 10, sale.One, 0, "STANDARD", 800)
	none.Quantity = 0
	negative := line(1, 10, sale.One, 0, "STANDARD", 800)
	negative.UnitPrice, negative.Gross, negative.Amount = -10, -10, -10
	heavy := line(1, 10, sale.MaxQuantity+1, 0, "STANDARD", 800)
	for name, r := range map[string]wire.SaleRecorded{
		"501 lines":            basket(many...),
		"a line above the max": basket(huge),
		"a total above it":     basket(twice, other),
		"a quantity of 0":      basket(none),
		"a negative price":     basket(negative),
		"10,000 pieces":        basket(heavy),
		"a repeated line":      basket(twice, twice),
		"a line number 0":      basket(line(0, 1, sale.One, 0, "STANDARD", 800)),
		"a rate above 100 %":   basket(line(1, 1, sale.One, 0, "STANDARD", 10_001)),
	} {
		entry := read(t, r)
		require.NotNil(t, entry.Refusal, name)
		require.Equal(t, projection.CodePayloadInvalid, entry.Refusal.Code, "%s: %s", name, entry.Refusal.Message)
	}
}

// Totals that agree with each other and not with the lines are found, too.
func TestTotalsOfAnotherSale(t *testing.T) {
	t.Parallel()
	r := basket(line(1, 10_000, sale.One, 0, "STANDARD", 800))
	r.Totals.Total, r.Totals.Subtotal, r.Totals.Paid = r.Totals.Total+1, r.Totals.Subtotal+1, r.Totals.Paid+1
	require.Equal(t, projection.CodeSumMismatch, read(t, r).Refusal.Code)
}

// A sale by the contract's rules holds; one đồng anywhere else, and it does not.
func TestOneDongAnywhereIsFound(t *testing.T) {
	t.Parallel()
	rates := []struct {
		code string
		bp   int32
	}{{"STANDARD", 800}, {"EXCISE", 1000}, {"FIVE", 500}, {"ZERO", 0}}
	rapid.Check(t, func(rt *rapid.T) {
		var lines []wire.SaleLine
		for no := range rapid.Int32Range(1, 6).Draw(rt, "lines") {
			rate := rapid.SampledFrom(rates).Draw(rt, "rate")
			lines = append(lines, line(no+1, money.Amount(rapid.Int64Range(0, 1_000_000).Draw(rt, "price")),
				sale.Quantity(rapid.Int64Range(1, int64(sale.MaxQuantity)).Draw(rt, "quantity")),
				money.Amount(rapid.Int64Range(0, 50_000).Draw(rt, "discount")), rate.code, rate.bp))
		}
		r := basket(lines...)
		require.Nil(rt, read(rt, r).Refusal)

		l := &r.Lines[rapid.IntRange(0, len(r.Lines)-1).Draw(rt, "line")]
		x := &r.TaxLines[rapid.IntRange(0, len(r.TaxLines)-1).Draw(rt, "tax line")]
		amounts := []*money.Amount{
			&l.Gross, &l.Discount, &l.Amount, &x.Base, &x.Tax,
			&r.Totals.Gross, &r.Totals.Discount, &r.Totals.Subtotal, &r.Totals.Tax, &r.Totals.Total, &r.Totals.Paid,
		}
		*rapid.SampledFrom(amounts).Draw(rt, "amount") += rapid.SampledFrom([]money.Amount{-1, 1}).Draw(rt, "by")
		refusal := read(rt, r).Refusal
		require.NotNil(rt, refusal)
		require.Equal(rt, projection.CodeSumMismatch, refusal.Code, refusal.Message)
	})
}

func TestPaymentsAndMovementsThatCannotBe(t *testing.T) {
	t.Parallel()
	shop := hqtest.NewShop("S1")
	tea := hqtest.Line{Item: hqtest.Item{SKU: "TEA", Price: 10_000}, Quantity: sale.One}
	sold := shop.Sale(tea)
	id := sold.TransactionID
	for name, c := range map[string]struct {
		change func(p *wire.PaymentCaptured)
		code   string
	}{
		"as it is":            {func(*wire.PaymentCaptured) {}, ""},
		"a QR":                {func(p *wire.PaymentCaptured) { p.Method, p.Tendered, p.Change = "QR", p.Amount, 0 }, ""},
		"no id":               {func(p *wire.PaymentCaptured) { p.PaymentID = uuid.Nil }, projection.CodePayloadInvalid},
		"another transaction": {func(p *wire.PaymentCaptured) { p.TransactionID = uuid.Must(uuid.NewV4()) }, projection.CodePayloadInvalid},
		"no method":           {func(p *wire.PaymentCaptured) { p.Method = "" }, projection.CodePayloadInvalid},
		"for nothing":         {func(p *wire.PaymentCaptured) { p.Amount, p.Tendered = 0, p.Change }, projection.CodePayloadInvalid},
		"too much":            {func(p *wire.PaymentCaptured) { p.Amount, p.Tendered, p.Change = money.Max+1, money.Max+1, 0 }, projection.CodePayloadInvalid},
		"no time":             {func(p *wire.PaymentCaptured) { p.CapturedAt = time.Time{} }, projection.CodePayloadInvalid},
		"change is no rest":   {func(p *wire.PaymentCaptured) { p.Change++ }, projection.CodeSumMismatch},
		"too little tendered": {func(p *wire.PaymentCaptured) { p.Tendered, p.Change = p.Amount-1, -1 }, projection.CodeSumMismatch},
		"a QR gives change":   {func(p *wire.PaymentCaptured) { p.Method = "QR" }, projection.CodeSumMismatch},
	} {
		p := shop.Cash(sold)
		c.change(&p)
		requireRefusal(t, projection.Read(shop.Append(wire.TypePaymentCaptured, id, p)), name, c.code)
	}
	for name, c := range map[string]struct {
		change func(a *wire.InventoryAdjusted)
		code   string
	}{
		"as it is":             {func(*wire.InventoryAdjusted) {}, ""},
		"a reason to come":     {func(a *wire.InventoryAdjusted) { a.Reason, a.Reference = "STOCKTAKE", uuid.Must(uuid.NewV4()) }, ""},
		"a balance below zero": {func(a *wire.InventoryAdjusted) { a.Movements[0].BalanceAfter = -12_345 }, ""},
		"no reason":            {func(a *wire.InventoryAdjusted) { a.Reason = "" }, projection.CodePayloadInvalid},
		"no reference":         {func(a *wire.InventoryAdjusted) { a.Reference = uuid.Nil }, projection.CodePayloadInvalid},
		"another sale's":       {func(a *wire.InventoryAdjusted) { a.Reference = uuid.Must(uuid.NewV4()) }, projection.CodePayloadInvalid},
		"no movements":         {func(a *wire.InventoryAdjusted) { a.Movements = nil }, projection.CodePayloadInvalid},
		"no item":              {func(a *wire.InventoryAdjusted) { a.Movements[0].ItemID = uuid.Nil }, projection.CodePayloadInvalid},
		"a balance too large":  {func(a *wire.InventoryAdjusted) { a.Movements[0].BalanceAfter = 1 << 60 }, projection.CodePayloadInvalid},
	} {
		a := shop.Moved(id, tea)
		c.change(&a)
		requireRefusal(t, projection.Read(shop.Append(wire.TypeInventoryAdjusted, id, a)), name, c.code)
	}
}

func requireRefusal(t *testing.T, entry projection.Entry, name, code string) {
	t.Helper()
	if code == "" {
		require.Nil(t, entry.Refusal, name)
		return
	}
	require.NotNil(t, entry.Refusal, name)
	require.Equal(t, code, entry.Refusal.Code, name)
}
