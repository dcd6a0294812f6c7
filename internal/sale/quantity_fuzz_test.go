package sale_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// FuzzParseQuantity: what is accepted is exactly a plain decimal with at most
// three decimals, in range, and means what it says; written again, it is read
// as the same, by the till's parser and by the events'.
func FuzzParseQuantity(f *testing.F) {
	for _, seed := range []string{"1", "0.355", "9999.999", "10000", "1e3", "-1", "1.", ".1", "１", "1,5", "00000001", "", "0.100", "0009999.999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := sale.ParseQuantity(text)
		if err != nil {
			require.Zero(t, q)
			require.NotEmpty(t, fault.CodeOf(err))
			return
		}
		require.Regexp(t, `\A[0-9]{1,7}(\.[0-9]{1,3})?\z`, text)
		require.LessOrEqual(t, q, sale.MaxQuantity)
		exact, ok := new(big.Rat).SetString(text)
		require.True(t, ok)
		require.Zero(t, exact.Cmp(big.NewRat(int64(q), 1000)))

		again, err := sale.ParseQuantity(q.String())
		require.NoError(t, err)
		require.Equal(t, q, again)
		require.LessOrEqual(t, len(q.String()), len(text), "the shortest form")
		var event sale.Quantity
		require.NoError(t, event.UnmarshalText([]byte(text)), "an event may say what a till may say")
		require.Equal(t, q, event)
	})
}

// FuzzQuantityText holds the reader of stock and events: signed, and larger
// than any line.
func FuzzQuantityText(f *testing.F) {
	for _, seed := range []string{"1", "-2.5", "-0", "0.000", "9999999999999.999", "12345678901234", "1.", "-.5", "--1", "1.2345", "+1", "1e3", "-", "", "．", "1.0\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var q sale.Quantity
		if err := q.UnmarshalText(text); err != nil {
			require.Zero(t, q)
			require.Equal(t, "quantity_invalid", fault.CodeOf(err))
			return
		}
		require.Regexp(t, `\A-?[0-9]{1,13}(\.[0-9]{1,3})?\z`, string(text))
		exact, ok := new(big.Rat).SetString(string(text))
		require.True(t, ok)
		require.Zero(t, exact.Cmp(big.NewRat(int64(q), 1000)))
		written, err := q.MarshalText()
		require.NoError(t, err)
		var back sale.Quantity
		require.NoError(t, back.UnmarshalText(written))
		require.Equal(t, q, back)
	})
}

// FuzzTimes holds that a line's gross is the exact product rounded half up, for
// every quantity and price that a line may have.
func FuzzTimes(f *testing.F) {
	f.Add(int64(355), int64(24_900))
	f.Add(int64(1), int64(500))
	f.Add(int64(1), int64(499))
	f.Add(int64(sale.MaxQuantity), int64(money.Max))
	f.Fuzz(func(t *testing.T, quantity, price int64) {
		if quantity < 0 || quantity > int64(sale.MaxQuantity) || price < 0 || price > int64(money.Max) {
			return // no line has it
		}
		exact := new(big.Int).Mul(big.NewInt(quantity), big.NewInt(price))
		exact.Add(exact, big.NewInt(500)).Div(exact, big.NewInt(1000))
		require.Equal(t, exact.Int64(), int64(sale.Quantity(quantity).Times(money.Amount(price))))
	})
}
