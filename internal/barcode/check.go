package barcode

import (
	"unicode"
	"unicode/utf8"

	"tiem/internal/fault"
)

// MaxLength is the longest barcode in characters: what fits an item's label in
// Code 128, and less than two scans that ran together into garbage.
const MaxLength = 48

// Check says whether text, as scanned or as stored, may be a barcode at all:
// 1 to MaxLength printable ASCII characters without blanks. Digits are what
// retail has; letters and signs are in the shop's own Code 128 labels.
// Everything else is fault.Invalid with the code barcode_invalid and a hint.
// It does not judge check digits or lengths of GTINs.
func Check(text string) error {
	if text == "" {
		return invalid("the barcode is empty").Advise("scan the code again, or type it")
	}
	if n := utf8.RuneCountInString(text); n > MaxLength {
		return invalid("a barcode has at most %d characters, this one has %d", MaxLength, n).
			Advise("several scans may have run together: clear the field and scan once")
	}
	for _, r := range text {
		if r > ' ' && r < unicode.MaxASCII {
			continue
		}
		return refuse(text, r)
	}
	return nil
}

// refuse explains why a character cannot stand in a barcode.
func refuse(text string, r rune) error {
	switch {
	case r == utf8.RuneError:
		return invalid("the barcode %q is not readable text", text).Advise("set the scanner to plain ASCII and scan again")
	case r == '\uFEFF' || unicode.IsSpace(r):
		return invalid("the barcode %q has a blank in it", text).Advise("remove blanks and line breaks from the code")
	case unicode.IsControl(r):
		return invalid("the barcode %q has a control character in it", text).
			Advise("set the scanner to send the plain code without prefix or control characters")
	case r >= '\uFF01' && r <= '\uFF5E':
		return invalid("the barcode %q has full-width characters", text).
			Advise("switch the input method off and scan again")
	default:
		return invalid("the barcode %q has characters that no barcode has", text).
			Advise("switch the input method off and scan again")
	}
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "barcode_invalid", format, args...).At("barcode")
}
