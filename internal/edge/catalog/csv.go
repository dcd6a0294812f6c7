package catalog

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tiem/internal/barcode"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// Row is one item as a catalogue file has it, every field checked.
type Row struct {
	Line          int    // physical line of the file on which the row begins; the header is 1
	SKU           string // [A-Za-z0-9._-]{1,40}, unique in the file
	Name          string // Unicode NFC without blanks at its ends, at most 200 characters
	Unit          string // at most 20 characters
	Barcodes      []string
	Price         money.Amount // VAT included, of one unit, 0 … money.Max
	PriceSource   string       // "observed" or "estimate"
	TaxCode       string       // one of those given to ReadCSV
	Category      string       // at most 60 characters
	AgeRestricted bool
	OpeningStock  sale.Quantity // zero: none is stated
}

// Problem is what is wrong, or strange, at one place of the file.
type Problem struct {
	Line    int    `json:"line"`             // physical line from 1 (the header); a quoted cell may reach over several
	Column  string `json:"column,omitempty"` // the column's name as the format has it; empty: the line as a whole
	Code    string `json:"code"`             // stable, snake_case
	Message string `json:"message"`          // what is wrong and what is expected, for people
	Warning bool   `json:"warning"`          // the row is good enough to load
}

// The limits of a catalogue file. A convenience store has some thousands of items.
const (
	MaxRows     = 200_000
	MaxBytes    = 64 << 20
	MaxProblems = 100 // as many errors and as many warnings are listed; the rest is counted
)

const (
	maxRecord = 1 << 20 // bytes from one row's end to the next: more is a quote that nobody closed
	maxCell   = 8 << 10 // bytes
)

type limits struct{ rows, bytes, record int }

// The columns in the order in which they are documented; the file's order is free.
var (
	csvColumns = []string{
		"sku", "unit", "barcodes", "name", "price", "price_source", "tax_code", "category", "age_restricted", "opening_stock",
	}
	csvRequired = []string{"sku", "unit", "barcodes", "name", "price", "tax_code", "category"}
)

var (
	skuPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)
	// What a spreadsheet makes of a long number: 8.93459E+12, 8934588063145.0.
	numberPattern = regexp.MustCompile(`^[0-9]([.,][0-9]*)?[eE]\+[0-9]{1,2}$|^[0-9]{6,}[.,]0+$`)
)

// ReadCSV reads a catalogue file: UTF-8, commas, the first row names the
// columns (csvColumns, in any order). It checks every cell and reports all it
// finds, by line and column. Rows come back only if no problem is an error:
// with one, there are none, so that nothing is ever half-applied.
//
// Reading stops at MaxBytes and MaxRows, each of them a problem; memory stays
// within a small multiple of the former. The error is fault.Internal with the
// code csv_unreadable, and only for a failing r.
func ReadCSV(r io.Reader, taxCodes []string) ([]Row, []Problem, error) {
	return readCSV(r, taxCodes, limits{rows: MaxRows, bytes: MaxBytes, record: maxRecord})
}

func readCSV(r io.Reader, taxCodes []string, lim limits) ([]Row, []Problem, error) {
	src := &cappedReader{r: r, limit: lim.bytes, recordLimit: lim.record}
	in := bufio.NewReader(src)
	f := &csvFile{src: src, csv: csv.NewReader(in), taxCodes: taxCodes, maxRows: lim.rows, line: 1,
		skus: map[string]int{}, barcodes: map[string]int{}, gtins: map[string]int{}}
	f.csv.ReuseRecord, f.csv.FieldsPerRecord = true, -1 // a ragged row is told in our words
	if f.isText(in) && f.readHeader() {
		f.readRows()
	}
	switch {
	case src.err == nil:
	case errors.Is(src.err, errTooLarge):
		f.stop("csv_too_large", "the file is larger than %d MiB; split it", MaxBytes>>20)
	case errors.Is(src.err, errRecordTooLong):
		f.stop("csv_quote", "no end of the row that begins after this line: a quotation mark is probably not closed")
	default:
		return nil, nil, fault.Wrap(src.err, fault.Internal, "csv_unreadable", "the catalogue file could not be read to its end")
	}
	return f.result()
}

