package catalog

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tiem/internal/barcode"
	"tiem/internal/money"
	"tiem/internal/sale"
)

var stableCode = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)

// FuzzReadCSV holds that no file whatsoever makes the reader panic, or lets a
// row through with a field that the format does not allow.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(csvWith("", "")))
	f.Add([]byte("\ufeff" + strings.ReplaceAll(csvWith("barcodes", "031146270606\n2001234012340|KEM-01"), "\n", "\r\n")))
	f.Add([]byte(csvWith("price", "1.000,5") + "A2,chai\nA3,\"b"))
	f.Add([]byte(csvWith("name", "=1+1\x00\xff\u202e")))
	f.Add([]byte("\xff\xfes\x00"))
	f.Add([]byte("sku;unit\n"))
	f.Add([]byte(csvHead + ",,,\n\n" + "A1,chai,8.9E+12|８,Tên,0,guess,VAT,L,x,1.0005\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, problems, err := ReadCSV(bytes.NewReader(file), testTaxCodes)
		if err != nil {
			t.Fatalf("an error without a failing reader: %v", err)
		}
		lines := 1 + bytes.Count(file, []byte("\n"))
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || !stableCode.MatchString(p.Code) || p.Message == "" || !utf8.ValidString(p.Message) {
				t.Fatalf("of %d lines: %+v", lines, p)
			}
		}
		if failed := len(errorsOf(problems)) > 0; failed == (len(rows) > 0) {
			t.Fatalf("%d rows beside %v", len(rows), problems)
		}
		skus := map[string]bool{}
		last := 1
		for _, row := range rows {
			if row.Line <= last || row.Line > lines || skus[row.SKU] || !goodRow(row) {
				t.Fatalf("let through: %+v", row)
			}
			last, skus[row.SKU] = row.Line, true
		}
	})
}

// goodRow is the format's definition written a second time, apart from the reader.
func goodRow(row Row) bool {
	for _, code := range row.Barcodes {
		if barcode.Check(code) != nil || strings.ContainsAny(code, "|") || strings.ContainsAny(code[:1], "=+-@") {
			return false
		}
	}
	codes := slices.Clone(row.Barcodes)
	slices.Sort(codes)
	return len(slices.Compact(codes)) == len(row.Barcodes) &&
		skuPattern.MatchString(row.SKU) && goodText(row.SKU, 40) &&
		goodText(row.Name, 200) && goodText(row.Unit, 20) && goodText(row.Category, 60) &&
		row.Price >= 0 && row.Price <= money.Max &&
		(row.PriceSource == "observed" || row.PriceSource == "estimate") &&
		slices.Contains(testTaxCodes, row.TaxCode) &&
		row.OpeningStock >= 0 && row.OpeningStock <= sale.MaxQuantity
}

func goodText(text string, limit int) bool {
	n := utf8.RuneCountInString(text)
	return n > 0 && n <= limit && utf8.ValidString(text) && norm.NFC.IsNormalString(text) &&
		strings.TrimSpace(text) == text && !strings.ContainsAny(text[:1], "=+-@\t\r") &&
		!strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}
