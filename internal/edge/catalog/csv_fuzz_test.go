package catalog

import (
	"bytes"
	"fmt"
	"io"
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

// fuzzLimits are small enough for the fuzzer to reach; a record is more than
// what bufio reads at once.
var fuzzLimits = limits{rows: 20, bytes: 16 << 10, record: 6 << 10}

// FuzzReadCSV holds that no file whatsoever makes the reader panic, lets a row
// through with a field that the format does not allow, points at a place that is
// not there, or is read and kept beyond the limits.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(csvWith("", "")))
	f.Add([]byte("\ufeff" + strings.ReplaceAll(csvWith("barcodes", "031146270606\n2001234012340|KEM-01"), "\n", "\r\n")))
	f.Add([]byte(csvWith("price", "1.000,5") + "A2,chai\nA3,\"b"))
	f.Add([]byte(csvWith("name", "=1+1\x00\xff\u202e")))
	f.Add([]byte(csvWith("name", norm.NFD.String("Nước mắm \u1e9b\u0323\u2126"))))
	f.Add([]byte("\xff\xfes\x00"))
	f.Add([]byte("sku;unit\n"))
	f.Add([]byte(csvHead + ",,,\n\n" + "A1,chai,8.9E+12|８,Tên,0,guess,VAT,L,x,1.0005\n"))
	f.Add([]byte(csvWith("name", "=1+1")))
	f.Add([]byte(csvWith("price", "100000000001")))
	f.Add([]byte(csvWith("barcodes", "8934588063145|8934588063145")))
	f.Add([]byte(csvHead + manyRows(fuzzLimits.rows+1)))
	f.Add([]byte(csvHead + strings.Repeat("A1,chai\n", 2*MaxProblems+10)))
	f.Add([]byte(csvHead + strings.Repeat(strings.Repeat("a", 1000)+"\n", fuzzLimits.rows)))
	f.Add([]byte(csvHead + `A1,"` + strings.Repeat("x\n", 5000)))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, lim := range []limits{fileLimits, fuzzLimits} {
			src := &counter{r: bytes.NewReader(file)}
			rows, problems, err := readCSV(src, testTaxCodes, lim)
			if err != nil {
				t.Fatalf("an error without a failing reader: %v", err)
			}
			assertOutcome(t, rows, problems)
			assertBounded(t, rows, problems, src.n, lim)
			assertPlaces(t, problems, "", file, csvLayout)
			assertRows(t, rows, 1+bytes.Count(file, []byte("\n")))
		}
	})
}

func manyRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "A%d,chai,,Tên,1,,STANDARD,L,,\n", i)
	}
	return b.String()
}

// FuzzReadShop2015 holds the same for the format of two files, and that a code
// stands on a largest unit only.
func FuzzReadShop2015(f *testing.F) {
	f.Add([]byte(oneProduct), []byte(twoUnits))
	f.Add([]byte(strings.ReplaceAll(oneProduct, "\n", "\r\n")), []byte("\ufeff"+twoUnits+"52,7,,Bao,1,94,1\n53,7,52,gói,3,0,3\n"))
	f.Add([]byte(oneProduct+"8,08934563306847,Gói,,1,14,0\n9,KEM-01,Kem,x,,,\n"), []byte(twoUnits+"54,8,,Gói,1,4000,1\n55,9,,Cây,1,4000,1\n"))
	f.Add([]byte(oneProduct), []byte(unitHead+"50,7,51,Thùng,1,92500,1\n51,7,50,Gói,30,4000,30\n"))
	f.Add([]byte(oneProduct+"7,x,,1,2,3,4\n"), []byte(unitHead+"50,8,49,Thùng,1.5,9.250,1\n,,,,,,\n"))
	f.Add([]byte(twoUnits), []byte(oneProduct))
	f.Add([]byte(productHead+"7,8934841900286,\"Th\xf9ng\",1,0,14,1\n"), []byte(unitHead+"50,7,,\"=1\",+1,-1,1\n"))
	f.Fuzz(func(t *testing.T, products, units []byte) {
		for _, lim := range []limits{fileLimits, fuzzLimits} {
			first, second := &counter{r: bytes.NewReader(products)}, &counter{r: bytes.NewReader(units)}
			rows, problems, err := readShop2015(first, second, "STANDARD", lim)
			if err != nil {
				t.Fatalf("an error without a failing reader: %v", err)
			}
			assertOutcome(t, rows, problems)
			of := func(file string) []Problem {
				return slices.DeleteFunc(slices.Clone(problems), func(p Problem) bool { return p.File != file })
			}
			assertBounded(t, rows, of("products"), first.n, lim)
			assertBounded(t, rows, of("units"), second.n, lim)
			if len(of("products"))+len(of("units")) != len(problems) {
				t.Fatalf("of neither file: %v", problems)
			}
			assertPlaces(t, of("products"), "products", products, shopProducts)
			assertPlaces(t, of("units"), "units", units, shopUnits)
			assertRows(t, rows, 1+bytes.Count(units, []byte("\n")))
			for _, row := range rows {
				if len(row.Barcodes) > 1 || !strings.HasPrefix(row.SKU, "SHOP2015-") || row.TaxCode != "STANDARD" || row.OpeningStock != 0 {
					t.Fatalf("let through: %+v", row)
				}
			}
		}
	})
}

// counter counts what was read of a file.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// assertOutcome: rows or errors, never both and never neither.
func assertOutcome(t *testing.T, rows []Row, problems []Problem) {
	t.Helper()
	if failed := len(errorsOf(problems)) > 0; failed == (len(rows) > 0) {
		t.Fatalf("%d rows beside %v", len(rows), problems)
	}
}

// assertBounded: neither more bytes than the limit and the one that tells "too
// much", nor more rows, nor more problems than are listed, nor longer ones.
func assertBounded(t *testing.T, rows []Row, problems []Problem, read int, lim limits) {
	t.Helper()
	if read > lim.bytes+1 || len(rows) > lim.rows || len(problems) > 2*MaxProblems+3 {
		t.Fatalf("%d bytes, %d rows, %d problems of %+v", read, len(rows), len(problems), lim)
	}
	for _, p := range problems {
		if len(p.Message) > 2048 || len(p.Column) > 200 {
			t.Fatalf("%d bytes in %+v", len(p.Message), p)
		}
	}
}

// assertPlaces: a problem names a line that the file has, and a column that the
// format has, or the foreign one that it is about.
func assertPlaces(t *testing.T, problems []Problem, name string, file []byte, columns layout) {
	t.Helper()
	lines := 1 + bytes.Count(file, []byte("\n"))
	for _, p := range problems {
		known := p.Column == "" || slices.Contains(columns.all, p.Column) || p.Code == "column_unknown"
		if p.File != name || p.Line < 1 || p.Line > lines || !known || !stableCode.MatchString(p.Code) || p.Message == "" || !utf8.ValidString(p.Message+p.Column) {
			t.Fatalf("of %d lines: %+v", lines, p)
		}
	}
}

func assertRows(t *testing.T, rows []Row, lines int) {
	t.Helper()
	skus := map[string]bool{}
	last := 1
	for _, row := range rows {
		if row.Line <= last || row.Line > lines || skus[row.SKU] || !goodRow(row) {
			t.Fatalf("let through: %+v", row)
		}
		last, skus[row.SKU] = row.Line, true
	}
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
