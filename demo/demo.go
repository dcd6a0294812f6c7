// Package demo ships the catalogue of the demonstration store: what a
// Vietnamese convenience store sells, with real barcodes, in the format that
// `store-edge seed --file` reads. It is data and holds no state; the store's
// database is the authority once it is loaded. README.md beside it says where
// codes, names and prices come from, and which prices are estimates.
//
// What may go wrong is an edit of the file. The test reads it as a store would
// and refuses anything that is worth so much as a warning.
package demo

import _ "embed" // catalogue.csv

// Catalogue is the file catalogue.csv: UTF-8 without a byte order mark, prices
// in whole đồng with VAT included, opening stock in units or kilograms. Read
// only: every caller shares the bytes.
//
//go:embed catalogue.csv
var Catalogue []byte
