package scenario

import (
	"regexp"
	"strconv"

	"tiem/internal/fault"
)

// form is a kind of sentence.
type form struct {
	pattern  *regexp.Regexp
	examples []string
	read     func(s *Scenario, m []string) error
}

const (
	number = `([0-9]+(?:\.[0-9]+)?|[a-z]+)`
	length = `((?:[0-9]+(?:\.[0-9]+)?|[a-z]+) (?:s|sec|seconds?|min|minutes?))`
)

func sentence(pattern string, read func(*Scenario, []string) error, examples ...string) form {
	return form{regexp.MustCompile(`^` + pattern + `$`), examples, read}
}

var sentences = []form{
	sentence(number+` tills? sells?(?: at `+number+` sales? a second)?`, readTills, "five tills sell", "five tills sell at 2 sales a second"),
	sentence(`people work `+number+` times as fast(?: as people do)?`, readSpeed, "people work 20 times as fast as people do"),
	sentence(`after `+length+` the cable is pulled for `+length, readPulled, "after 20 s the cable is pulled for 30 s"),
	sentence(`after `+length+` the line carries `+number+` kbit/s(?: for `+length+`)?`, readSlow, "after 20 s the line carries 64 kbit/s for 30 s"),
	sentence(`after `+length+` the line flaps(?: for `+length+`)?: `+length+` down, `+length+` up`, readFlap, "after 20 s the line flaps for 30 s: 2 s down, 3 s up"),
	sentence(`after `+length+` (hq|the edge) dies(?: for `+length+`)?`, readServer, "after 20 s HQ dies for 10 s", "after 20 s the edge dies for 3 s"),
	sentence(`after `+length+` (hq|the edge)'s postgresql dies`, readDatabase, "after 20 s the edge's PostgreSQL dies", "after 20 s HQ's PostgreSQL dies"),
	sentence(`after `+length+` a till dies`, readDead, "after 20 s a till dies"),
	sentence(`after `+length+` the shop closes`, readCloses, "after 60 s the shop closes"),
	sentence(`after `+number+` sales the shop closes`, readSales, "after 500 sales the shop closes"),
	sentence(`at the end everything is at hq, in order`, func(s *Scenario, _ []string) error { s.AtHQ = true; return nil },
		"at the end everything is at HQ, in order"),
}

func readTills(s *Scenario, m []string) (err error) {
	if s.Tills != 0 {
		return twice("how many tills sell")
	}
	if s.Tills, err = whole(m[0], MaxTills); err == nil && m[1] != "" {
		s.Rate, err = positive(m[1])
	}
	return err
}

func readSpeed(s *Scenario, m []string) (err error) {
	if s.Speed != 0 {
		return twice("how fast people work")
	}
	s.Speed, err = positive(m[0])
	return err
}

func readPulled(s *Scenario, m []string) error { return s.add(Event{Kind: Pulled}, m[0], m[1]) }

func readSlow(s *Scenario, m []string) error {
	kbit, err := positive(m[1])
	if err != nil {
		return err
	}
	if kbit*1000 < minBits || kbit*1000 > maxBits {
		return fault.New(fault.Usage, "scenario_number", "a line carries 1 to %d kbit/s", maxBits/1000)
	}
	return s.add(Event{Kind: Slow, Bits: int(kbit * 1000)}, m[0], m[2])
}

func readFlap(s *Scenario, m []string) (err error) {
	e := Event{Kind: Flap}
	if e.Down, err = span(m[2]); err == nil {
		e.Up, err = span(m[3])
	}
	if err != nil {
		return err
	}
	if e.Down < minFlap || e.Up < minFlap {
		return fault.New(fault.Usage, "scenario_number", "a line is down and up for at least %s each", minFlap)
	}
	return s.add(e, m[0], m[1])
}

func readServer(s *Scenario, m []string) error {
	part := HQ
	if m[1] != "hq" {
		part = Edge
	}
	e := Event{Kind: Dying, Part: part, Lasts: defaultOff}
	return s.add(e, m[0], m[2])
}

func readDatabase(s *Scenario, m []string) error {
	part := HQDatabase
	if m[1] != "hq" {
		part = EdgeDatabase
	}
	return s.add(Event{Kind: Dying, Part: part}, m[0], "")
}

func readDead(s *Scenario, m []string) error { return s.add(Event{Kind: Dead}, m[0], "") }

func readCloses(s *Scenario, m []string) (err error) {
	if s.Closes != 0 || s.Sales != 0 {
		return twice("when the shop closes")
	}
	s.Closes, err = span(m[0])
	return err
}

func readSales(s *Scenario, m []string) (err error) {
	if s.Closes != 0 || s.Sales != 0 {
		return twice("when the shop closes")
	}
	s.Sales, err = whole(m[0], maxSales)
	return err
}

// add gives an event its time, and its length if the sentence has one.
func (s *Scenario) add(e Event, at, lasts string) (err error) {
	if e.At, err = span(at); err == nil && lasts != "" {
		e.Lasts, err = span(lasts)
	}
	if err == nil {
		s.Events = append(s.Events, e)
	}
	return err
}

func twice(what string) error {
	return fault.New(fault.Usage, "scenario_twice", "it was said before %s", what)
}

// count reads a number, in digits or written out.
func count(text string) (float64, error) {
	if n, ok := words[text]; ok {
		return float64(n), nil
	}
	if text[0] < '0' || text[0] > '9' { // ParseFloat knows words of its own, such as nan
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

func positive(text string) (float64, error) {
	n, err := count(text)
	if err != nil || n <= 0 || n > 1e6 {
		return 0, fault.New(fault.Usage, "scenario_number", "%q is not a number between 0 and a million", text)
	}
	return n, nil
}

func whole(text string, most int) (int, error) {
	n, err := count(text)
	if err != nil || n < 1 || n > float64(most) || n != float64(int(n)) {
		return 0, fault.New(fault.Usage, "scenario_number", "%q is not a whole number from 1 to %d", text, most)
	}
	return int(n), nil
}
