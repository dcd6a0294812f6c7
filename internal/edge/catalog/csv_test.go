package catalog

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

var testTaxCodes = []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO", "EXEMPT"}

const csvHead = "sku,unit,barcodes,name,price,price_source,tax_code,category,age_restricted,opening_stock\n"

// A good row, taken apart so that a test changes one cell of it.
var goodCells = map[string]string{
	"sku": "NUOC-0001", "unit": "chai", "barcodes": "8934588063145", "name": "Nước Aquafina 500 ml", "price": "6000",
	"price_source": "observed", "tax_code": "STANDARD", "category": "Nước giải khát", "age_restricted": "no", "opening_stock": "48",
}

func csvWith(column, cell string) string {
	cells := make([]string, 0, len(csvLayout.all))
	for _, name := range csvLayout.all {
		text := goodCells[name]
		if name == column {
			text = cell
		}
		cells = append(cells, `"`+strings.ReplaceAll(text, `"`, `""`)+`"`)
	}
	return csvHead + strings.Join(cells, ",") + "\n"
}

// read reads text and holds the promise that every caller relies on: rows
// exactly if there is no error.
func read(t *testing.T, text string) ([]Row, []Problem) {
	t.Helper()
	rows, problems, err := ReadCSV(strings.NewReader(text), testTaxCodes)
	require.NoError(t, err)
	if failed := len(errorsOf(problems)) > 0; failed == (rows != nil) {
		t.Fatalf("%d rows beside %v", len(rows), problems)
	}
	return rows, problems
}

func errorsOf(problems []Problem) (errs []Problem) {
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, p)
		}
	}
	return errs
}

// brief is "line column code", with a star for a warning.
func brief(problems []Problem) []string {
	list := []string{}
	for _, p := range problems {
		s := fmt.Sprintf("%d %s %s", p.Line, p.Column, p.Code)
		if p.Warning {
			s += " *"
		}
		list = append(list, s)
	}
	return list
}

func TestReadCSVReadsEveryField(t *testing.T) {
	t.Parallel()
	text := csvHead +
		"NUOC-0001,chai,8934588063145,Nước Aquafina 500 ml,6000,observed,STANDARD,Nước giải khát,no,48\n" +
		"BIA-0001,lon,8935012413307|8935012413338,Bia Sài Gòn,12000,estimate,EXCISE,Bia,TRUE,9999.999\n" +
		"TUOI-0001,kg,,\"  Chuối \u00a0 già  \",25000,,REDUCED_5,Tươi,,\n"
	rows, problems := read(t, text)
	require.Empty(t, problems)
	require.Equal(t, []Row{
		{Line: 2, SKU: "NUOC-0001", Name: "Nước Aquafina 500 ml", Unit: "chai", Barcodes: []string{"8934588063145"}, Price: 6000,
			PriceSource: "observed", TaxCode: "STANDARD", Category: "Nước giải khát", OpeningStock: 48 * sale.One},
		{Line: 3, SKU: "BIA-0001", Name: "Bia Sài Gòn", Unit: "lon", Barcodes: []string{"8935012413307", "8935012413338"}, Price: 12000,
			PriceSource: "estimate", TaxCode: "EXCISE", Category: "Bia", AgeRestricted: true, OpeningStock: sale.MaxQuantity},
		{Line: 4, SKU: "TUOI-0001", Name: "Chuối già", Unit: "kg", Price: 25000,
			PriceSource: "observed", TaxCode: "REDUCED_5", Category: "Tươi"},
	}, rows)
}

func TestReadCSVAcceptsWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	row := "A1,cái,,Tên,1000,STANDARD,Loại\n"
	head := "sku,unit,barcodes,name,price,tax_code,category\n"
	for name, text := range map[string]string{
		"required columns only":  head + row,
		"byte order mark":        "\ufeff" + head + row,
		"CRLF":                   strings.ReplaceAll(head+row, "\n", "\r\n"),
		"no line end at the end": head + strings.TrimSpace(row),
		"blank lines":            head + "\n" + row + ",,,,,,\n,,\n  \n",
		"columns in any order":   "price,name,category,sku,tax_code,unit,barcodes\n1000,Tên,Loại,A1,STANDARD,cái,\n",
		"capitals and blanks":    strings.ToUpper(head) + row,
		"blanks in the header":   " sku , unit,barcodes,name,price,tax_code,category\n" + row,
		"everything quoted":      strings.ReplaceAll(head, "name", `"name"`) + strings.ReplaceAll(row, "Tên", `"Tên"`),
		"blanks around cells":    head + " A1 , cái ,  , Tên , 1000 , STANDARD , Loại \n",
		"zeros before the price": head + strings.Replace(row, "1000", "0001000", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, problems := read(t, text)
			require.Empty(t, problems)
			require.Len(t, rows, 1)
			rows[0].Line = 0
			require.Equal(t, Row{SKU: "A1", Unit: "cái", Name: "Tên", Price: 1000, PriceSource: "observed",
				TaxCode: "STANDARD", Category: "Loại"}, rows[0])
		})
	}
}

func TestReadCSVComposesLetters(t *testing.T) {
	t.Parallel()
	decomposed := norm.NFD.String("Nước mắm Phú Quốc")
	require.NotEqual(t, "Nước mắm Phú Quốc", decomposed)
	rows, problems := read(t, csvWith("name", decomposed))
	require.Empty(t, problems)
	require.Equal(t, "Nước mắm Phú Quốc", rows[0].Name)
}

