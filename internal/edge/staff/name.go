package staff

import (
	"unicode/utf8"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

// MaxName is the longest name in characters.
const MaxName = 60

// CheckName refuses (422) what is no name of a person or a terminal, by the
// rules of a reason (sale.CheckReason), because it stands in the same lists:
// name_invalid for nothing, too much, or characters that are not seen;
// looks_like_card_number.
func CheckName(name string) error {
	reason := sale.CheckReason(name)
	if fault.CodeOf(reason) == "looks_like_card_number" {
		return fault.New(fault.Invalid, "looks_like_card_number", "this name holds what may be a card's number").At("name").
			Advise("leave the number out: it must not be kept")
	}
	if reason != nil || utf8.RuneCountInString(name) > MaxName {
		return fault.New(fault.Invalid, "name_invalid", "a name is 1 to %d characters in one line, all of which can be seen", MaxName).At("name")
	}
	return nil
}
