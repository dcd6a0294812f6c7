package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tiem/internal/money"
	"tiem/internal/sale"
)

var skuPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

// cell is the row's cell in Unicode NFC, blanks at its ends cut and runs of
// them inside made one; empty if the file does not have the column. ok is false
// if the cell was refused and reported.
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
	if at, code, message := flaw(raw, slices.Contains(f.layout.lists, column)); code != "" {
		line := f.cellLine(column) + strings.Count(raw[:at], "\n")
		f.fail(line, column, code, "%s", message)
		return "", false
	}
	text = strings.Join(strings.Fields(norm.NFC.String(raw)), " ")
	if isFormula(text) && !slices.Contains(f.layout.numbers, column) { // numbers have better words for it
		f.failCell(column, "csv_formula", formulaMessage)
		return "", false
	}
	return text, true
}

// flaw finds the first byte that no cell may have. A cell of several lines is
// fine in a list, where it means one entry a line.
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
	text, ok := f.short(column, limit)
	if ok && text == "" {
		f.failCell(column, "cell_empty", "the cell is empty")
	}
	return text
}

// short is a cell of at most limit characters; it may be empty.
func (f *csvFile) short(column string, limit int) (text string, ok bool) {
	if text, ok = f.cell(column); !ok {
		return "", false
	}
	if n := utf8.RuneCountInString(text); n > limit {
		f.failCell(column, "text_too_long", "the text has %d characters; at most %d", n, limit)
		return "", false
	}
	return text, true
}

// sku is the row's own sku; seen are those of the rows before, by line.
func (f *csvFile) sku(seen map[string]int) string {
	sku, ok := f.cell("sku")
	switch first := seen[sku]; {
	case !ok:
	case sku == "":
		f.failCell("sku", "cell_empty", "the cell is empty")
	case !skuPattern.MatchString(sku):
		f.failCell("sku", "sku_invalid", "%.40q is not an SKU: 1 to 40 of A–Z a–z 0–9 . _ -", sku)
	case first > 0:
		f.failCell("sku", "sku_duplicate", "the SKU %s is on line %d already", sku, first)
	default:
		seen[sku] = f.line
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

// yes is a cell of yes and no; empty is no.
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
		f.failCell(column, column+"_invalid", "%.40q is none of true, false, yes, no, 1, 0", text)
	}
	return false
}

func (f *csvFile) price(column string) money.Amount {
	text, ok := f.cell(column)
	if !ok {
		return 0
	}
	if text == "" {
		f.failCell(column, "cell_empty", "the cell is empty; expected whole đồng without separators, e.g. 10000")
		return 0
	}
	if strings.Trim(text, "0123456789") != "" {
		f.failCell(column, "price_invalid", "%.40q is not a price: whole đồng without separators, e.g. 10000", text)
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > int64(money.Max) {
		f.failCell(column, "price_too_large", "%.40q is more than the largest price, %s", text, money.Max)
		return 0
	}
	if n == 0 {
		f.warnCell(column, "price_zero", "the item costs nothing")
	}
	return money.Amount(n)
}

func (f *csvFile) stock(column string) sale.Quantity {
	text, ok := f.cell(column)
	if !ok || text == "" {
		return 0
	}
	q, err := sale.ParseQuantity(text)
	if err != nil {
		f.failCell(column, column+"_invalid",
			"%.40q is not a stock: digits with at most three decimals after a point, at most %s, e.g. 24 or 12.5", text, sale.MaxQuantity)
	}
	return q
}

func (f *csvFile) failCell(column, code, format string, args ...any) {
	f.fail(f.cellLine(column), column, code, format, args...)
}

func (f *csvFile) warnCell(column, code, format string, args ...any) {
	f.warn(f.cellLine(column), column, code, format, args...)
}

// cellLine is the physical line on which a cell of the row at hand begins.
func (f *csvFile) cellLine(column string) int {
	line, _ := f.csv.FieldPos(f.columns[column])
	return line
}
