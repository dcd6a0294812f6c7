package scenario

import (
	"bufio"
	"strconv"
	"strings"
	"time"

	"tiem/internal/fault"
)

// maxText is the longest text in bytes: a page is enough for any scenario.
const maxText = 64 << 10

// Parse reads a text. The fault (kind Usage) names the line, and a sentence
// that is not understood comes with all that would be.
func Parse(text string) (*Scenario, error) {
	if len(text) > maxText {
		return nil, fault.New(fault.Usage, "scenario_too_long", "a scenario is at most %d bytes long", maxText)
	}
	s := &Scenario{}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, maxText+1)
	for n := 1; lines.Scan(); n++ {
		sentence, comment, _ := strings.Cut(lines.Text(), "#")
		if comment = strings.TrimSpace(comment); s.Title == "" {
			s.Title = comment
		}
		if sentence = plain(sentence); sentence == "" {
			continue
		}
		if err := s.read(sentence); err != nil {
			return nil, fault.As(err).At("line " + strconv.Itoa(n))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Wrap(err, fault.Usage, "scenario_unreadable", "the scenario cannot be read")
	}
	return s, s.check()
}

// plain is a sentence in lower case, without its full stop and spare blanks.
func plain(text string) string {
	return strings.ToLower(strings.TrimRight(strings.Join(strings.Fields(text), " "), ". "))
}

func (s *Scenario) read(text string) error {
	for _, form := range sentences {
		if m := form.pattern.FindStringSubmatch(text); m != nil {
			return form.read(s, m[1:])
		}
	}
	return fault.New(fault.Usage, "scenario_not_understood", "%q is not understood", text).Advise("what is understood:\n%s", Understood())
}

// Understood are examples of all sentences, one a line.
func Understood() string {
	var b strings.Builder
	for _, form := range sentences {
		for _, example := range form.examples {
			b.WriteString("  " + example + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// words are the numbers that a shopkeeper writes out.
var words = map[string]int{
	"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
}

// span reads a length of time that the pattern has let through: "20 s", "two minutes".
func span(text string) (time.Duration, error) {
	number, unit, _ := strings.Cut(text, " ")
	n, err := count(number)
	factor := time.Second
	if strings.HasPrefix(unit, "m") {
		factor = time.Minute
	}
	d := time.Duration(n * float64(factor))
	if err != nil || d <= 0 || d > maxTime {
		return 0, fault.New(fault.Usage, "scenario_number", "%q is not a length of time between 0 and a day", text)
	}
	return d, nil
}
