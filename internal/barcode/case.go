package barcode

// CaseOf says whether outer is a GTIN-14 that GS1 derives from the GTIN-13
// inner: a packing indicator 1–8, then inner's first twelve digits. The two are
// then a case and the unit inside it, which never cost the same.
func CaseOf(outer, inner string) bool {
	return KindOf(outer) == GTIN14 && KindOf(inner) == GTIN13 &&
		outer[0] >= '1' && outer[0] <= '8' && outer[1:13] == inner[:12]
}
