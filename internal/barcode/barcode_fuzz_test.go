package barcode

import (
	"strings"
	"testing"

	"tiem/internal/fault"
)

// FuzzBarcode holds what must be true of any text that a scanner, a file or a
// stranger sends.
func FuzzBarcode(f *testing.F) {
	for _, seed := range []string{
		"", "8934588063145", "031146270606", "31146270606", "01234565", "18934684026164", "2001234012340",
		"８９３", "893\x00", "893 458", "000", "KEM-01", "\xff", "89345880631458934563138165", strings.Repeat("8", 4096),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := Check(text)
		if err == nil && (text == "" || len(text) > MaxLength || strings.ContainsAny(text, " \t\r\n\x00")) {
			t.Fatalf("accepted %q", text)
		}
		if err != nil && fault.CodeOf(err) != "barcode_invalid" {
			t.Fatalf("%q: code %q", text, fault.CodeOf(err))
		}
		short := Trimmed(text)
		if Trimmed(short) != short || Trimmed("0"+short) != short && KindOf(short) != Text {
			t.Fatalf("%q: trimmed %q is not stable", text, short)
		}
		ok, known := CheckDigit(text)
		if ok && !known {
			t.Fatalf("%q: right, but unknown", text)
		}
		if kind := KindOf(text); known && kind < GTIN8 {
			t.Fatalf("%q: a check digit on a %s", text, kind)
		}
		if ok {
			assertOneDigitOffIsFound(t, text)
		}
		RestrictedCirculation(text)
		CaseOf(text, text)
	})
}

// assertOneDigitOffIsFound holds the promise of a mod-10 digit: any single
// wrong digit shows, which is why a warning is worth its place.
func assertOneDigitOffIsFound(t *testing.T, text string) {
	t.Helper()
	for i := range text {
		wrong := []byte(text)
		wrong[i] = '0' + (wrong[i]-'0'+1)%10
		if ok, _ := CheckDigit(string(wrong)); ok {
			t.Fatalf("%s passes as well as %s", wrong, text)
		}
	}
}
