package catalog

import (
	"tiem/internal/money"
	"tiem/internal/sale"
)

// Row is one item as a catalogue file has it, every field checked.
type Row struct {
	Line          int    // physical line of the file on which the item's price stands; the header is 1
	SKU           string // [A-Za-z0-9._-]{1,40}, unique in the file
	Name          string // Unicode NFC without blanks at its ends, at most 200 characters
	Unit          string // at most 20 characters
	Barcodes      []string
	Price         money.Amount // VAT included, of one unit, 0 … money.Max
	PriceSource   string       // "observed" or "estimate"
	TaxCode       string       // one of those given to the reader
	Category      string       // at most 60 characters
	AgeRestricted bool
	OpeningStock  sale.Quantity // zero: none is stated
}

// What a Row's texts may hold, in characters; the schema's columns are text.
const (
	maxName     = 200
	maxUnit     = 20
	maxCategory = 60
)
