package barcode

import "strings"

// Trimmed is a numeric code without the zeros at its front, all zeros being
// "0"; text that is not all digits comes back as it is. It is the key of the
// second look-up, after the exact text: a scanner may send UPC-A as EAN-13 or
// GTIN-14 with zeros in front, and a spreadsheet may have eaten them.
func Trimmed(text string) string {
	if !digits(text) {
		return text
	}
	if short := strings.TrimLeft(text, "0"); short != "" {
		return short
	}
	return "0"
}

// digits says whether text is one or more ASCII digits.
func digits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}