func TestReadCSVCells(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, column, cell, code string
		warning                  bool
	}{
		{name: "price with a thousands dot", column: "price", cell: "10.000", code: "price_invalid"},
		{name: "price with a thousands comma", column: "price", cell: "1,000", code: "price_invalid"},
		{name: "price, both", column: "price", cell: "1.000,5", code: "price_invalid"},
		{name: "price with a blank", column: "price", cell: "10 000", code: "price_invalid"},
		{name: "negative price", column: "price", cell: "-5", code: "price_invalid"},
		{name: "price with a plus", column: "price", cell: "+5", code: "price_invalid"},
		{name: "price with a currency", column: "price", cell: "10000đ", code: "price_invalid"},
		{name: "price in an exponent", column: "price", cell: "1e4", code: "price_invalid"},
		{name: "price in hexadecimal", column: "price", cell: "0x10", code: "price_invalid"},
		{name: "full-width price", column: "price", cell: "１０", code: "price_invalid"},
		{name: "price one too large", column: "price", cell: "100000000001", code: "price_too_large"},
		{name: "price past 64 bits", column: "price", cell: "99999999999999999999", code: "price_too_large"},
		{name: "no price", column: "price", cell: " ", code: "cell_empty"},
		{name: "price with an escape", column: "price", cell: "1\x1b0", code: "control_character"},
		{name: "price nothing", column: "price", cell: "0", code: "price_zero", warning: true},

		{name: "no SKU", column: "sku", cell: "", code: "cell_empty"},
		{name: "SKU with a blank", column: "sku", cell: "A 1", code: "sku_invalid"},
		{name: "SKU with an accent", column: "sku", cell: "NƯỚC-1", code: "sku_invalid"},
		{name: "SKU of 41", column: "sku", cell: strings.Repeat("A", 41), code: "sku_invalid"},
		{name: "SKU with a minus first", column: "sku", cell: "-1", code: "csv_formula"},

		{name: "no name", column: "name", cell: "", code: "cell_empty"},
		{name: "name of 201", column: "name", cell: strings.Repeat("ữ", 201), code: "text_too_long"},
		{name: "name with a line break", column: "name", cell: "a\nb", code: "control_character"},
		{name: "name with a tab", column: "name", cell: "a\tb", code: "control_character"},
		{name: "name with an escape", column: "name", cell: "a\x1b[31m", code: "control_character"},
		{name: "name written backwards", column: "name", cell: "a\u202eb", code: "control_character"},
		{name: "name with a zero-width blank", column: "name", cell: "a\u200bb", code: "control_character"},
		{name: "name with a line separator", column: "name", cell: "a\u2028b", code: "control_character"},
		{name: "name that lost a letter", column: "name", cell: "N\ufffdớc", code: "csv_invalid_utf8"},
		{name: "formula =", column: "name", cell: "=1+1", code: "csv_formula"},
		{name: "formula after a blank", column: "name", cell: " =1+1", code: "csv_formula"},
		{name: "formula +", column: "name", cell: "+1", code: "csv_formula"},
		{name: "formula -", column: "name", cell: "-1", code: "csv_formula"},
		{name: "formula @", column: "name", cell: "@SUM(A1)", code: "csv_formula"},
		{name: "formula after a tab", column: "name", cell: "\t=1", code: "csv_formula"},
		{name: "formula after a carriage return", column: "name", cell: "\r=1", code: "csv_formula"},
		{name: "full-width formula", column: "name", cell: "＝1", code: "csv_formula"},
		{name: "formula as a category", column: "category", cell: "=1", code: "csv_formula"},
		{name: "formula as a unit", column: "unit", cell: "=1", code: "csv_formula"},
		{name: "formula as an age flag", column: "age_restricted", cell: "=TRUE()", code: "csv_formula"},
		{name: "formula as a tax code", column: "tax_code", cell: "=A1", code: "csv_formula"},
		{name: "formula as a barcode", column: "barcodes", cell: "=1", code: "csv_formula"},
		{name: "formula as the second barcode", column: "barcodes", cell: "8934588063145|@A1", code: "csv_formula"},
		{name: "huge cell", column: "name", cell: strings.Repeat("a", maxCell+1), code: "cell_too_long"},

		{name: "no unit", column: "unit", cell: "", code: "cell_empty"},
		{name: "unit of 21", column: "unit", cell: strings.Repeat("ộ", 21), code: "text_too_long"},
		{name: "no category", column: "category", cell: "", code: "cell_empty"},
		{name: "category of 61", column: "category", cell: strings.Repeat("ạ", 61), code: "text_too_long"},
		{name: "no tax code", column: "tax_code", cell: "", code: "cell_empty"},
		{name: "unknown tax code", column: "tax_code", cell: "VAT8", code: "tax_code_unknown"},
		{name: "tax code in small letters", column: "tax_code", cell: "standard", code: "tax_code_unknown"},
		{name: "unknown price source", column: "price_source", cell: "guess", code: "price_source_invalid"},
		{name: "unknown age flag", column: "age_restricted", cell: "18", code: "age_restricted_invalid"},
		{name: "stock with a comma", column: "opening_stock", cell: "1,5", code: "opening_stock_invalid"},
		{name: "stock of four decimals", column: "opening_stock", cell: "1.0005", code: "opening_stock_invalid"},
		{name: "negative stock", column: "opening_stock", cell: "-1", code: "opening_stock_invalid"},
		{name: "too much stock", column: "opening_stock", cell: "10000", code: "opening_stock_invalid"},

		{name: "full-width barcode", column: "barcodes", cell: "８９３４５８８０６３１４５", code: "barcode_invalid"},
		{name: "barcode with an accent", column: "barcodes", cell: "SỮA-1", code: "barcode_invalid"},
		{name: "barcode of 4 KB", column: "barcodes", cell: strings.Repeat("8", 4096), code: "barcode_invalid"},
		{name: "barcode twice", column: "barcodes", cell: "8934588063145|8934588063145", code: "barcode_duplicate"},
		{name: "barcode as a number", column: "barcodes", cell: "8.93459E+12", code: "barcode_number"},
		{name: "barcode as a Vietnamese number", column: "barcodes", cell: "8,93459E+12", code: "barcode_number"},
		{name: "barcode with decimals", column: "barcodes", cell: "8934588063145.0", code: "barcode_number"},
		{name: "wrong check digit", column: "barcodes", cell: "8934588063146", code: "barcode_check_digit", warning: true},
		{name: "weighed pack", column: "barcodes", cell: "2001234012340", code: "barcode_restricted", warning: true},
		{name: "lost leading zero", column: "barcodes", cell: "31146270606", code: "barcode_length", warning: true},
		{name: "two scans joined", column: "barcodes", cell: "89345880631458934563138165", code: "barcode_length", warning: true},
		{name: "case and unit", column: "barcodes", cell: "8934684026167|18934684026164", code: "barcode_case_on_unit", warning: true},
		{name: "unit and case", column: "barcodes", cell: "18934684026164 8934684026167", code: "barcode_case_on_unit", warning: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rows, problems := read(t, csvWith(c.column, c.cell))
			require.Len(t, problems, 1, "%v", problems)
			p := problems[0]
			require.Equal(t, Problem{Line: 2, Column: c.column, Code: c.code, Message: p.Message, Warning: c.warning}, p)
			require.NotEmpty(t, p.Message)
			require.Less(t, len(p.Message), 400, "a long cell is not echoed")
			require.Equal(t, c.warning, len(rows) == 1)
		})
	}
}

