package money

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzTaxIncluded holds that the two parts of an amount are the amount, that
// neither is negative, and that the tax is the exact one rounded half up.
func FuzzTaxIncluded(f *testing.F) {
	for _, seed := range []struct {
		amount int64
		rate   int32
	}{{0, 0}, {1, 10_000}, {6_000, 800}, {27, 800}, {13, 800}, {int64(Max) * 500, 10_000}, {int64(Max), 1}, {10_001, 1}} {
		f.Add(seed.amount, seed.rate)
	}
	f.Fuzz(func(t *testing.T, amount int64, rate int32) {
		if amount < 0 || amount > int64(Max)*500 || rate < 0 || rate > 10_000 {
			return // not what TaxIncluded is for
		}
		base, tax := TaxIncluded(Amount(amount), rate)
		require.Equal(t, Amount(amount), base+tax)
		require.True(t, base >= 0 && tax >= 0)
		exact := big.NewRat(0, 1).SetFrac(new(big.Int).Mul(big.NewInt(amount), big.NewInt(int64(rate))), big.NewInt(10_000+int64(rate)))
		assertHalfUp(t, exact, int64(tax))
	})
}

// FuzzDivHalfUp holds it over all of 64 bits, where adding half of d would overflow.
func FuzzDivHalfUp(f *testing.F) {
	f.Add(int64(0), int64(1))
	f.Add(int64(5), int64(10))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64))
	f.Add(int64(math.MaxInt64), int64(2))
	f.Add(int64(math.MaxInt64-1), int64(math.MaxInt64)) // twice the remainder has no place in 64 bits
	f.Fuzz(func(t *testing.T, n, d int64) {
		if n < 0 || d <= 0 || n == math.MaxInt64 && d == 1 {
			return
		}
		assertHalfUp(t, big.NewRat(n, d), DivHalfUp(n, d))
	})
}

// assertHalfUp: exact − ½ < rounded ≤ exact + ½.
func assertHalfUp(t *testing.T, exact *big.Rat, rounded int64) {
	t.Helper()
	off := new(big.Rat).Sub(new(big.Rat).SetInt64(rounded), exact)
	require.Positive(t, off.Cmp(big.NewRat(-1, 2)), "%s became %d", exact, rounded)
	require.LessOrEqual(t, off.Cmp(big.NewRat(1, 2)), 0, "%s became %d", exact, rounded)
}