// csvFile is one reading of one file.
type csvFile struct {
	src      *cappedReader
	csv      *csv.Reader
	taxCodes []string
	maxRows  int

	columns map[string]int // name → position in record
	width   int            // cells in the header
	record  []string       // the row at hand
	line    int            // where it begins
	rows    []Row
	count   int // rows seen, good or bad

	skus     map[string]int // → line of the first
	barcodes map[string]int // exact text → line of the first
	gtins    map[string]int // without leading zeros → line of the first

	problems         []Problem
	stopped          *Problem // why reading ended early; always listed
	errors, warnings int
	moreErrors       int // line of the first that is not listed
	moreWarnings     int
}

// isText looks at the first bytes: it drops a UTF-8 byte order mark and
// refuses what is not a text file in UTF-8.
func (f *csvFile) isText(in *bufio.Reader) bool {
	head, _ := in.Peek(4) // a short file, and a failing reader, show again at the first row
	switch {
	case strings.HasPrefix(string(head), "\xef\xbb\xbf"):
		_, _ = in.Discard(3)
	case strings.HasPrefix(string(head), "\xff\xfe"), strings.HasPrefix(string(head), "\xfe\xff"):
		f.fail(1, "", "csv_utf16", "the file is in UTF-16; save it as “CSV UTF-8”")
		return false
	case string(head) == "PK\x03\x04":
		f.fail(1, "", "csv_workbook", "the file is a workbook (.xlsx); save it as “CSV UTF-8”")
		return false
	}
	return true
}

// next reads a row; false at the end of the file or of what may be read.
// Rows that cannot be taken apart are reported and passed over.
func (f *csvFile) next() bool {
	for {
		record, err := f.csv.Read()
		f.src.recordEnd = int(f.csv.InputOffset())
		var broken *csv.ParseError
		switch {
		case err == nil:
			f.record = record
			f.line, _ = f.csv.FieldPos(0)
			return true
		case errors.As(err, &broken):
			f.line = broken.StartLine
			f.fail(f.line, "", "csv_quote",
				`a quotation mark stands alone or is not closed; a cell with a quotation mark is written "like ""this"""`)
		default:
			return false
		}
	}
}

// readHeader reads the columns' names; false if rows cannot be read by them.
func (f *csvFile) readHeader() bool {
	if !f.next() {
		if f.src.err == nil && f.errors == 0 {
			f.fail(1, "", "csv_empty", "the file is empty; its first line names the columns: %s", strings.Join(csvColumns, ","))
		}
		return false
	}
	if len(f.record) == 1 && strings.ContainsAny(f.record[0], ";\t") {
		f.fail(f.line, "", "csv_separator", "the columns are not separated by commas; save the file as “CSV UTF-8 (comma delimited)”")
		return false
	}
	f.columns, f.width = map[string]int{}, len(f.record)
	for i, cell := range f.record {
		name := strings.ToLower(strings.TrimSpace(cell))
		_, seen := f.columns[name]
		switch {
		case !slices.Contains(csvColumns, name):
			f.fail(f.line, excerpt(cell), "column_unknown", "there is no column %.40q; columns are %s", cell, strings.Join(csvColumns, ","))
		case seen:
			f.fail(f.line, name, "column_duplicate", "the column %s is there twice", name)
		default:
			f.columns[name] = i
		}
	}
	for _, name := range csvRequired {
		if _, ok := f.columns[name]; !ok {
			f.fail(f.line, name, "column_missing", "the column %s is missing", name)
		}
	}
	return f.errors == 0
}

