package barcode

// CheckDigit says whether text has a check digit (known) and whether that is
// right (ok). Known are GTIN-8, -12, -13 and -14.
//
// One of them stays open: eight digits that begin with 0 or 1 and fail as
// GTIN-8 may be a UPC-E, whose check digit is that of its expanded form. They
// are not known, so that nobody is warned about a good code.
func CheckDigit(text string) (ok, known bool) {
	kind := KindOf(text)
	if kind < GTIN8 {
		return false, false
	}
	ok = mod10(text)
	if kind == GTIN8 && !ok && text[0] <= '1' {
		return false, false
	}
	return ok, true
}

// mod10 is GS1's rule (General Specifications, section 7.9): from the right,
// the digits weigh 1 and 3 in turn, and the sum is a multiple of ten.
func mod10(text string) bool {
	sum, weight := 0, 1
	for i := len(text) - 1; i >= 0; i-- {
		sum += int(text[i]-'0') * weight
		weight = 4 - weight
	}
	return sum%10 == 0
}