func TestReadCSVSaysWhatAPriceLooksLike(t *testing.T) {
	t.Parallel()
	_, problems := read(t, csvWith("price", "1.000,5"))
	require.Equal(t, `"1.000,5" is not a price: whole đồng without separators, e.g. 10000`, problems[0].Message)
}

func TestReadCSVSaysWhatALengthMeans(t *testing.T) {
	t.Parallel()
	_, problems := read(t, csvWith("barcodes", "31146270606"))
	require.Contains(t, problems[0].Message, "lose a zero")
	_, problems = read(t, csvWith("barcodes", "89345880631458934563138165"))
	require.Contains(t, problems[0].Message, "two scans")
}

func TestReadCSVAcceptsLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ column, cell string }{
		{"sku", strings.Repeat("A", 40)},
		{"name", strings.Repeat("ữ", 200)},
		{"unit", strings.Repeat("ộ", 20)},
		{"category", strings.Repeat("ạ", 60)},
		{"price", money.Max.String()},
		{"opening_stock", "9999.999"},
		{"barcodes", strings.Repeat("A", 48)},
		{"barcodes", "8934588063145 \n 8934563138165|KEM-01||"},
		{"barcodes", "|"},
		{"barcodes", "12E5"}, // Code 128, no number of a spreadsheet
		{"name", `Bánh "quy", 5-10% bơ = ngon`},
		{"age_restricted", "Yes"},
	} {
		rows, problems := read(t, csvWith(c.column, c.cell))
		require.Empty(t, problems, "%s %q", c.column, c.cell)
		require.Len(t, rows, 1)
	}
}