func (f *csvFile) readRows() {
	for f.next() {
		if blankRow(f.record) {
			continue // spreadsheets leave such lines behind
		}
		if f.count++; f.count > f.maxRows {
			f.stop("csv_too_many_rows", "the file has more than %d items; split it", f.maxRows)
			return
		}
		if len(f.record) != f.width {
			f.fail(f.line, "", "csv_ragged", "the row has %d cells, the header has %d; put a cell with a comma into quotation marks",
				len(f.record), f.width)
			continue
		}
		row := f.readRow()
		if f.errors == 0 {
			f.rows = append(f.rows, row)
		}
	}
	if f.count == 0 && f.errors == 0 && f.src.err == nil {
		f.fail(f.line, "", "csv_empty", "the file names its columns, but has no items")
	}
}

func (f *csvFile) readRow() Row {
	return Row{
		Line:          f.line,
		SKU:           f.sku(),
		Name:          f.text("name", 200),
		Unit:          f.text("unit", 20),
		Barcodes:      f.readBarcodes(),
		Price:         f.price(),
		PriceSource:   f.oneOf("price_source", "price_source_invalid", []string{"observed", "estimate"}, "observed"),
		TaxCode:       f.oneOf("tax_code", "tax_code_unknown", f.taxCodes, ""),
		Category:      f.text("category", 60),
		AgeRestricted: f.yes("age_restricted"),
		OpeningStock:  f.stock(),
	}
}

// cell is the row's cell in Unicode NFC, blanks at its ends cut and runs of
// them inside made one. ok is false if the cell was refused and reported.
func (f *csvFile) cell(column string) (text string, ok bool) {
	i, there := f.columns[column]
	if !there {
		return "", true
	}
	raw := f.record[i]
	if len(raw) > maxCell {
		f.failCell(column, "cell_too_long", "the cell has %d bytes; more than %d are not read", len(raw), maxCell)
		return "", false
	}
	if at, code, message := flaw(raw, column == "barcodes"); code != "" {
		line := f.cellLine(column) + strings.Count(raw[:at], "\n")
		f.fail(line, column, code, "%s", message)
		return "", false
	}
	text = strings.Join(strings.Fields(norm.NFC.String(raw)), " ")
	if isFormula(text) && column != "price" && column != "opening_stock" { // numbers have better words for it
		f.failCell(column, "csv_formula", formulaMessage)
		return "", false
	}
	return text, true
}

// flaw finds the first byte that no cell may have. A cell of several lines is
// fine for barcodes, where it means one code a line.
func flaw(raw string, lines bool) (at int, code, message string) {
	if raw != "" && (raw[0] == '\t' || raw[0] == '\r') {
		return 0, "csv_formula", formulaMessage
	}
	for at, r := range raw {
		switch {
		case r == utf8.RuneError: // bad bytes, or the � that an earlier conversion left of a letter
			return at, "csv_invalid_utf8", "the text is not UTF-8, or lost letters on its way; save the file as “CSV UTF-8”"
		case r == 0:
			return at, "csv_nul", "the cell has a zero byte; save the file as “CSV UTF-8”"
		case lines && unicode.IsSpace(r):
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return at, "control_character", fmt.Sprintf("the cell has a line break or another invisible character (U+%04X)", r)
		}
	}
	return 0, "", ""
}

// Somebody will open an export of ours in a spreadsheet, which executes such a cell.
const formulaMessage = "the cell begins with = + - @ or a tab: a spreadsheet takes it for a formula"

func isFormula(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return text != "" && strings.ContainsRune("=+-@＝＋－＠", first)
}

// text is a cell that must say something, of at most limit characters.
func (f *csvFile) text(column string, limit int) string {
	text, ok := f.cell(column)
	switch n := utf8.RuneCountInString(text); {
	case !ok:
	case n == 0:
		f.failCell(column, "cell_empty", "the cell is empty")
	case n > limit:
		f.failCell(column, "text_too_long", "the text has %d characters; at most %d", n, limit)
	}
	return text
}

func (f *csvFile) sku() string {
	sku, ok := f.cell("sku")
	switch first := f.skus[sku]; {
	case !ok:
	case sku == "":
		f.failCell("sku", "cell_empty", "the cell is empty")
	case !skuPattern.MatchString(sku):
		f.failCell("sku", "sku_invalid", "%.40q is not an SKU: 1 to 40 of A–Z a–z 0–9 . _ -", sku)
	case first > 0:
		f.failCell("sku", "sku_duplicate", "the SKU %s is on line %d already", sku, first)
	default:
		f.skus[sku] = f.line
	}
	return sku
}

