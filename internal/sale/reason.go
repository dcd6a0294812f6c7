package sale

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tiem/internal/fault"
)

// MaxReason is the longest reason in characters.
const MaxReason = 200

// CheckReason refuses (422) what is no reason: reason_invalid for nothing, too
// much or control characters, looks_like_card_number for what must not be kept.
func CheckReason(text string) error {
	invalid := fault.New(fault.Invalid, "reason_invalid", "a reason is 1 to %d characters in one line", MaxReason).At("reason").
		Advise("say why in a few words")
	if strings.TrimSpace(text) == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > MaxReason {
		return invalid
	}
	for _, r := range text {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return invalid
		}
	}
	if LooksLikeCardNumber(text) {
		return fault.New(fault.Invalid, "looks_like_card_number", "this reason holds what may be a card's number").At("reason").
			Advise("leave the number out: it must not be kept")
	}
	return nil
}