func TestReadCSVFile(t *testing.T) {
	t.Parallel()
	good := strings.TrimPrefix(csvWith("", ""), csvHead)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":               {"", []string{"1  csv_empty"}},
		"blank lines only":      {"\n\n", []string{"1  csv_empty"}},
		"header only":           {csvHead, []string{"1  csv_empty"}},
		"header, blank rows":    {csvHead + ",,,\n", []string{"2  csv_empty"}},
		"UTF-16, little end":    {"\xff\xfes\x00k\x00u\x00", []string{"1  csv_utf16"}},
		"UTF-16, big end":       {"\xfe\xff\x00s\x00k", []string{"1  csv_utf16"}},
		"workbook":              {"PK\x03\x04\x14\x00", []string{"1  csv_workbook"}},
		"semicolons":            {strings.ReplaceAll(csvHead, ",", ";") + "A;b\n", []string{"1  csv_separator"}},
		"tabs":                  {strings.ReplaceAll(csvHead, ",", "\t"), []string{"1  csv_separator"}},
		"unknown column":        {"Sku,giá,unit,barcodes,name,price,tax_code,category\n", []string{"1 giá column_unknown"}},
		"duplicate column":      {"sku,SKU,unit,barcodes,name,price,tax_code,category\n", []string{"1 sku column_duplicate"}},
		"missing columns":       {"sku,unit,barcodes,name\n", []string{"1 price column_missing", "1 tax_code column_missing", "1 category column_missing"}},
		"header with bad bytes": {"sku\xff\n", []string{`1 sku\xff column_unknown`, "1 sku column_missing", "1 unit column_missing", "1 barcodes column_missing", "1 name column_missing", "1 price column_missing", "1 tax_code column_missing", "1 category column_missing"}},
		"short row":             {csvHead + "A1,b\n", []string{"2  csv_ragged"}},
		"long row":              {csvHead + strings.TrimSpace(good) + ",x\n", []string{"2  csv_ragged"}},
		"unquoted comma":        {csvHead + "A1,chai,,Tên, phụ,1000,,STANDARD,Loại,,\n", []string{"2  csv_ragged"}},
		"lone quote, rest read": {csvHead + "A1,a \"b\" c\nA2,b\n", []string{"2  csv_quote", "3  csv_ragged"}},
		"quote never closed":    {csvHead + good + "A2,\"b\n\n\n", []string{"3  csv_quote"}},
		"quote in the header":   {"sku,\"unit\n", []string{"1  csv_quote"}},
		"bad UTF-8":             {strings.Replace(csvWith("", ""), "Aquafina", "Aqua\xe1fina", 1), []string{"2 name csv_invalid_utf8"}},
		"NUL":                   {strings.Replace(csvWith("", ""), "Aquafina", "Aqua\x00fina", 1), []string{"2 name csv_nul"}},
		"bad UTF-8 on the second line of a cell": {
			strings.Replace(csvWith("", ""), "8934588063145", "8934588063145\n\xff", 1), []string{"3 barcodes csv_invalid_utf8"}},
		"duplicate SKU":                  {csvHead + good + good, []string{"3 sku sku_duplicate", "3 barcodes barcode_shared *"}},
		"one barcode on two items":       {csvHead + good + strings.Replace(good, "0001", "0002", 1), []string{"3 barcodes barcode_shared *"}},
		"barcodes that differ in a zero": {csvHead + good + strings.NewReplacer("0001", "0002", "8934588063145", "08934588063145").Replace(good), []string{"3 barcodes barcode_same_gtin *"}},
		"many problems in one row": {csvHead + "A 1,,8,=n,x,y,z,,w,v\n", []string{"2 sku sku_invalid", "2 name csv_formula", "2 unit cell_empty",
			"2 price price_invalid", "2 price_source price_source_invalid", "2 tax_code tax_code_unknown", "2 category cell_empty",
			"2 age_restricted age_restricted_invalid", "2 opening_stock opening_stock_invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := read(t, c.text)
			require.Equal(t, c.want, brief(problems))
		})
	}
}

// A quoted cell reaches over lines; an editor shows physical lines, so we do too.
func TestReadCSVCountsPhysicalLines(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n"} {
		text := csvHead +
			"A1,chai,\"111\n222\n333\",Một,1000,,STANDARD,Loại,,\n" + // lines 2 to 4
			"\n" + // 5
			"A2,chai,\"444\n555\",Hai,x,,STANDARD,Loại,,\n" + // 6 and 7, the price on 7
			"A3,chai,,Ba,y,,STANDARD,Loại,,\n" // 8
		_, problems := read(t, strings.ReplaceAll(text, "\n", end))
		require.Equal(t, []string{"7 price price_invalid", "8 price price_invalid"}, brief(problems))
	}
	rows, _ := read(t, csvHead+"A1,chai,\"111\n222\n333\",Một,1000,,STANDARD,Loại,,\nA2,chai,,Hai,1000,,STANDARD,Loại,,\n")
	require.Equal(t, []int{2, 5}, []int{rows[0].Line, rows[1].Line})
}

func TestReadCSVListsAHundredAndCountsTheRest(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString(csvHead)
	for i := range 300 {
		fmt.Fprintf(&text, "A%d,chai,%d,Tên,x,,STANDARD,Loại,,\n", i, 8934588063100+i*10) // most check digits are wrong, too
	}
	_, problems := read(t, text.String())
	require.Len(t, errorsOf(problems), MaxProblems+1)
	require.Len(t, problems, 2*MaxProblems+2)
	more, warnings := problems[len(problems)-2], problems[len(problems)-1]
	require.Equal(t, Problem{Line: 102, Code: "more_problems", Message: "200 more problems from this line on are not listed"}, more)
	require.Equal(t, "more_warnings", warnings.Code)
	require.True(t, warnings.Warning)
}

