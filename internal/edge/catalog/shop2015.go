package catalog

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tiem/internal/money"
)

// The 2015 shop is two tables of an older program: products, each with at most
// one barcode, and the units in which a product is sold, each with a price of
// its own (a case of 32 packs, and one pack of it). A row of the second table is
// what this package calls an item; the first gives it name, code and category.
//
// # Which unit has the barcode
//
// The largest one, that has no parent. In the shop's own data 139 of 140
// product names begin with that unit's word ("Thùng …" is a case, "Gói …" a
// pack) and none begins with a part's; the 140th has a GTIN-14, which is a
// case's. Packs with a code are products of their own. So an opened case's pack
// has no code here, and scanning a pack never sells a case.
//
// # Stock
//
// Each unit has a stock of its own. That is what can be known: the file has no
// stock, a case's price is not factor × a pack's, and nobody recorded when a
// case was opened.
//
// # What the file does not say
//
// No tax code (one is given for the whole file), no age limit, no stock, and
// what its numbers of categories mean. Ids are numbers of that one shop, so they
// become SKUs with the format's name in front.

// DefaultTaxCode is what an item of a file without tax codes gets, unless the
// caller knows better.
const DefaultTaxCode = "STANDARD"

var shopProducts = layout{
	all:      []string{"id", "barcode", "name", "type_id_as_stored", "deleted_flag", "barcode_len", "check_digit_ok"},
	required: []string{"id", "barcode", "name", "deleted_flag"},
	numbers:  []string{"id", "barcode_len"},
}

var shopUnits = layout{
	all:      []string{"price_id", "product_id", "parent_price_id", "unit_name", "qty_in_parent", "price_vnd", "cumulative_factor"},
	required: []string{"price_id", "product_id", "parent_price_id", "unit_name", "qty_in_parent", "price_vnd"},
	numbers:  []string{"price_id", "product_id", "parent_price_id", "qty_in_parent", "price_vnd"},
}

var shopID = regexp.MustCompile(`^[0-9]{1,10}$`)

// ReadShop2015 reads the 2015 shop: its products, and its units with their
// prices. All items get taxCode, which the caller has checked. Rows, problems,
// limits and the error are ReadCSV's, the limits for each file; a Problem's File
// is "products" or "units", a Row's Line is of the units. A product that is
// marked deleted, or has no unit, is a warning and no item.
func ReadShop2015(products, units io.Reader, taxCode string) ([]Row, []Problem, error) {
	return readShop2015(products, units, taxCode, fileLimits)
}

func readShop2015(products, units io.Reader, taxCode string, lim limits) ([]Row, []Problem, error) {
	s := &shop2015{products: openCSV(products, "products", shopProducts, lim), units: openCSV(units, "units", shopUnits, lim),
		byID: map[string]*shopProduct{}, unitByID: map[string]*shopUnit{}}
	if err := s.products.eachRow(s.readProduct); err != nil {
		return nil, nil, err
	}
	if err := s.units.eachRow(s.readUnit); err != nil {
		return nil, nil, err
	}
	if !s.refused() {
		s.link()
	}
	var rows []Row
	if !s.refused() {
		s.observe(taxCode)
		rows = s.rows(taxCode)
	}
	if !s.refused() && len(rows) == 0 {
		s.units.fail(1, "", "csv_empty", "no product is for sale: all are marked deleted, or none has a unit")
	}
	return rows, slices.Concat(s.products.problems(), s.units.problems()), nil
}

// shop2015 is one reading of the two files.
type shop2015 struct {
	products, units *csvFile

	byID     map[string]*shopProduct
	list     []*shopProduct // as in the file
	unitByID map[string]*shopUnit
	unitList []*shopUnit // as in the file
}

func (s *shop2015) refused() bool { return s.products.refused() || s.units.refused() }

type shopProduct struct {
	line, codeLine int
	id, name       string
	barcode        string // empty: none
	category       string
	deleted        bool
	units          []*shopUnit // once linked
}

func (p *shopProduct) sold() bool { return !p.deleted && len(p.units) > 0 }

type shopUnit struct {
	line, priceLine int
	id, name        string
	productID       string
	parentID        string // empty: the product's largest unit
	quantity        int64  // in the parent
	price           money.Amount

	product *shopProduct // once linked
	parent  *shopUnit    // once linked; nil: the largest unit
}

