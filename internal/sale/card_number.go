package sale

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tiem/internal/barcode"
)

// The lengths of card numbers (ISO/IEC 7812: a PAN has up to 19 digits; nobody
// gives out shorter ones than 13).
const (
	minCardDigits = 13
	maxCardDigits = 19
)

// LooksLikeCardNumber tells whether text holds what may be a payment card's
// number: 13 to 19 digits whose last digit is right by Luhn's rule (ISO/IEC
// 7812-1, annex B). Between them blanks and dashes are ignored, and any one other
// character that is no letter: a point, a slash, one that nobody sees. Such a
// number must stand nowhere in our books, and free text is where it would slip in.
//
// Of other numbers, one in ten is right by Luhn's rule by chance, and what a
// cashier types most is a barcode. A GTIN-13 or GTIN-14 with a right check
// digit of its own is therefore let through. It costs nothing: cards of 13
// digits are not given out any more, and those of 14 (Diners Club) begin with
// 3, as does no GTIN-14 that a shop meets; so 14 digits that begin with 3 are
// refused. Receipt numbers and telephone numbers are shorter.
func LooksLikeCardNumber(text string) bool {
	var run []string     // groups of digits with nothing but gaps between them
	group, gap := "", "" // the digits last read, and what stands behind them
	for _, r := range text + "x" {
		if digit, isDigit := digitOf(r); isDigit {
			if gap != "" && !isGap(gap) {
				if holdsCard(run) {
					return true
				}
				run = nil
			}
			group, gap = group+string(digit), ""
			continue
		}
		if group != "" {
			run, group = append(run, group), ""
		}
		gap += string(r)
	}
	return holdsCard(run)
}

// isGap tells whether one number may go on behind this.
func isGap(text string) bool {
	if strings.Trim(text, separators) == "" {
		return true
	}
	r, size := utf8.DecodeRuneInString(text)
	return size == len(text) && (!unicode.In(r, unicode.L, unicode.N) || !isVisible(r))
}

// holdsCard looks at every row of neighbouring groups: a card's number may
// stand behind another number.
func holdsCard(run []string) bool {
	for first := range run {
		for end := first + 1; end <= len(run); end++ {
			digits := strings.Join(run[first:end], "")
			if len(digits) > maxCardDigits {
				break
			}
			if len(digits) >= minCardDigits && luhn(digits) && !isGTIN(digits) {
				return true
			}
		}
	}
	return false
}

func isGTIN(digits string) bool {
	if len(digits) == 14 && digits[0] == '3' {
		return false
	}
	ok, known := barcode.CheckDigit(digits)
	return ok && known
}

// luhn: from the right, every second digit is doubled and its digits summed;
// the sum of all is a multiple of ten.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// digitOf reads a digit, also a full-width one as Asian keyboards write it.
func digitOf(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r), true
	case r >= '０' && r <= '９':
		return byte(r-'０') + '0', true
	}
	return 0, false
}

// separators are the blanks and dashes that people put between groups of digits,
// as many as they like.
const separators = " -\u00a0\u2010\u2011\u2012\u2013\u2014\u2212"
