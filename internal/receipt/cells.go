package receipt

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Width is how many cells a line has: an 80 mm printer with its usual font.
const Width = 42

// clean makes text one line of printable characters: composed, without control
// and format characters, and with single blanks.
func clean(text string) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, "?"))
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r): // joiners and marks of direction
			return -1
		case unicode.IsControl(r), unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// cells is how wide clean text is on paper.
func cells(text string) int {
	n := 0
	for _, r := range text {
		n += cellsOf(r)
	}
	return n
}

func cellsOf(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// wrap breaks clean text into lines of at most limit cells, at blanks if it can.
func wrap(text string, limit int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && cells(line)+1+cells(word) <= limit {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; cells(line) > limit; {
			n := cut(line, limit)
			lines, line = append(lines, line[:n]), line[n:]
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// cut is the length in bytes of the longest beginning of text that fits into
// limit cells, at least one character; marks stay with their letter.
func cut(text string, limit int) int {
	used := 0
	for i, r := range text {
		used += cellsOf(r)
		if used > limit && i > 0 {
			return i
		}
	}
	return len(text)
}
