package barcode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
)

func TestCheckAcceptsWhatScannersSend(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"EAN-13":                 "8934588063145",
		"EAN-8":                  "89301234",
		"UPC-A, zero in front":   "031146270606",
		"GTIN-14 of a case":      "18934684026164",
		"lost leading zero":      "31146270606",
		"wrong check digit":      "8934588063144",
		"in-house number":        "7",
		"in-house Code 128":      "KEM-01/a.b",
		"first and last of both": "!~",
		"two scans joined":       "89345880631458934563138165",
		"48 characters":          strings.Repeat("9", 48),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, Check(text))
		})
	}
}

func TestCheckRefusesAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, hint string }{
		"empty":               {"", "scan the code again"},
		"blank only":          {" ", "remove blanks"},
		"blank inside":        {"8934588 063145", "remove blanks"},
		"no-break blank":      {"8934588063145\u00a0", "remove blanks"},
		"line break":          {"8934588063145\n", "remove blanks"},
		"byte order mark":     {"\ufeff8934588063145", "remove blanks"},
		"full-width digits":   {"８９３４５８８０６３１４５", "switch the input method off"},
		"one full-width sign": {"KEM－01", "switch the input method off"},
		"Arabic-Indic digits": {"٨٩٣٤٥٨٨", "switch the input method off"},
		"Vietnamese letter":   {"SỮA-01", "switch the input method off"},
		"NUL":                 {"893\x00458", "control characters"},
		"FNC1 as GS":          {"01\x1d893", "control characters"},
		"delete":              {"893\x7f", "control characters"},
		"C1 control":          {"893\u0085", "remove blanks"},
		"bad UTF-8":           {"893\xff", "plain ASCII"},
		"49 characters":       {strings.Repeat("9", 49), "scan once"},
		"4 KB":                {strings.Repeat("8934588063145", 315), "scan once"},
		"4 KB of full-width":  {strings.Repeat("８", 1400), "scan once"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fault.As(Check(c.text))
			require.NotNil(t, f)
			require.Equal(t, fault.Invalid, f.Kind)
			require.Equal(t, "barcode_invalid", f.Code)
			require.Equal(t, "barcode", f.Field)
			require.Contains(t, f.Hint, c.hint)
			require.Less(t, len(f.Message), 400, "a long scan is not echoed")
		})
	}
}

func TestTrimmed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"8934588063145":  "8934588063145",
		"08934588063145": "8934588063145",
		"031146270606":   "31146270606",
		"0031146270606":  "31146270606",
		"31146270606":    "31146270606",
		"0":              "0",
		"000":            "0",
		"":               "",
		"00A1":           "00A1",
		"００1":            "００1",
		"-01":            "-01",
	} {
		require.Equal(t, want, Trimmed(text), "%q", text)
	}
}

func TestKindAndCheckDigit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text      string
		kind      Kind
		ok, known bool
	}{
		"EAN-13":                       {"8934588063145", GTIN13, true, true},
		"EAN-13, one digit off":        {"8934588063146", GTIN13, false, true},
		"EAN-13, neighbours swapped":   {"8934580863145", GTIN13, false, true},
		"EAN-8":                        {"96385074", GTIN8, true, true},
		"EAN-8, one digit off":         {"96385075", GTIN8, false, true},
		"EAN-8 that begins with 1":     {"10000007", GTIN8, true, true},
		"UPC-E 0: EAN-8 or not?":       {"01234565", GTIN8, true, true},
		"UPC-E whose sum fails":        {"04252614", GTIN8, false, false},
		"eight digits, no UPC-E":       {"24252615", GTIN8, false, true},
		"UPC-A":                        {"031146270606", GTIN12, true, true},
		"UPC-A as EAN-13":              {"0031146270606", GTIN13, true, true},
		"UPC-A, leading zero lost":     {"31146270606", Number, false, false},
		"UPC-A, one digit off":         {"031146270607", GTIN12, false, true},
		"GTIN-14 of a case":            {"18934684026164", GTIN14, true, true},
		"unit's digit on a case":       {"18934684026167", GTIN14, false, true},
		"two scans joined (26 digits)": {"89345880631458934563138165", Number, false, false},
		"seven digits":                 {"8930123", Number, false, false},
		"letters":                      {"893458806314X", Text, false, false},
		"full-width digits":            {"８９３４５８８０６３１４５", Text, false, false},
		"empty":                        {"", Text, false, false},
		"4 KB":                         {strings.Repeat("8", 4096), Number, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.kind, KindOf(c.text))
			ok, known := CheckDigit(c.text)
			require.Equal(t, c.known, known, "known")
			require.Equal(t, c.ok, ok, "ok")
		})
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]string{
		Text: "text", Number: "number", GTIN8: "GTIN-8", GTIN12: "GTIN-12", GTIN13: "GTIN-13", GTIN14: "GTIN-14",
	} {
		require.Equal(t, want, kind.String())
	}
}

func TestRestrictedCirculation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"2001234012340":  true,
		"2912345678901":  true, // whatever its check digit
		"1999999999999":  false,
		"3000000000000":  false,
		"8934588063145":  false,
		"20012340":       false, // EAN-8 has prefixes of its own
		"02001234012340": false,
		"200123401234X":  false,
		"":               false,
	} {
		require.Equal(t, want, RestrictedCirculation(text), "%q", text)
	}
}

func TestCaseOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outer, inner string
		want         bool
	}{
		"case of 32":                   {"18934684026164", "8934684026167", true},
		"indicator 8":                  {"88934572183398", "8934572183392", true},
		"indicator 0 is the unit":      {"08934684026167", "8934684026167", false},
		"indicator 9 is by weight":     {"98934684026160", "8934684026167", false},
		"another product":              {"18934684026164", "8934588063145", false},
		"the wrong way round":          {"8934684026167", "18934684026164", false},
		"not numbers":                  {"1893468402616X", "8934684026167", false},
		"same unit written twice":      {"8934684026167", "8934684026167", false},
		"empty texts do not panic":     {"", "", false},
		"GTIN-12 inside is not judged": {"10031146270603", "031146270606", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, CaseOf(c.outer, c.inner))
		})
	}
}