func (s *shop2015) readProduct() {
	f := s.products
	p := &shopProduct{line: f.line, codeLine: f.cellLine("barcode"),
		id:      f.id("id", required),
		barcode: f.productBarcode(),
		// An item's name is this and, for a part, a comma and the unit.
		name:     f.text("name", maxName-len(", ")-maxUnit),
		category: f.shopCategory(),
		deleted:  f.yes("deleted_flag"),
	}
	switch first := s.byID[p.id]; {
	case p.id == "": // told already
	case first != nil:
		f.failCell("id", "id_duplicate", "product %s is on line %d already", p.id, first.line)
	default:
		s.byID[p.id] = p
		s.list = append(s.list, p)
	}
}

func (s *shop2015) readUnit() {
	f := s.units
	u := &shopUnit{line: f.line, priceLine: f.cellLine("price_vnd"),
		id:        f.id("price_id", required),
		productID: f.id("product_id", required),
		parentID:  f.id("parent_price_id", optional),
		name:      norm.NFC.String(strings.ToLower(f.text("unit_name", maxUnit))), // the shop has both Gói and gói
		quantity:  f.quantityInParent(),
		price:     f.price("price_vnd"),
	}
	switch first := s.unitByID[u.id]; {
	case u.id == "": // told already
	case first != nil:
		f.failCell("price_id", "id_duplicate", "price %s is on line %d already", u.id, first.line)
	default:
		s.unitByID[u.id] = u
		s.unitList = append(s.unitList, u)
	}
}

type presence bool

const (
	required presence = true
	optional presence = false
)

// id is a number of the older program, as text: 1 to 10 digits. It is empty if
// it was refused, or is optional and not there.
func (f *csvFile) id(column string, must presence) string {
	text, ok := f.cell(column)
	if !ok || text == "" && must == optional {
		return ""
	}
	if !shopID.MatchString(text) {
		f.failCell(column, "id_invalid", "%.40q is not an id: 1 to 10 digits", text)
		return ""
	}
	return text
}

// productBarcode is a product's one code. barcode_len is how many characters it
// had when it was exported: fewer now means that a spreadsheet took a barcode
// for a number.
func (f *csvFile) productBarcode() string {
	code, ok := f.cell("barcode")
	if !ok || code == "" {
		return ""
	}
	if strings.Contains(code, "|") {
		f.failCell("barcode", "barcode_several", "%.60q looks like several barcodes; in this format a product has one", code)
		return ""
	}
	if !f.barcode("barcode", code, nil) {
		return ""
	}
	if length, ok := f.cell("barcode_len"); ok && length != "" && length != strconv.Itoa(len(code)) {
		f.failCell("barcode", "barcode_length_differs",
			"%s has %d characters and barcode_len says %.20q: zeros at its front were lost; export the file again and keep the column as text", code, len(code), length)
	}
	return code
}

// shopCategory names a category by its number, for lack of anything better.
func (f *csvFile) shopCategory() string {
	const kind = "Loại "
	text, ok := f.short("type_id_as_stored", maxCategory-utf8.RuneCountInString(kind))
	if !ok || text == "" {
		return "Chưa phân loại"
	}
	return kind + text
}

func (f *csvFile) quantityInParent() int64 {
	text, ok := f.cell("qty_in_parent")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 || n > 100_000 || text[0] == '+' {
		f.failCell("qty_in_parent", "qty_in_parent_invalid", "%.40q is not a number of pieces: 1 to 100000", text)
		return 0
	}
	return n
}

// rows are the items, in the order of the units.
func (s *shop2015) rows(taxCode string) []Row {
	var rows []Row
	for _, u := range s.unitList {
		if !u.product.sold() {
			continue
		}
		row := Row{Line: u.line, SKU: fmt.Sprintf("SHOP2015-%s-%s", u.product.id, u.id), Name: u.product.name, Unit: u.name,
			Price: u.price, PriceSource: "observed", TaxCode: taxCode, Category: u.product.category}
		switch {
		case u.parent != nil:
			row.Name += ", " + u.name
		case u.product.barcode != "":
			row.Barcodes = []string{u.product.barcode}
		}
		rows = append(rows, row)
	}
	return rows
}