// oneOf is a cell with one of few words; fallback stands for an empty cell.
func (f *csvFile) oneOf(column, code string, words []string, fallback string) string {
	text, ok := f.cell(column)
	switch {
	case !ok:
	case text == "" && fallback != "":
		return fallback
	case text == "":
		f.failCell(column, "cell_empty", "the cell is empty; expected %s", strings.Join(words, ", "))
	case !slices.Contains(words, text):
		f.failCell(column, code, "%.40q is none of %s", text, strings.Join(words, ", "))
	}
	return text
}

func (f *csvFile) yes(column string) bool {
	text, ok := f.cell(column)
	if !ok {
		return false
	}
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return true
	case "false", "no", "0", "":
	default:
		f.failCell(column, "age_restricted_invalid", "%.40q is none of true, false, yes, no, 1, 0", text)
	}
	return false
}

func (f *csvFile) price() money.Amount {
	text, ok := f.cell("price")
	if !ok {
		return 0
	}
	if text == "" {
		f.failCell("price", "cell_empty", "the cell is empty; expected whole đồng without separators, e.g. 10000")
		return 0
	}
	if strings.Trim(text, "0123456789") != "" {
		f.failCell("price", "price_invalid", "%.40q is not a price: whole đồng without separators, e.g. 10000", text)
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > int64(money.Max) {
		f.failCell("price", "price_too_large", "%.40q is more than the largest price, %s", text, money.Max)
		return 0
	}
	if n == 0 {
		f.warn("price", "price_zero", "the item costs nothing")
	}
	return money.Amount(n)
}

func (f *csvFile) stock() sale.Quantity {
	text, ok := f.cell("opening_stock")
	if !ok || text == "" {
		return 0
	}
	q, err := sale.ParseQuantity(text)
	if err != nil {
		f.failCell("opening_stock", "opening_stock_invalid",
			"%.40q is not a stock: digits with at most three decimals after a point, at most %s, e.g. 24 or 12.5", text, sale.MaxQuantity)
	}
	return q
}

// readBarcodes takes the cell's codes apart at | and at blanks; none is fine.
func (f *csvFile) readBarcodes() []string {
	text, ok := f.cell("barcodes")
	if !ok {
		return nil
	}
	var codes []string
	for _, code := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || unicode.IsSpace(r) }) {
		err := fault.As(barcode.Check(code))
		switch {
		case err != nil:
			f.failCell("barcodes", err.Code, "%s: %s", err.Message, err.Hint)
		case isFormula(code):
			f.failCell("barcodes", "csv_formula", formulaMessage)
		case numberPattern.MatchString(code):
			f.failCell("barcodes", "barcode_number", "a spreadsheet made %s of a barcode; format the column as text and enter it again", code)
		case slices.Contains(codes, code):
			f.failCell("barcodes", "barcode_duplicate", "the barcode %s is there twice", code)
		default:
			f.observe(code, codes)
			codes = append(codes, code)
		}
	}
	return codes
}

