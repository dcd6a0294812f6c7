// Package barcode knows what the text under a bar code may look like.
//
// A barcode is text and never a number: zeros at its front are part of it, and
// a spreadsheet that made it a number has broken it. The package judges text
// only. It keeps no state, reads no catalogue and does not decide what an item
// is; the catalogue is the authority for that.
//
// Two strengths of rule live here, because the shelf is not tidy:
//
//   - Check says what can be a barcode at all. What it refuses came from an
//     input method, a damaged scan or an attack, and is never looked up or stored.
//   - Everything else is an observation for a warning. Shops invent codes,
//     cartons carry the code of the pack with a digit changed, and a till that
//     refuses them stops a queue: warn, do not refuse.
//
// The numbers are those of the GS1 General Specifications: GTIN-8, GTIN-12
// (UPC-A), GTIN-13 (EAN-13) and GTIN-14 with a mod-10 check digit (section 7.9),
// and the prefixes 20–29, which every shop gives out for itself.
//
// UPC-E is never expanded. Its eight digits cannot be told from an EAN-8's, a
// scanner may send either its short or its twelve-digit form, and a wrong
// guess sells another product. A short code is found under the text that the
// shop stored for it, or it is not found.
package barcode
