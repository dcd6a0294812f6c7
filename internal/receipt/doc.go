// Package receipt writes a sale's receipt as plain text for a till's printer:
// lines of at most 42 cells, UTF-8, each ended by a newline. It is pure: the
// sale, the shop's zone and the time of printing are arguments, so the same
// print is the same bytes.
//
// # What it must not do
//
// It decides nothing. Sums, VAT and change are the sale's own, as they were fixed
// when it was finalized. Which print is the original and which a copy is counted by
// the checkout, which commits the print before it hands the text out; here a copy
// is only marked, in Vietnamese and English at once, above and below, because
// whoever checks a receipt may hold either end of it.
//
// # Cells
//
// A printer has cells, not bytes or runes. Text is normalised (NFC), so that «ế»
// is one rune however it was typed; a combining mark that is left has no cell of
// its own; a full-width character has two. Control characters become blanks: a
// name from a file must not open the cash drawer. Names that are too long go on
// in the next line, at a blank if there is one.
package receipt
