package pricing_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// vietnam are the VAT rates that the edge's schema ships, in no order.
var vietnam = pricing.RateTable{
	{TaxCode: "STANDARD", ValidFrom: "2027-01-01", RateBP: 1000},
	{TaxCode: "STANDARD", ValidFrom: "2000-01-01", RateBP: 1000},
	{TaxCode: "EXCISE", ValidFrom: "2000-01-01", RateBP: 1000},
	{TaxCode: "STANDARD", ValidFrom: "2025-07-01", RateBP: 800},
	{TaxCode: "REDUCED_5", ValidFrom: "2000-01-01", RateBP: 500},
	{TaxCode: "ZERO", ValidFrom: "2000-01-01", RateBP: 0},
	{TaxCode: "EXEMPT", ValidFrom: "2000-01-01", RateBP: 0},
}

const today = "2026-11-22"

func line(no int32, code string, amount money.Amount) sale.Line {
	return sale.Line{LineNo: no, TaxCode: code, Quantity: sale.One, UnitPrice: amount, Gross: amount, Amount: amount}
}

func basket(lines ...sale.Line) *sale.Transaction {
	return &sale.Transaction{Status: sale.Draft, Lines: lines}
}

func TestRatesOfABusinessDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		date     string
		standard int32
	}{
		{"2025-06-30", 1000},
		{"2025-07-01", 800},
		{today, 800},
		{"2026-12-31", 800},
		{"2027-01-01", 1000},
		{"2035-01-01", 1000},
	} {
		rates := vietnam.On(c.date)
		require.Equal(t, pricing.Rates{"STANDARD": c.standard, "EXCISE": 1000, "REDUCED_5": 500, "ZERO": 0, "EXEMPT": 0}, rates, c.date)
	}
	require.Empty(t, vietnam.On("1999-12-31"), "before the first rate there is none, not a zero")
}

func TestTheOrderOfTheRateTableDoesNotMatter(t *testing.T) {
	t.Parallel()
	want := vietnam.On(today)
	for range 100 {
		shuffled := append(pricing.RateTable{}, vietnam...)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		require.Equal(t, want, shuffled.On(today))
	}
}

// Sums that can be checked by hand.
func TestReceipts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		date     string
		lines    []sale.Line
		tax      money.Amount
		total    money.Amount
		taxLines []pricing.TaxLine
	}{
		{"an empty basket", today, nil, 0, 0, []pricing.TaxLine{}},
		{"a bottle of water at 8 %", today, []sale.Line{line(1, "STANDARD", 6_000)}, 444, 6_000,
			[]pricing.TaxLine{{TaxCode: "STANDARD", RateBP: 800, Base: 5_556, Tax: 444}}},
		{"the same on new year's day at 10 %", "2027-01-01", []sale.Line{line(1, "STANDARD", 6_000)}, 545, 6_000,
			[]pricing.TaxLine{{TaxCode: "STANDARD", RateBP: 1000, Base: 5_455, Tax: 545}}},
		{"beer is never reduced", today, []sale.Line{line(1, "EXCISE", 14_000)}, 1_273, 14_000,
			[]pricing.TaxLine{{TaxCode: "EXCISE", RateBP: 1000, Base: 12_727, Tax: 1_273}}},
		{"tax is rounded once per code, not per line", today, []sale.Line{line(1, "STANDARD", 6), line(2, "STANDARD", 6), line(3, "STANDARD", 6)},
			1, 18, []pricing.TaxLine{{TaxCode: "STANDARD", RateBP: 800, Base: 17, Tax: 1}}}, // 1.33; per line it would be 0
		{"everything at once", today, []sale.Line{line(1, "STANDARD", 10_800), line(2, "EXCISE", 11_000), line(3, "REDUCED_5", 10_500),
			line(4, "ZERO", 5_000), line(5, "EXEMPT", 7_000), line(6, "STANDARD", 10_800)}, 1_600 + 1_000 + 500, 55_100,
			[]pricing.TaxLine{{TaxCode: "EXCISE", RateBP: 1000, Base: 10_000, Tax: 1_000}, {TaxCode: "EXEMPT", Base: 7_000},
				{TaxCode: "REDUCED_5", RateBP: 500, Base: 10_000, Tax: 500}, {TaxCode: "STANDARD", RateBP: 800, Base: 20_000, Tax: 1_600},
				{TaxCode: "ZERO", Base: 5_000}}},
		{"zero-rated and exempt stay apart", today, []sale.Line{line(1, "EXEMPT", 7_000), line(2, "ZERO", 7_000)}, 0, 14_000,
			[]pricing.TaxLine{{TaxCode: "EXEMPT", Base: 7_000}, {TaxCode: "ZERO", Base: 7_000}}},
		{"a free bag has a tax line of nothing", today, []sale.Line{line(1, "STANDARD", 0)}, 0, 0,
			[]pricing.TaxLine{{TaxCode: "STANDARD", RateBP: 800}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			totals, err := pricing.Compute(basket(c.lines...), vietnam.On(c.date))
			require.NoError(t, err)
			require.Equal(t, pricing.Totals{Gross: c.total, Subtotal: c.total - c.tax, Tax: c.tax, Total: c.total, Due: c.total, TaxLines: c.taxLines}, totals)
		})
	}
}

