package money_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/money"
)

func TestDivHalfUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ n, d, want int64 }{
		{0, 1, 0},
		{0, 3, 0},
		{1, 3, 0},
		{2, 3, 1},
		{1, 2, 1}, // exactly half goes up
		{3, 2, 2},
		{5, 2, 3}, // half up, not half to even
		{499, 1000, 0},
		{500, 1000, 1},
		{501, 1000, 1},
		{1499, 1000, 1},
		{1500, 1000, 2},
		{math.MaxInt64, 1, math.MaxInt64},
		{math.MaxInt64, math.MaxInt64, 1},
		{math.MaxInt64 - 1, math.MaxInt64, 1},
		{math.MaxInt64/2 + 1, math.MaxInt64, 1},
		{math.MaxInt64 / 2, math.MaxInt64, 0},
	} {
		require.Equal(t, c.want, money.DivHalfUp(c.n, c.d), "%d / %d", c.n, c.d)
	}
}

func TestTaxIncluded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount money.Amount
		rateBP int32
		base   money.Amount
		tax    money.Amount
	}{
		{0, 800, 0, 0},
		{1, 800, 1, 0},
		{6, 800, 6, 0},   // 0.44
		{7, 800, 6, 1},   // 0.52
		{27, 800, 25, 2}, // exactly 2
		{108, 800, 100, 8},
		{25_000, 800, 23_148, 1_852}, // 1851.85
		{25_000, 1000, 22_727, 2_273},
		{11, 1000, 10, 1},
		{10_500, 500, 10_000, 500},
		{21, 500, 20, 1},
		{25_000, 0, 25_000, 0},
		{3, 10_000, 1, 2}, // 1.5 goes up
		{money.Max * 500, 10_000, money.Max * 250, money.Max * 250},                               // the largest that the comment promises
		{money.Max, 800, money.Max - 7_407_407_407, 7_407_407_407},                                // 7407407407.41
		{999_999_999, 1000, 909_090_908, 90_909_091},                                              // 90909090.82
		{money.Max*500 - 1, 800, 46_296_296_296_295, 50_000_000_000_000 - 1 - 46_296_296_296_295}, // 3703703703703.63 up
	} {
		base, tax := money.TaxIncluded(c.amount, c.rateBP)
		require.Equal(t, c.tax, tax, "tax in %d at %d", c.amount, c.rateBP)
		require.Equal(t, c.base, base, "base of %d at %d", c.amount, c.rateBP)
	}
}

func TestTaxIncludedIsTheRoundedFractionOfTheAmount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Amount(rapid.Int64Range(0, int64(money.Max)*500).Draw(t, "amount"))
		rate := rapid.Int32Range(0, 10_000).Draw(t, "rate in basis points")
		base, tax := money.TaxIncluded(amount, rate)
		require.Equal(t, amount, base+tax, "base + tax is what the customer pays")
		require.Equal(t, halfUp(int64(amount)*int64(rate), 10_000+int64(rate)), int64(tax))
		require.GreaterOrEqual(t, int64(base), int64(0))
		require.GreaterOrEqual(t, int64(tax), int64(0))
	})
}

func TestDivHalfUpAgreesWithExactArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, math.MaxInt64).Draw(t, "n")
		d := rapid.Int64Range(1, math.MaxInt64).Draw(t, "d")
		require.Equal(t, halfUp(n, d), money.DivHalfUp(n, d))
	})
}

// halfUp is ⌊n/d + 1/2⌋ in numbers that have no limit.
func halfUp(n, d int64) int64 {
	twice := new(big.Int).Mul(big.NewInt(n), big.NewInt(2))
	twice.Add(twice, big.NewInt(d))
	return new(big.Int).Div(twice, new(big.Int).Mul(big.NewInt(d), big.NewInt(2))).Int64()
}

func TestAmountIsWrittenAsAnInteger(t *testing.T) {
	t.Parallel()
	require.Equal(t, "25000", money.Amount(25_000).String())
	require.Equal(t, "-1", money.Amount(-1).String())
	require.Equal(t, "100000000000", money.Max.String())
}

// The largest price times the largest quantity, 9,999.999, must fit 64 bits: that is why Max is what it is.
func TestMaxTimesTheLargestQuantityFits(t *testing.T) {
	t.Parallel()
	product := new(big.Int).Mul(big.NewInt(int64(money.Max)), big.NewInt(9_999_999))
	require.True(t, product.IsInt64())
}
