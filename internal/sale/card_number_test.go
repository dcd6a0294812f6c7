package sale_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

// The networks' published test numbers, as people write them.
var cardNumbers = []string{
	"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111–1111 – 1111\u00a01111", "４１１１１１１１１１１１１１１１",
	"5555555555554444", "2223003122003222", "378282246310005", "3782 822463 10005", "6011111111111117", "3530111333300000",
	"30569309025904", "38520000023237", "6200000000000005", "9704000000000018", "6304000000000000", "4222222222222", "36027645659344", // the last begins with 3 and has a GTIN's check digit, too

	"4111.1111.1111.1111", "4111/1111/1111/1111", "4111_1111_1111_1111", "4111,1111,1111,1111", "4111\u20091111\u20091111\u20091111", "4111·1111·1111·1111",
	"4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", "số.4111.1111.1111.1111.", "4111.1111 - 1111/1111", "lần 2: 4111.1111.1111.1111, 12/28",

	"thẻ 4111 1111 1111 1111 của khách", "số:4111111111111111.", "lần 2 4111 1111 1111 1111", "4111 1111 1111 1111 12/28", "x4111111111111111x",
}

// What cashiers do write.
var harmless = []string{
	"", "hộp móp", "giảm 10%", "khách quen 0912 345 678", "S1-T1-0000001", "1.000.000 đ", "2026-11-22 09:30", "22/11/2026", "0912.345.678", "từ 1.250.000 còn 1.000.000",
	"4111111111111112", "411111111111", "41111111111111111111", "4111.1111.1111.1112", "4111 1111 x 1111 1111", "4111 1111: 1111 1111", "4111.1111 ữ 1111.1111",
	"8934588063145", "08934588063145", "36000291452", "0036000291452", // barcodes of the shelf
	"8935868344978", "18939969551638", "4009031511246", "hàng 8935868344978 móp", // and some that are right by Luhn's rule, too
}

func TestCardNumbersAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range cardNumbers {
		require.True(t, sale.LooksLikeCardNumber(text), text)
		err := sale.CheckReason(text)
		requireCode(t, err, fault.Invalid, "looks_like_card_number")
		require.NotContains(t, err.Error(), "4111", "and not repeated")
	}
	for _, text := range harmless {
		require.False(t, sale.LooksLikeCardNumber(text), text)
	}
	for _, unseen := range []string{"\u200b", "\u2060", "\u00ad", "\ufeff", "\u0301", "\u3164"} {
		require.True(t, sale.LooksLikeCardNumber("4111"+unseen+"1111"+unseen+"1111"+unseen+"1111"), "%q", unseen)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"x", "hộp móp", `"giá" \ khác`, strings.Repeat("ữ", sale.MaxReason), "khách: 😀", "😀", "?", "5", "e\u0301", "giá ❤️"} {
		require.NoError(t, sale.CheckReason(text), text)
	}
	for name, text := range map[string]string{"nothing": "", "blanks": " \u00a0\t", "too much": strings.Repeat("ữ", sale.MaxReason+1), "a line break": "a\nb",
		"NUL": "a\x00", "an escape": "a\x1b[2J", "C1": "a\u0085b", "a line separator": "a\u2028b", "bad UTF-8": "a\xff",
		"no width": "a\u200bb", "no ink": "\u200b", "right to left": "a\u202eb", "a soft hyphen": "hộp\u00admóp", "a joiner": "👨\u200d👩", "a mark on nothing": "\u0301", "a filler": "\u3164 \u115f",
		"a braille blank": "\u2800", "a variation selector": "\ufe0f", "for private use": "\ue000"} {
		requireCode(t, sale.CheckReason(text), fault.Invalid, "reason_invalid")
		require.Equal(t, "reason", fault.As(sale.CheckReason(text)).Field, name)
	}
}

// FuzzReason holds a reason that was let through against the rules, written down
// a second time: short, one line, and without a card's number however it is
// spaced; and a card's number is found wherever it stands in a text.
func FuzzReason(f *testing.F) {
	for _, text := range append(append([]string{}, cardNumbers...), harmless...) {
		f.Add(text)
	}
	f.Add("a\nb")
	f.Add("a\xff4111111111111111")
	f.Fuzz(func(t *testing.T, text string) {
		if sale.CheckReason(text) == nil {
			require.True(t, utf8.ValidString(text))
			require.LessOrEqual(t, utf8.RuneCountInString(text), 200)
			require.NotEmpty(t, strings.TrimSpace(text))
			for _, r := range text {
				require.GreaterOrEqual(t, r, ' ')
				require.False(t, unicode.Is(unicode.Cf, r))
			}
			only := strings.Map(func(r rune) rune {
				if r == ' ' || r == '-' {
					return -1
				}
				return r
			}, text)
			if len(only) > 14 && len(only) <= 19 && strings.Trim(only, "0123456789") == "" {
				require.False(t, validLuhn(only), "%q", text)
			}
		}
		require.True(t, sale.LooksLikeCardNumber(text+". 4111-1111 1111 1111 ."+text), "%q", text)
	})
}

// validLuhn is the rule as schoolbooks have it: from the right, what doubling
// makes of each digit is in a table.
func validLuhn(digits string) bool {
	doubled := [10]int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}
	sum := 0
	for i := len(digits) - 1; i >= 0; i -= 2 {
		sum += int(digits[i] - '0')
		if i > 0 {
			sum += doubled[digits[i-1]-'0']
		}
	}
	return sum%10 == 0
}