func TestRemovedLinesCostNothing(t *testing.T) {
	t.Parallel()
	gone := line(2, "EXCISE", 14_000)
	removed := time.Now()
	gone.RemovedAt = &removed
	totals, err := pricing.Compute(basket(line(1, "STANDARD", 6_000), gone), vietnam.On(today))
	require.NoError(t, err)
	require.Equal(t, money.Amount(6_000), totals.Total)
	require.Len(t, totals.TaxLines, 1, "a code that nobody buys has no tax line")
}

func TestADiscountLowersTheTax(t *testing.T) {
	t.Parallel()
	l := line(1, "STANDARD", 12_960)
	l.Discount, l.Amount = 2_160, 10_800
	totals, err := pricing.Compute(basket(l), vietnam.On(today))
	require.NoError(t, err)
	require.Equal(t, []money.Amount{12_960, 2_160, 10_800, 10_000, 800},
		[]money.Amount{totals.Gross, totals.Discount, totals.Total, totals.Subtotal, totals.Tax})
}

func TestPaymentsInTheTotals(t *testing.T) {
	t.Parallel()
	b := basket(line(1, "STANDARD", 100_000))
	payment := func(method sale.Method, status sale.PaymentStatus, amount, tendered money.Amount) {
		b.Payments = append(b.Payments, sale.Payment{Method: method, Status: status, Amount: amount, Tendered: tendered, Change: tendered - amount})
	}
	payment(sale.Cash, sale.Captured, 20_000, 50_000)
	payment(sale.Cash, sale.Cancelled, 10_000, 90_000)
	payment(sale.QR, sale.Pending, 10_000, 10_000)
	payment(sale.QR, sale.Unknown, 5_000, 5_000)
	payment(sale.QR, sale.Captured, 1_000, 1_000)
	payment(sale.QR, sale.Expired, 7_000, 7_000)
	totals, err := pricing.Compute(b, vietnam.On(today))
	require.NoError(t, err)
	require.Equal(t, money.Amount(21_000), totals.Paid, "what is captured")
	require.Equal(t, money.Amount(64_000), totals.Due, "what nobody claims")
	require.Equal(t, money.Amount(30_000), totals.Change, "what a cancelled payment gave back is no change")
}

func TestATaxCodeWithoutARateIsOurFault(t *testing.T) {
	t.Parallel()
	_, err := pricing.Compute(basket(line(1, "LUXURY", 1)), vietnam.On(today))
	require.Equal(t, fault.Internal, fault.KindOf(err))
	require.Equal(t, "tax_rate_missing", fault.CodeOf(err))
}

// An old receipt shows the rates of its day, whatever the table says by now.
func TestFixedTotalsKeepTheTaxOfTheDay(t *testing.T) {
	t.Parallel()
	b := basket(line(1, "STANDARD", 10_800), line(2, "EXCISE", 11_000))
	atTheTill, err := pricing.Compute(b, vietnam.On("2026-12-31"))
	require.NoError(t, err)
	stored := []pricing.TaxLine{atTheTill.TaxLines[1], atTheTill.TaxLines[0]} // in whatever order
	b.Status = sale.Paid
	require.Equal(t, atTheTill, pricing.Fixed(b, stored))
	require.Equal(t, "STANDARD", stored[0].TaxCode, "the caller's slice is left alone")
	later, err := pricing.Compute(b, vietnam.On("2027-01-01"))
	require.NoError(t, err)
	require.NotEqual(t, later.Tax, pricing.Fixed(b, stored).Tax)
}

func TestSumsAlwaysAddUp(t *testing.T) {
	t.Parallel()
	codes := []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO", "EXEMPT"}
	rapid.Check(t, func(t *rapid.T) {
		rates := vietnam.On(rapid.SampledFrom([]string{"2025-01-01", today, "2027-01-01"}).Draw(t, "date"))
		lines := make([]sale.Line, rapid.IntRange(0, 60).Draw(t, "lines"))
		for i := range lines {
			quantity := sale.Quantity(rapid.Int64Range(1, 20_000).Draw(t, "quantity"))
			price := money.Amount(rapid.Int64Range(0, 2_000_000).Draw(t, "price"))
			lines[i] = line(int32(i+1), rapid.SampledFrom(codes).Draw(t, "code"), quantity.Times(price))
			if rapid.IntRange(0, 9).Draw(t, "removed") == 0 {
				lines[i].RemovedAt = &time.Time{}
			}
		}
		totals, err := pricing.Compute(basket(lines...), rates)
		require.NoError(t, err)

		var sum, parts, tax money.Amount
		for _, l := range lines {
			if l.RemovedAt == nil {
				sum += l.Amount
			}
		}
		for _, part := range totals.TaxLines {
			parts += part.Base + part.Tax
			tax += part.Tax
			base, fresh := money.TaxIncluded(part.Base+part.Tax, part.RateBP)
			require.Equal(t, []money.Amount{part.Base, part.Tax}, []money.Amount{base, fresh}, "each part is the tax of its own sum")
			require.Equal(t, rates[part.TaxCode], part.RateBP)
		}
		require.Equal(t, sum, totals.Total)
		require.Equal(t, totals.Total, parts, "Σ(base + tax) = total")
		require.Equal(t, tax, totals.Tax)
		require.Equal(t, totals.Total, totals.Subtotal+totals.Tax, "subtotal + tax = total")
		require.Equal(t, totals.Gross, totals.Total, "without a discount")
		require.Zero(t, totals.Discount)
		require.Equal(t, totals.Total, totals.Due)

		shuffled := append([]sale.Line{}, lines...)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, err := pricing.Compute(basket(shuffled...), rates)
		require.NoError(t, err)
		require.Equal(t, totals, again, "the order of the lines does not matter")
	})
}
