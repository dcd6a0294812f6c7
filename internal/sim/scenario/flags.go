package scenario

import (
	"strconv"
	"strings"
	"time"

	"tiem/internal/fault"
)

// ParseCut reads --cut: how long the cable is pulled, and from when on, such as
// 30s@60s; without @ from the beginning.
func ParseCut(text string) (Event, error) {
	lasts, at, ok := strings.Cut(text, "@")
	e := Event{Kind: Pulled}
	var err error
	if e.Lasts, err = duration(lasts); err == nil && ok {
		e.At, err = moment(at)
	}
	if err != nil {
		return Event{}, flagFault("--cut", text, "30s@60s: after 60 s the cable is pulled for 30 s")
	}
	return e, nil
}

// ParseSlow reads --slow: a speed, such as 64kbit or 2Mbit a second, from when on
// (@60s) and for how long (+30s); without these from the beginning, to the end.
func ParseSlow(text string) (Event, error) {
	speed, when, _ := strings.Cut(text, "@")
	e := Event{Kind: Slow}
	var err error
	if e.Bits, err = bits(speed); err == nil {
		err = e.when(text, when)
	}
	if err != nil {
		return Event{}, flagFault("--slow", text, "64kbit, 64kbit@60s (from then on), or 64kbit@60s+30s (for 30 s)")
	}
	return e, nil
}

// ParseFlap reads --flap: how long the line is down and up in each round, such as
// 2s/3s, from when on (@60s, also @60s…) and for how long (+30s).
func ParseFlap(text string) (Event, error) {
	round, when, _ := strings.Cut(text, "@")
	down, up, _ := strings.Cut(round, "/")
	e := Event{Kind: Flap}
	var err error
	if e.Down, err = duration(down); err == nil {
		e.Up, err = duration(up)
	}
	if err == nil {
		err = e.when(text, when)
	}
	if err != nil || e.Down < minFlap || e.Up < minFlap {
		return Event{}, flagFault("--flap", text, "2s/3s (2 s down, 3 s up), 2s/3s@60s, or 2s/3s@60s+30s; each at least "+minFlap.String())
	}
	return e, nil
}

// when reads what stands behind the @.
func (e *Event) when(text, when string) (err error) {
	if !strings.Contains(text, "@") {
		return nil
	}
	at, lasts, limited := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(when, "…"), "..."), "+")
	if e.At, err = moment(at); err == nil && limited {
		e.Lasts, err = duration(lasts)
	}
	return err
}

// duration is more than nothing and at most a day.
func duration(text string) (time.Duration, error) {
	d, err := moment(text)
	if err == nil && d == 0 {
		err = strconv.ErrRange
	}
	return d, err
}

func moment(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && (d < 0 || d > maxTime) {
		err = strconv.ErrRange
	}
	return d, err
}

// bits reads a speed in bits a second.
func bits(text string) (int, error) {
	factor := 0.0
	number := ""
	for _, unit := range []struct {
		name string
		bits float64
	}{{"kbit/s", 1e3}, {"mbit/s", 1e6}, {"kbit", 1e3}, {"mbit", 1e6}, {"bit", 1}} {
		if rest, ok := strings.CutSuffix(strings.ToLower(text), unit.name); ok {
			number, factor = rest, unit.bits
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err == nil && !(n*factor >= minBits && n*factor <= maxBits) {
		err = strconv.ErrRange
	}
	return int(n * factor), err
}

func flagFault(flag, text, understood string) error {
	return fault.New(fault.Usage, "usage", "%s %q is not understood", flag, text).Advise("%s understands %s", flag, understood)
}
