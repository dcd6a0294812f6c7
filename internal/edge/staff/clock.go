package staff

import "time"

// ClockSlack is how far ahead of the clock something may have been granted: a
// session, an approval, a pairing code. What lies further ahead was granted while
// the clock was wrong, and would outlive its time by as much once it is right.
const ClockSlack = 5 * time.Minute
