package pricing_test

import (
	"encoding/binary"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/money"
	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// lineBytes is how much of the fuzzer's bytes makes a line: price, quantity,
// discount, and one byte for tax code and removal.
const lineBytes = 8 + 4 + 8 + 1

var fuzzCodes = []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO", "EXEMPT"}

// FuzzCompute holds the contract's rules of a sale over any basket that the
// checkout lets somebody fill: up to 500 lines, any discount within a line's
// gross, any rate from 0 to 100 %. Each tax is computed a second time, exactly.
func FuzzCompute(f *testing.F) {
	f.Add([]byte{}, uint16(800), uint16(1000), uint16(500))
	f.Add(fuzzLine(nil, 6_000, 1_000, 0, 0), uint16(800), uint16(1000), uint16(500))
	f.Add(fuzzLine(fuzzLine(nil, 24_900, 355, 840, 2), 12_960, 1_000, 2_160, 1), uint16(800), uint16(1000), uint16(500))
	f.Add(fuzzLine(fuzzLine(fuzzLine(nil, 6, 1_000, 0, 0), 6, 1_000, 0, 0), 6, 1_000, 0, 0x80), uint16(1), uint16(9_999), uint16(10_000))
	f.Add(fuzzLine(nil, uint64(money.Max), uint32(sale.MaxQuantity), 0, 1), uint16(0), uint16(10_000), uint16(3))
	f.Add(fuzzLine(fuzzLine(nil, 1, 1, 1, 3), 1, 500, 1, 4), uint16(3333), uint16(6667), uint16(1))
	f.Fuzz(func(t *testing.T, raw []byte, standard, excise, reduced uint16) {
		rates := pricing.Rates{"STANDARD": int32(standard) % 10_001, "EXCISE": int32(excise) % 10_001, "REDUCED_5": int32(reduced) % 10_001, "ZERO": 0, "EXEMPT": 0}
		basket := fuzzBasket(raw)
		totals, err := pricing.Compute(basket, rates)
		require.NoError(t, err)

		var gross, discount money.Amount
		byCode := map[string]money.Amount{}
		for _, l := range basket.Live() {
			gross += l.Gross
			discount += l.Discount
			byCode[l.TaxCode] += l.Amount
		}
		require.Equal(t, gross, totals.Gross)
		require.Equal(t, discount, totals.Discount)
		require.True(t, 0 <= totals.Discount && totals.Discount <= totals.Gross)
		require.Equal(t, totals.Gross-totals.Discount, totals.Total)
		require.Equal(t, totals.Total, totals.Subtotal+totals.Tax, "subtotal + tax = total")
		require.Equal(t, totals.Total, totals.Due, "nothing is paid yet")
		require.Zero(t, totals.Paid+totals.Change)

		var parts, tax money.Amount
		require.Len(t, totals.TaxLines, len(byCode), "one line a code")
		for i, part := range totals.TaxLines {
			require.True(t, i == 0 || totals.TaxLines[i-1].TaxCode < part.TaxCode, "sorted, each once")
			require.Equal(t, rates[part.TaxCode], part.RateBP)
			require.Equal(t, exactTax(byCode[part.TaxCode], part.RateBP), int64(part.Tax), "%d at %d", byCode[part.TaxCode], part.RateBP)
			require.Equal(t, byCode[part.TaxCode], part.Base+part.Tax)
			require.True(t, part.Base >= 0 && part.Tax >= 0)
			parts += part.Base + part.Tax
			tax += part.Tax
		}
		require.Equal(t, totals.Total, parts, "Σ(base + tax) = total")
		require.Equal(t, totals.Tax, tax)
		basket.Status = sale.Paid
		require.Equal(t, totals, pricing.Fixed(basket, totals.TaxLines), "the receipt says the same")
	})
}

func fuzzLine(raw []byte, price uint64, quantity uint32, discount uint64, kind byte) []byte {
	raw = binary.BigEndian.AppendUint64(raw, price)
	raw = binary.BigEndian.AppendUint32(raw, quantity)
	return append(binary.BigEndian.AppendUint64(raw, discount), kind)
}

// fuzzBasket makes lines of raw, each within the checkout's limits.
func fuzzBasket(raw []byte) *sale.Transaction {
	b := &sale.Transaction{Status: sale.Draft}
	for ; len(raw) >= lineBytes && len(b.Lines) < sale.MaxLines; raw = raw[lineBytes:] {
		kind := raw[20]
		l := sale.Line{
			LineNo:    int32(len(b.Lines) + 1),
			UnitPrice: money.Amount(binary.BigEndian.Uint64(raw) % uint64(money.Max+1)),
			Quantity:  sale.Quantity(binary.BigEndian.Uint32(raw[8:])%uint32(sale.MaxQuantity)) + 1,
			TaxCode:   fuzzCodes[int(kind&0x7F)%len(fuzzCodes)],
		}
		l.Gross = l.Quantity.Times(l.UnitPrice)
		l.Discount = money.Amount(binary.BigEndian.Uint64(raw[12:]) % uint64(l.Gross+1))
		l.Amount = l.Gross - l.Discount
		if kind&0x80 != 0 {
			l.RemovedAt = &time.Time{}
		}
		if l.Gross > money.Max || b.Total()+l.Amount > money.Max {
			continue // the checkout refuses it (amount_too_large)
		}
		b.Lines = append(b.Lines, l)
	}
	return b
}

// exactTax is ⌊(2 × amount × rate + d) ÷ 2d⌋ with d = 10000 + rate: the contract's
// round-half-up, in integers without end.
func exactTax(amount money.Amount, rate int32) int64 {
	d := big.NewInt(10_000 + int64(rate))
	n := new(big.Int).Mul(big.NewInt(2*int64(rate)), big.NewInt(int64(amount)))
	n.Add(n, d)
	return n.Div(n, d.Lsh(d, 1)).Int64()
}
