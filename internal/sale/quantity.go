package sale

import (
	"fmt"
	"strings"

	"tiem/internal/fault"
	"tiem/internal/money"
)

// Quantity counts an item's units in thousandths: 1000 is one piece, 355 is
// 0.355 kg. Outside the program it is a decimal string with at most three
// decimals ("1", "0.355"), because JSON numbers are floats to most readers.
type Quantity int64

// One is a quantity of one unit.
const One Quantity = 1000

// MaxQuantity is the largest quantity of one line: 9,999.999.
const MaxQuantity Quantity = 9_999_999

// ParseQuantity reads a plain non-negative decimal: digits, optionally a point
// and one to three digits. No sign, exponent, comma or blank is accepted,
// because each of them means a different number to somebody. The result is at
// most MaxQuantity.
func ParseQuantity(s string) (Quantity, error) {
	whole, frac, hasPoint := strings.Cut(s, ".")
	bad := fault.New(fault.Invalid, "quantity_invalid",
		"%.20q is not a quantity: digits with at most three decimals, such as 1 or 0.355", s).At("quantity")
	if whole == "" || len(whole) > 7 || len(frac) > 3 || (hasPoint && frac == "") {
		return 0, bad
	}
	var q Quantity
	for _, c := range []byte(whole + frac + "000"[len(frac):]) {
		if c < '0' || c > '9' {
			return 0, bad
		}
		q = q*10 + Quantity(c-'0')
	}
	if q > MaxQuantity {
		return 0, fault.New(fault.Invalid, "quantity_too_large",
			"a line holds at most %s of an item", MaxQuantity).At("quantity")
	}
	return q, nil
}

// String is the shortest decimal form: "1", "0.355", "-2.5".
func (q Quantity) String() string {
	sign := ""
	if q < 0 {
		sign, q = "-", -q
	}
	s := fmt.Sprintf("%s%d.%03d", sign, q/One, q%One)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// MarshalText is String, so that JSON shows a quantity as a string.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what MarshalText wrote, negative quantities (of stock) included.
func (q *Quantity) UnmarshalText(text []byte) error {
	s, negative := strings.CutPrefix(string(text), "-")
	whole, frac, hasPoint := strings.Cut(s, ".")
	if whole == "" || len(whole) > 13 || len(frac) > 3 || (hasPoint && frac == "") {
		return fault.New(fault.Invalid, "quantity_invalid", "%.20q is not a quantity", text)
	}
	var v Quantity
	for _, c := range []byte(whole + frac + "000"[len(frac):]) {
		if c < '0' || c > '9' {
			return fault.New(fault.Invalid, "quantity_invalid", "%.20q is not a quantity", text)
		}
		v = v*10 + Quantity(c-'0')
	}
	if negative {
		v = -v
	}
	*q = v
	return nil
}

// Times is the price of q units at unit price p: round-half-up(p × q).
func (q Quantity) Times(p money.Amount) money.Amount {
	return money.Amount(money.DivHalfUp(int64(p)*int64(q), int64(One)))
}
