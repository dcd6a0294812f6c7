package sale_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

func TestParseQuantityReadsPlainDecimals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]sale.Quantity{
		"1":        1000,
		"0":        0, // a quantity; that a line needs more than 0 is the basket's rule
		"0.355":    355,
		"0.5":      500,
		"0.05":     50,
		"12.250":   12_250,
		"007":      7000,
		"9999":     9_999_000,
		"9999.999": sale.MaxQuantity,
	} {
		got, err := sale.ParseQuantity(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestParseQuantityRefusesWhatSomebodyWouldReadOtherwise(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		"":                      "quantity_invalid",
		" ":                     "quantity_invalid",
		" 1":                    "quantity_invalid",
		"1 ":                    "quantity_invalid",
		"1\n":                   "quantity_invalid",
		"+1":                    "quantity_invalid",
		"-1":                    "quantity_invalid",
		"-0":                    "quantity_invalid",
		".5":                    "quantity_invalid",
		"1.":                    "quantity_invalid",
		".":                     "quantity_invalid",
		"1,5":                   "quantity_invalid",
		"1.000,5":               "quantity_invalid",
		"1_000":                 "quantity_invalid",
		"1.2345":                "quantity_invalid",
		"1.2.3":                 "quantity_invalid",
		"1e3":                   "quantity_invalid",
		"0x10":                  "quantity_invalid",
		"NaN":                   "quantity_invalid",
		"Inf":                   "quantity_invalid",
		"１":                     "quantity_invalid", // full-width
		"٣":                     "quantity_invalid", // Arabic-Indic
		"½":                     "quantity_invalid",
		"1\x00":                 "quantity_invalid",
		"10000":                 "quantity_too_large",
		"9999999":               "quantity_too_large",
		"99999999":              "quantity_invalid",
		strings.Repeat("9", 40): "quantity_invalid", // must not overflow to something small
		strings.Repeat("0", 40): "quantity_invalid",
	} {
		_, err := sale.ParseQuantity(text)
		require.Equal(t, code, fault.CodeOf(err), "%q", text)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%q", text)
		require.Equal(t, "quantity", fault.As(err).Field, "%q", text)
		require.Less(t, len(fault.As(err).Message), 200, "the message quotes a little of the input only")
	}
}

func TestQuantityIsWrittenInItsShortestForm(t *testing.T) {
	t.Parallel()
	for quantity, want := range map[sale.Quantity]string{
		0: "0", 1: "0.001", 10: "0.01", 100: "0.1", 355: "0.355", 1000: "1", 1500: "1.5", 10_000: "10", 100_000: "100",
		sale.MaxQuantity: "9999.999", -1: "-0.001", -2500: "-2.5", -12_000: "-12",
	} {
		require.Equal(t, want, quantity.String())
	}
}

func TestQuantityIsATextInJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(map[string]sale.Quantity{"q": 355})
	require.NoError(t, err)
	require.JSONEq(t, `{"q":"0.355"}`, string(text))
	var q sale.Quantity
	require.NoError(t, json.Unmarshal([]byte(`"-3.5"`), &q), "stock may be negative")
	require.Equal(t, sale.Quantity(-3500), q)
	require.Error(t, json.Unmarshal([]byte(`1.5`), &q), "a JSON number is a float to most readers")
	for _, text := range []string{`""`, `"-"`, `"--1"`, `"1.2345"`, `"1e3"`, `"a"`, `"12345678901234"`, `".5"`, `"1."`, `"-1."`} {
		require.Error(t, json.Unmarshal([]byte(text), &q), text)
	}
}

func TestTimesRoundsHalfUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		quantity sale.Quantity
		price    money.Amount
		want     money.Amount
	}{
		{1000, 25_000, 25_000},
		{3000, 6_000, 18_000},
		{355, 25_000, 8_875},
		{355, 24_900, 8_840}, // 8839.5
		{1, 499, 0},
		{1, 500, 1}, // half a đồng goes up
		{1, 1_499, 1},
		{1000, 0, 0},
		{sale.MaxQuantity, money.Max, 999_999_900_000_000},
	} {
		require.Equal(t, c.want, c.quantity.Times(c.price), "%s × %d", c.quantity, c.price)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := rapid.Int64Range(0, int64(sale.MaxQuantity)).Draw(t, "quantity")
		p := rapid.Int64Range(0, int64(money.Max)).Draw(t, "price")
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(q), big.NewInt(p)), big.NewInt(1000))
		got := new(big.Rat).SetInt64(int64(sale.Quantity(q).Times(money.Amount(p))))
		off := got.Sub(got, exact) // −1/2 < rounded − exact ≤ 1/2
		require.Positive(t, off.Cmp(big.NewRat(-1, 2)))
		require.LessOrEqual(t, off.Cmp(big.NewRat(1, 2)), 0)
	})
}

func TestEveryQuantityIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := sale.Quantity(rapid.Int64Range(0, int64(sale.MaxQuantity)).Draw(t, "quantity"))
		again, err := sale.ParseQuantity(q.String())
		require.NoError(t, err)
		require.Equal(t, q, again)

		balance := sale.Quantity(rapid.Int64Range(-9_999_999_999_999_999, 9_999_999_999_999_999).Draw(t, "balance"))
		text, err := balance.MarshalText()
		require.NoError(t, err)
		var read sale.Quantity
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, balance, read)
	})
}
