// Package catalog is what the store sells: loading it from a file, finding an
// item by its barcode, and searching it.
//
// An item is what has a price: one sku in one unit. A can and a case of cans are
// two items, because a case's price is rarely twenty-four times the can's. An
// item may have many barcodes, and shops have one barcode on two items; so a
// look-up can be ambiguous, and then a person decides.
//
// A barcode is text. It is looked up exactly as scanned first; if nothing has
// it, both sides are compared without leading zeros, because scanners and
// spreadsheets lose them.
//
// An item's id is a UUIDv5 of its sku, so every shop and HQ agree on it without
// asking each other.
//
// A file is read to its end before anything is written, in one of two formats
// (docs/catalogue-formats.md): ReadCSV and ReadShop2015 check every cell and
// return rows or errors, never both. What is odd but can be sold is a warning.
// Loader.Load then writes all rows in one transaction.
package catalog
