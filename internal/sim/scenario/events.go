package scenario

import (
	"fmt"
	"time"

	"tiem/internal/fault"
)

// Check finds events that can never happen where so many tills sell and the shop
// closes after so long (0: after its sales): a fault of kind Usage.
func Check(events []Event, tills int, closes time.Duration) error {
	for _, e := range events {
		if closes > 0 && e.At >= closes {
			return fault.New(fault.Usage, "scenario_too_late", "%s: that never happens, the shop closes after %s", e.Words(), closes)
		}
		if e.Kind == Dead && tills < 2 {
			return fault.New(fault.Usage, "scenario_alone", "%s: that never happens, a till that is alone has nobody who would take over its basket", e.Words()).
				Advise("let two tills sell at least")
		}
	}
	return nil
}

// Covers is how long a shop must be open so that all events happen, and one sees
// what comes after; what has no end is seen for a while.
func Covers(events []Event) time.Duration {
	const seen, after = 30 * time.Second, 20 * time.Second
	var last time.Duration
	for _, e := range events {
		lasts := e.Lasts
		if lasts == 0 && (e.Kind == Slow || e.Kind == Flap) {
			lasts = max(seen, 2*(e.Down+e.Up))
		}
		last = max(last, e.At+lasts)
	}
	return last + after
}

// Words are the event for people.
func (e *Event) Words() string {
	what := string(e.Kind)
	switch e.Kind {
	case Pulled:
		what = "the cable is pulled"
	case Slow:
		what = fmt.Sprintf("the line carries %g kbit/s", float64(e.Bits)/1000)
	case Flap:
		what = "the line flaps"
	case Dying:
		what = string(e.Part) + " dies"
	case Dead:
		what = "a till dies"
	}
	return fmt.Sprintf("after %s %s", e.At, what)
}
