package sale

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tiem/internal/fault"
)

// MaxReason is the longest reason in characters.
const MaxReason = 200

// CheckReason refuses (422) what is no reason: reason_invalid for nothing that
// can be seen, too much, or control and format characters, which show a text as
// another than it is; looks_like_card_number for what must not be kept.
func CheckReason(text string) error {
	invalid := fault.New(fault.Invalid, "reason_invalid", "a reason is 1 to %d characters in one line", MaxReason).At("reason").
		Advise("say why in a few words")
	if !strings.ContainsFunc(text, isVisible) || !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxReason {
		return invalid
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return invalid
		}
	}
	if LooksLikeCardNumber(text) {
		return fault.New(fault.Invalid, "looks_like_card_number", "this reason holds what may be a card's number").At("reason").
			Advise("leave the number out: it must not be kept")
	}
	return nil
}

// isVisible tells whether r leaves ink: marks do so only on something else, and
// the fillers of some scripts, letters by name, do not.
func isVisible(r rune) bool {
	const brailleBlank = '\u2800'
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != brailleBlank
}
