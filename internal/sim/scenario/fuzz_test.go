package scenario

import (
	"testing"
	"time"

	"tiem/internal/fault"
)

// What is understood can be played: times and numbers are within their limits.
// What is not is a usage fault with a code.
func FuzzParse(f *testing.F) {
	f.Add("five tills sell\nafter 60 s the shop closes\nafter 1 s the cable is pulled for 30 s")
	f.Add("# x\na till sells at 0.5 sales a second\nafter 9 sales the shop closes\nafter 2 min the line flaps: 2 s down, 3 s up")
	f.Add("1 till sells\nafter nan s a till dies")
	f.Add(Understood())
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			mustBeUsage(t, err)
			return
		}
		if s.Tills < 1 || s.Tills > MaxTills || s.Sales < 0 || !(s.Rate >= 0) || !(s.Speed >= 0) {
			t.Fatalf("%+v", s)
		}
		for _, e := range s.Events {
			mustBePlayable(t, e)
		}
	})
}

func FuzzFlags(f *testing.F) {
	for _, seed := range []string{"30s@60s", "64kbit@1s+3s", "2s/3s@60s…", "nankbit", "1e400kbit", "9223372036854775807ns"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (Event, error){ParseCut, ParseSlow, ParseFlap} {
			e, err := parse(text)
			if err != nil {
				mustBeUsage(t, err)
				continue
			}
			mustBePlayable(t, e)
		}
	})
}

func mustBeUsage(t *testing.T, err error) {
	t.Helper()
	if fault.ExitCode(err) != 2 || fault.CodeOf(err) == "" {
		t.Fatal(err)
	}
}

func mustBePlayable(t *testing.T, e Event) {
	t.Helper()
	ok := e.At >= 0 && e.At <= maxTime && e.Lasts >= 0 && e.Lasts <= maxTime
	switch e.Kind {
	case Pulled:
		ok = ok && e.Lasts > 0
	case Slow:
		ok = ok && e.Bits >= minBits && e.Bits <= maxBits
	case Flap:
		ok = ok && e.Down >= minFlap && e.Up >= minFlap && e.Down <= maxTime
	case Dying, Dead:
	}
	_, next := At([]Event{e}, e.At+time.Second)
	if !ok || next < 0 {
		t.Fatalf("%+v", e)
	}
}
