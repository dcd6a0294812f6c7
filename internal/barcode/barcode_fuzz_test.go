package barcode

import (
	"strings"
	"testing"
	"unicode/utf8"

	"tiem/internal/fault"
)

// FuzzBarcode holds what must be true of any text that a scanner, a file or a
// stranger sends.
func FuzzBarcode(f *testing.F) {
	for _, seed := range []string{
		"", "8934588063145", "031146270606", "31146270606", "01234565", "18934684026164", "2001234012340",
		"８９３", "893\x00", "893 458", "000", "KEM-01", "\xff", "89345880631458934563138165", strings.Repeat("8", 4096),
		"893458806314５", "893\x7f", strings.Repeat("9", MaxLength), strings.Repeat("9", MaxLength+1), "0００", "00000000000000", "18934684026167", "8934684026167",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := Check(text)
		if (err == nil) != plain(text) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil && (fault.CodeOf(err) != "barcode_invalid" || fault.As(err).Hint == "" || !utf8.ValidString(fault.As(err).Message)) {
			t.Fatalf("%q: %+v", text, fault.As(err))
		}
		assertTrimmed(t, text)
		ok, known := CheckDigit(text)
		if ok && !known {
			t.Fatalf("%q: right, but unknown", text)
		}
		kind := KindOf(text)
		if known && kind < GTIN8 || kind != Text && !plain(text) && len(text) <= MaxLength {
			t.Fatalf("%q is a %s", text, kind)
		}
		if ok {
			assertOneDigitOffIsFound(t, text)
		}
		if kind >= GTIN8 {
			assertOneDigitFits(t, text)
		}
		RestrictedCirculation(text)
		if CaseOf(text, text) {
			t.Fatalf("%q is a case of itself", text)
		}
		if inner := "0" + text; len(text) == 12 && CaseOf("1"+inner, inner) != (kind == GTIN12) {
			t.Fatalf("1%s and %s", inner, inner)
		}
	})
}

// plain is the rule of Check said another way: 1 to MaxLength printable
// characters of ASCII and no blank.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < 0x21 || text[i] > 0x7E {
			return false
		}
	}
	return text != "" && len(text) <= MaxLength
}

// assertTrimmed: normalising twice is normalising once, zeros in front do not
// matter to digits, and everything else stays as it is.
func assertTrimmed(t *testing.T, text string) {
	t.Helper()
	short := Trimmed(text)
	if Trimmed(short) != short {
		t.Fatalf("%q: trimmed %q is not stable", text, short)
	}
	if KindOf(text) == Text {
		if short != text {
			t.Fatalf("%q became %q", text, short)
		}
		return
	}
	if Trimmed("00"+text) != short || KindOf(short) == Text || strings.TrimLeft(text, "0") != strings.TrimLeft(short, "0") {
		t.Fatalf("%q: trimmed %q", text, short)
	}
}

// assertOneDigitOffIsFound holds the promise of a mod-10 digit: any single
// wrong digit shows, which is why a warning is worth its place.
func assertOneDigitOffIsFound(t *testing.T, text string) {
	t.Helper()
	for i := range text {
		for off := byte(1); off < 10; off++ {
			wrong := []byte(text)
			wrong[i] = '0' + (wrong[i]-'0'+off)%10
			if ok, _ := CheckDigit(string(wrong)); ok {
				t.Fatalf("%s passes as well as %s", wrong, text)
			}
		}
	}
}

// assertOneDigitFits: of the ten last digits exactly one is right, and it is the
// one that GS1's formula gives, written out.
func assertOneDigitFits(t *testing.T, text string) {
	t.Helper()
	body := text[:len(text)-1]
	sum := 0
	for i := range body {
		digit := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			digit *= 3
		}
		sum += digit
	}
	want := byte('0' + (10-sum%10)%10)
	for last := byte('0'); last <= '9'; last++ {
		if ok, _ := CheckDigit(body + string(last)); ok != (last == want) {
			t.Fatalf("%s%c: %v, and the formula says %c", body, last, ok, want)
		}
	}
}
