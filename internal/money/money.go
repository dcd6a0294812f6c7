// Package money is amounts of money as integers of the currency's minor unit.
//
// VND has no minor unit, so Amount(25000) is 25 000 đ; for a currency with
// cents it would be 250.00. There are no floats anywhere, because a till that
// says 78.00 and a server that says 78.01 is a bug that no customer forgives.
package money

import "strconv"

// Amount is a sum of money in minor units of the shop's one currency.
type Amount int64

// Max is the largest amount that a single price, line, payment or total may
// have: far beyond any shop, and far below the point where the product of a
// price and a quantity in thousandths overflows 64 bits
// (10^11 × 9,999,999 thousandths < 2^63).
const Max Amount = 100_000_000_000

// String is the plain decimal integer, as in JSON; formatting for people is
// the screen's job.
func (a Amount) String() string { return strconv.FormatInt(int64(a), 10) }

// TaxIncluded splits amount, which includes tax at rateBP basis points, into
// tax and base: tax = round-half-up(amount × rate / (10000 + rate)) and
// base = amount − tax, so the two always add up to what the customer pays.
// Amounts are expected to be 0 … Max × 500 (a full basket) and rates 0 … 10000;
// the product then stays below 2^63.
func TaxIncluded(amount Amount, rateBP int32) (base, tax Amount) {
	divisor := int64(10_000) + int64(rateBP)
	tax = Amount(DivHalfUp(int64(amount)*int64(rateBP), divisor))
	return amount - tax, tax
}

// DivHalfUp is n/d rounded half up, for n ≥ 0 and d > 0. The remainder is
// compared instead of adding d/2 to n, so that it cannot overflow.
func DivHalfUp(n, d int64) int64 {
	quotient, remainder := n/d, n%d
	if remainder >= d-remainder {
		quotient++
	}
	return quotient
}