// observe warns about a code that is allowed, but will surprise somebody at
// the till; siblings are the codes before it in the same cell.
func (f *csvFile) observe(code string, siblings []string) {
	ok, known := barcode.CheckDigit(code)
	number := barcode.KindOf(code) == barcode.Number
	switch {
	case barcode.RestrictedCirculation(code):
		f.warn("barcodes", "barcode_restricted", "%s is a shop's own code (20–29), mostly of one weighed pack", code)
	case known && !ok:
		f.warn("barcodes", "barcode_check_digit", "the check digit of %s is wrong: a typing error, or a code that somebody made up", code)
	case number && len(code) > 14:
		f.warn("barcodes", "barcode_length", "%s has %d digits: two scans that ran together?", code, len(code))
	case number && len(code) > 8:
		f.warn("barcodes", "barcode_length", "%s has %d digits: did it lose a zero at its front?", code, len(code))
	}
	for _, other := range siblings {
		if barcode.CaseOf(code, other) || barcode.CaseOf(other, code) {
			f.warn("barcodes", "barcode_case_on_unit", "%s and %s are a case and its unit, here sold as one item", other, code)
		}
	}
	gtin := barcode.Trimmed(code)
	if first := f.barcodes[code]; first > 0 {
		f.warn("barcodes", "barcode_shared", "%s is on line %d as well: the till will ask which item is meant", code, first)
	} else if first := f.gtins[gtin]; first > 0 && first != f.line {
		f.warn("barcodes", "barcode_same_gtin", "%s and a code on line %d differ only in zeros at the front: the till may ask", code, first)
	}
	if f.barcodes[code] == 0 {
		f.barcodes[code] = f.line
	}
	if f.gtins[gtin] == 0 {
		f.gtins[gtin] = f.line
	}
}

func (f *csvFile) failCell(column, code, format string, args ...any) {
	f.fail(f.cellLine(column), column, code, format, args...)
}

func (f *csvFile) fail(line int, column, code, format string, args ...any) {
	f.rows = nil // of no use any more
	switch f.errors++; {
	case f.errors <= MaxProblems:
		f.problems = append(f.problems, Problem{Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...)})
	case f.moreErrors == 0:
		f.moreErrors = line
	}
}

// stop reports, at the row at hand, why the rest of the file is not read.
func (f *csvFile) stop(code, format string, args ...any) {
	f.rows = nil
	f.stopped = &Problem{Line: f.line, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (f *csvFile) warn(column, code, format string, args ...any) {
	line := f.cellLine(column)
	switch f.warnings++; {
	case f.warnings <= MaxProblems:
		f.problems = append(f.problems,
			Problem{Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...), Warning: true})
	case f.moreWarnings == 0:
		f.moreWarnings = line
	}
}

// cellLine is the physical line on which a cell of the row at hand begins.
func (f *csvFile) cellLine(column string) int {
	line, _ := f.csv.FieldPos(f.columns[column])
	return line
}

// result adds how many problems went unlisted.
func (f *csvFile) result() ([]Row, []Problem, error) {
	if f.moreErrors > 0 {
		f.problems = append(f.problems, Problem{Line: f.moreErrors, Code: "more_problems",
			Message: fmt.Sprintf("%d more problems from this line on are not listed", f.errors-MaxProblems)})
	}
	if f.moreWarnings > 0 {
		f.problems = append(f.problems, Problem{Line: f.moreWarnings, Code: "more_warnings", Warning: true,
			Message: fmt.Sprintf("%d more warnings from this line on are not listed", f.warnings-MaxProblems)})
	}
	if f.stopped != nil {
		f.problems = append(f.problems, *f.stopped)
	}
	return f.rows, f.problems, nil
}

func blankRow(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// excerpt is the front of a text from the file, printable.
func excerpt(text string) string {
	q := fmt.Sprintf("%.40q", text)
	return q[1 : len(q)-1]
}

var (
	errTooLarge      = errors.New("the file is too large")
	errRecordTooLong = errors.New("the row does not end")
)

// cappedReader reads at most limit bytes of r, and at most recordLimit bytes
// past the end of the last whole row, so that neither a huge file nor an open
// quotation mark fills the memory. Its error stays.
type cappedReader struct {
	r                                   io.Reader
	limit, recordLimit, read, recordEnd int
	err                                 error
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	p = p[:min(len(p), c.limit+1-c.read)] // one byte past the limit tells "full" from "too much"
	n, err := c.r.Read(p)
	c.read += n
	switch {
	case c.read > c.limit:
		c.err = errTooLarge
	case c.read-c.recordEnd > c.recordLimit:
		c.err = errRecordTooLong
	case err != nil && !errors.Is(err, io.EOF):
		c.err = err
	}
	if c.err != nil {
		return n, c.err
	}
	return n, err
}