// Warnings may fill their own list, never that of the errors.
func TestReadCSVFindsAnErrorBehindManyWarnings(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString(csvHead)
	for i := range 150 {
		fmt.Fprintf(&text, "A%d,chai,,Tên,0,,STANDARD,Loại,,\n", i)
	}
	rows, _ := read(t, text.String())
	require.Len(t, rows, 150)
	text.WriteString("A999,chai,,Tên,x,,STANDARD,Loại,,\n")
	_, problems := read(t, text.String())
	require.Equal(t, []string{"152 price price_invalid"}, brief(errorsOf(problems)))
}

func TestReadCSVStopsAtItsLimits(t *testing.T) {
	t.Parallel()
	row := func(i int) string { return fmt.Sprintf("A%d,chai,,Tên,1000,,STANDARD,Loại,,\n", i) }
	small := limits{rows: 3, bytes: 4096, record: maxRecord}

	rows, problems, err := readCSV(strings.NewReader(csvHead+row(1)+row(2)+row(3)), testTaxCodes, small)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Len(t, rows, 3)

	rows, problems, err = readCSV(strings.NewReader(csvHead+row(1)+row(2)+row(3)+row(4)+row(4)), testTaxCodes, small)
	require.NoError(t, err)
	require.Equal(t, []string{"5  csv_too_many_rows"}, brief(problems))
	require.Nil(t, rows)

	small.rows = 1000
	var full strings.Builder
	full.WriteString(csvHead)
	for i := 0; full.Len() < small.bytes-100; i++ {
		full.WriteString(row(i))
	}
	exact := full.String() + strings.Repeat("\n", small.bytes-full.Len())
	_, problems, err = readCSV(strings.NewReader(exact), testTaxCodes, small)
	require.NoError(t, err)
	require.Empty(t, problems)
	rows, problems, err = readCSV(strings.NewReader(exact+"\n"), testTaxCodes, small)
	require.NoError(t, err)
	require.Equal(t, "csv_too_large", problems[0].Code)
	require.Nil(t, rows)
}

// endless is a file without an end, and counts what was read of it.
type endless struct {
	head, body string
	read       int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for n < len(p) {
		n += copy(p[n:], e.body[(e.read+n)%len(e.body):])
	}
	e.read += n
	return n, nil
}

// The 1 GB file of the fault list: read to the limit and not a byte further.
func TestReadCSVNeverReadsAGigabyte(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		head, body, code string
		most             int
	}{
		"blank lines":          {csvHead, "\n", "csv_quote", maxRecord + 1<<16},
		"a quote never closed": {csvHead + `A1,"`, "aaaa\n", "csv_quote", maxRecord + 1<<16},
		"one line":             {csvHead, "aaaa", "csv_quote", maxRecord + 1<<16},
		"huge rows":            {csvHead, strings.Repeat("a", 100_000) + "\n", "csv_too_large", MaxBytes + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := &endless{head: c.head, body: c.body}
			rows, problems, err := ReadCSV(src, testTaxCodes)
			require.NoError(t, err)
			require.Nil(t, rows)
			require.Equal(t, c.code, problems[len(problems)-1].Code)
			require.LessOrEqual(t, src.read, c.most)
		})
	}
}

func TestReadCSVReturnsAFailingReadersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for _, head := range []string{"", "\xef\xbb", csvHead, csvHead + "A1,chai,\"1"} {
		rows, problems, err := ReadCSV(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken)), testTaxCodes)
		require.ErrorIs(t, err, broken)
		require.Equal(t, fault.Internal, fault.KindOf(err))
		require.Equal(t, "csv_unreadable", fault.CodeOf(err))
		require.Nil(t, rows)
		require.Nil(t, problems)
	}
}

// A network file comes in pieces; the answer must not depend on them.
func TestReadCSVReadsByteByByte(t *testing.T) {
	t.Parallel()
	rows, problems, err := ReadCSV(iotest.OneByteReader(strings.NewReader("\ufeff"+csvWith("", ""))), testTaxCodes)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Len(t, rows, 1)
}
