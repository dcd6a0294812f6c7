package disk

// Level says how urgent a disk is.
type Level int

// The levels, from well to urgent.
const (
	Ample    Level = iota
	Low            // act soon
	Critical       // act now: not ready for sales any more
)

// String is the level's name in logs.
func (l Level) String() string {
	switch l {
	case Low:
		return "low"
	case Critical:
		return "critical"
	default:
		return "ample"
	}
}

// Room is what a file system has, in bytes. Free is what is left to PostgreSQL's
// account, which may not use what is reserved for root.
type Room struct {
	Free  int64 `json:"free_bytes"`
	Total int64 `json:"total_bytes"`
}

const (
	lowPercent, criticalPercent = 10, 3

	// What PostgreSQL needs does not grow with the disk: on a large one the shares
	// would call tens of GiB full.
	lowMost      int64 = 5 << 30
	criticalMost int64 = 1 << 30

	lowBytes      int64 = 2 << 30
	criticalBytes int64 = 512 << 20

	// On a small volume the limits in bytes would be most of it, and a shop on
	// one would never be ready: there they are shares of the whole, too.
	lowSmallPercent, criticalSmallPercent = 25, 10
)

// Level is low below 10 %, but at least 2 GiB and at most 5 GiB, and critical
// below 3 %, but at least 512 MiB and at most 1 GiB. The least are at most 25 %
// and 10 % of the volume: volumes of less than 8 GiB (5 GiB) are measured by
// shares alone.
func (r Room) Level() Level {
	switch {
	case r.Free < limit(r.Total, criticalPercent, criticalMost, criticalBytes, criticalSmallPercent):
		return Critical
	case r.Free < limit(r.Total, lowPercent, lowMost, lowBytes, lowSmallPercent):
		return Low
	}
	return Ample
}

func limit(total, percent, most, least, smallPercent int64) int64 {
	return max(min(most, share(total, percent)), min(least, share(total, smallPercent)))
}

// share is percent of total, without overflow.
func share(total, percent int64) int64 { return total/100*percent + total%100*percent/100 }

// After is the level to tell now, when was is what was told last: a worse one at
// once, a better one only with a tenth of the free space to spare.
func (r Room) After(was Level) Level {
	now := r.Level()
	if now >= was {
		return now
	}
	return min(was, Room{r.Free - r.Free/10, r.Total}.Level())
}
