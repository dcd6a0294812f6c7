package receipt

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"

	"tiem/internal/money"
	"tiem/internal/sale"
)

// Figures are written as the shop's price tags write them, whatever the language
// of the words: a point between thousands, a comma before decimals.
const (
	thousands = "."
	decimal   = ","
)

// amount writes minor units of a currency: 25000 of VND is 25.000, of USD 250,00.
// A code that nobody knows has no minor unit.
func amount(a money.Amount, code string) string {
	digits, sign := strconv.FormatInt(int64(a), 10), ""
	if a < 0 {
		digits, sign = digits[1:], "-"
	}
	scale := minorDigits(code)
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-scale], digits[len(digits)-scale:]
	if fraction != "" {
		fraction = decimal + fraction
	}
	return sign + grouped(whole) + fraction
}

func minorDigits(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 0
	}
	scale, _ := currency.Standard.Rounding(unit)
	return scale
}

func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + thousands + digits[i:]
	}
	return digits
}

// withCurrency is amount with the currency behind it.
func withCurrency(a money.Amount, code string) string {
	sign := code
	if code == "VND" {
		sign = "đ"
	}
	return amount(a, code) + " " + sign
}

func quantity(q sale.Quantity) string {
	whole, fraction, _ := strings.Cut(q.String(), ".")
	if fraction != "" {
		fraction = decimal + fraction
	}
	return grouped(whole) + fraction
}

// percent writes basis points: 800 is 8%, 850 is 8,5%.
func percent(rateBP int32) string {
	return quantity(sale.Quantity(rateBP)*sale.One/100) + "%"
}

func when(at time.Time, zone *time.Location) string { return at.In(zone).Format("02/01/2006 15:04:05") }
