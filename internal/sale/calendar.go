package sale

import "time"

// Calendar turns instants into business dates. A shop that closes after
// midnight lets its day start later than 00:00, so that the last customers count
// on the evening's day.
type Calendar struct {
	Zone     *time.Location
	DayStart time.Duration // after local midnight
}

// Date is the business date of an instant, YYYY-MM-DD: the local date of
// (now − DayStart).
func (c Calendar) Date(now time.Time) string {
	return now.Add(-c.DayStart).In(c.Zone).Format(time.DateOnly)
}
