package barcode

// RestrictedCirculation says whether text is an EAN-13 with a prefix 20–29:
// a number that the shop gave out itself, mostly with a weight or a price in
// its digits. Such a code means nothing in another shop, and without a rule
// that takes it apart it names one pack and not a product. A wrong check digit
// does not matter: the prefix says whose the number is.
func RestrictedCirculation(text string) bool {
	return KindOf(text) == GTIN13 && text[0] == '2'
}
