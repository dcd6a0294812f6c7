package doctor

import (
	"fmt"
	"time"
)

// How far two clocks may differ. A receipt may be some seconds off, which the
// program's own log says, too (package line); by a minute somebody must act, or
// one day a sale stands on the wrong business date and at the wrong tax rate.
const (
	clockWarn = 2 * time.Second
	clockFail = time.Minute
)

// ClockStatus judges the difference of two clocks.
func ClockStatus(offset time.Duration) Status {
	switch d := offset.Abs(); {
	case d >= clockFail:
		return Fail
	case d >= clockWarn:
		return Warn
	}
	return OK
}

// Offset is a difference of clocks in words.
func Offset(d time.Duration) string {
	switch {
	case d.Abs() < time.Second:
		return "within a second"
	case d > 0:
		return fmt.Sprintf("%s ahead", Age(d))
	}
	return fmt.Sprintf("%s behind", Age(-d))
}

// Age is a duration for people: its two largest units at most.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}

// ClockAdvice is what to do about a clock that is off.
const ClockAdvice = "let the machine keep its clock by NTP (timedatectl set-ntp true); time orders nothing here, but it stands on receipts and decides business dates"
