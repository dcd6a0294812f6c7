package barcode

// Kind is what a barcode looks like, judged by its length and characters alone.
type Kind uint8

// The kinds. A Number has no length of a GTIN, a Text is not all digits.
const (
	Text Kind = iota
	Number
	GTIN8
	GTIN12
	GTIN13
	GTIN14
)

// KindOf says what text looks like. A GTIN's check digit may still be wrong,
// and eight digits may be a UPC-E: see CheckDigit.
func KindOf(text string) Kind {
	if !digits(text) {
		return Text
	}
	switch len(text) {
	case 8:
		return GTIN8
	case 12:
		return GTIN12
	case 13:
		return GTIN13
	case 14:
		return GTIN14
	default:
		return Number
	}
}

// String is the kind's name for people.
func (k Kind) String() string {
	switch k {
	case Number:
		return "number"
	case GTIN8:
		return "GTIN-8"
	case GTIN12:
		return "GTIN-12"
	case GTIN13:
		return "GTIN-13"
	case GTIN14:
		return "GTIN-14"
	default:
		return "text"
	}
}
