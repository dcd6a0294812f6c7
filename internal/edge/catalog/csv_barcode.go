package catalog

import (
	"regexp"
	"slices"

	"tiem/internal/barcode"
	"tiem/internal/fault"
)

// What a spreadsheet makes of a long number: 8.93459E+12, 8934588063145.0.
var numberPattern = regexp.MustCompile(`^[0-9]([.,][0-9]*)?[eE]\+[0-9]{1,2}$|^[0-9]{6,}[.,]0+$`)

// barcode says whether code may stand in the column, and warns about one that
// may and will surprise somebody at the till. Siblings are the codes before it
// in the same cell.
func (f *csvFile) barcode(column, code string, siblings []string) bool {
	err := fault.As(barcode.Check(code))
	switch {
	case err != nil:
		f.failCell(column, err.Code, "%s: %s", err.Message, err.Hint)
	case isFormula(code):
		f.failCell(column, "csv_formula", formulaMessage)
	case numberPattern.MatchString(code):
		f.failCell(column, "barcode_number", "a spreadsheet made %s of a barcode; format the column as text and enter it again", code)
	case slices.Contains(siblings, code):
		f.failCell(column, "barcode_duplicate", "the barcode %s is there twice", code)
	default:
		f.oddCode(column, code, siblings)
		return true
	}
	return false
}

func (f *csvFile) oddCode(column, code string, siblings []string) {
	ok, known := barcode.CheckDigit(code)
	number := barcode.KindOf(code) == barcode.Number
	switch {
	case barcode.RestrictedCirculation(code):
		f.warnCell(column, "barcode_restricted", "%s is a shop's own code (20–29), mostly of one weighed pack", code)
	case known && !ok:
		f.warnCell(column, "barcode_check_digit", "the check digit of %s is wrong: a typing error, or a code that somebody made up", code)
	case number && len(code) > 14:
		f.warnCell(column, "barcode_length", "%s has %d digits: two scans that ran together?", code, len(code))
	case number && len(code) > 8:
		f.warnCell(column, "barcode_length", "%s has %d digits: did it lose a zero at its front?", code, len(code))
	}
	for _, other := range siblings {
		if barcode.CaseOf(code, other) || barcode.CaseOf(other, code) {
			f.warnCell(column, "barcode_case_on_unit", "%s and %s are a case and its unit, here sold as one item", other, code)
		}
	}
}

// codes are the barcodes of a file so far.
type codes struct {
	exact map[string]int // text → line of the first
	gtins map[string]int // without leading zeros → line of the first
}

func newCodes() codes { return codes{exact: map[string]int{}, gtins: map[string]int{}} }

// share notes the code of the item that begins on line, and warns if the till
// will have to ask because of it.
func (c codes) share(f *findings, line, cellLine int, column, code string) {
	gtin := barcode.Trimmed(code)
	if first := c.exact[code]; first > 0 {
		f.warn(cellLine, column, "barcode_shared", "%s is on line %d as well: the till will ask which item is meant", code, first)
	} else if first := c.gtins[gtin]; first > 0 && first != line {
		f.warn(cellLine, column, "barcode_same_gtin", "%s and a code on line %d differ only in zeros at the front: the till may ask", code, first)
	}
	if c.exact[code] == 0 {
		c.exact[code] = line
	}
	if c.gtins[gtin] == 0 {
		c.gtins[gtin] = line
	}
}
