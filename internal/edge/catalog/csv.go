package catalog

import (
	"io"
	"strings"
	"unicode"
)

// csvLayout is the catalogue format of Tiệm's own.
var csvLayout = layout{
	all: []string{
		"sku", "unit", "barcodes", "name", "price", "price_source", "tax_code", "category", "age_restricted", "opening_stock",
	},
	required: []string{"sku", "unit", "barcodes", "name", "price", "tax_code", "category"},
	numbers:  []string{"price", "opening_stock"},
	lists:    []string{"barcodes"},
}

// ReadCSV reads a catalogue file: UTF-8, commas, the first row names the
// columns (csvLayout, in any order). It checks every cell and reports all it
// finds, by line and column. Rows come back only if no problem is an error:
// with one, there are none, so that nothing is ever half-applied.
//
// Reading stops at MaxBytes and MaxRows, each of them a problem; memory stays
// within a small multiple of the former. The error is fault.Internal with the
// code csv_unreadable, and only for a failing r.
func ReadCSV(r io.Reader, taxCodes []string) ([]Row, []Problem, error) {
	return readCSV(r, taxCodes, fileLimits)
}

func readCSV(r io.Reader, taxCodes []string, lim limits) ([]Row, []Problem, error) {
	c := &catalogueFile{csvFile: openCSV(r, "", csvLayout, lim), taxCodes: taxCodes, skus: map[string]int{}, codes: newCodes()}
	if err := c.eachRow(c.readRow); err != nil {
		return nil, nil, err
	}
	if c.refused() {
		c.rows = nil
	}
	return c.rows, c.problems(), nil
}

// catalogueFile is one reading of one file of this format.
type catalogueFile struct {
	*csvFile

	taxCodes []string
	rows     []Row
	skus     map[string]int // → line of the first
	codes    codes
}

func (c *catalogueFile) readRow() {
	row := Row{
		Line:          c.line,
		SKU:           c.sku(c.skus),
		Name:          c.text("name", maxName),
		Unit:          c.text("unit", maxUnit),
		Barcodes:      c.readBarcodes(),
		Price:         c.price("price"),
		PriceSource:   c.oneOf("price_source", "price_source_invalid", []string{"observed", "estimate"}, "observed"),
		TaxCode:       c.oneOf("tax_code", "tax_code_unknown", c.taxCodes, ""),
		Category:      c.text("category", maxCategory),
		AgeRestricted: c.yes("age_restricted"),
		OpeningStock:  c.stock("opening_stock"),
	}
	if c.refused() {
		c.rows = nil // of no use any more
		return
	}
	c.rows = append(c.rows, row)
}

// readBarcodes takes the cell's codes apart at | and at blanks; none is fine.
func (c *catalogueFile) readBarcodes() []string {
	text, ok := c.cell("barcodes")
	if !ok {
		return nil
	}
	var list []string
	for _, code := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || unicode.IsSpace(r) }) {
		if !c.barcode("barcodes", code, list) {
			continue
		}
		c.codes.share(&c.findings, c.line, c.cellLine("barcodes"), "barcodes", code)
		list = append(list, code)
	}
	return list
}
