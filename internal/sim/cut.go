package sim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// CutKind is a way in which the line from a shop to HQ fails.
type CutKind string

// The kinds. A process that is killed closes its connections in order; a line
// does worse than that.
const (
	Refused    CutKind = "refused"     // every connection is reset, those that are open at once
	BlackHole  CutKind = "black hole"  // connections are taken and no byte moves; afterwards what was sent arrives late
	RequestCut CutKind = "request cut" // a request breaks off at its byte Cut.Bytes
	AnswerCut  CutKind = "answer cut"  // an answer breaks off at its byte Cut.Bytes: HQ has committed, nobody hears of it
	Slow       CutKind = "slow"        // Cut.Rate bytes a second, each way
)

// CutKinds are all kinds, in the order in which a report lists them.
func CutKinds() []CutKind { return []CutKind{Refused, BlackHole, RequestCut, AnswerCut, Slow} }

// Cut is one failure of the line in a plan.
type Cut struct {
	AfterSales int           // acknowledged by then
	Delay      time.Duration // from there
	Kind       CutKind
	Lasts      time.Duration
	Bytes      int // RequestCut, AnswerCut: what gets through on a connection before it breaks off
	Rate       int // Slow: bytes a second
}

// Sizes in bytes: a batch of one sale is some 4 kB, one of a backlog 300 kB; an
// answer is some 400 with its headers.
const (
	requestBytes = 6000
	answerBytes  = 300
	slowest      = 4 << 10 // bytes a second: half of a 64 kbit/s line
	fastest      = 64 << 10
)

// PlanCuts is how the line fails, and when, for a seed: the same for the same
// arguments, whatever else is planned. All kinds have their turn before one has
// its second. Cuts are in the order of their sales.
func PlanCuts(seed uint64, sales, cuts int) []Cut {
	random := rand.New(rand.NewPCG(seed, 2<<32))
	kinds := CutKinds()
	plan := make([]Cut, max(0, cuts))
	for i := range plan {
		if i%len(kinds) == 0 {
			random.Shuffle(len(kinds), func(a, b int) { kinds[a], kinds[b] = kinds[b], kinds[a] })
		}
		c := Cut{Kind: kinds[i%len(kinds)], Delay: time.Duration(random.IntN(40_000)) * time.Microsecond,
			Lasts: time.Duration(500+random.IntN(1800)) * time.Millisecond}
		switch c.Kind {
		case RequestCut:
			c.Bytes = random.IntN(requestBytes)
		case AnswerCut:
			c.Bytes = random.IntN(answerBytes)
		case Slow:
			c.Rate = slowest + random.IntN(fastest-slowest)
		case BlackHole:
			c.Lasts *= 2 // some outlast SYNC_TIMEOUT
		default:
		}
		plan[i] = c
	}
	points := planPoints(random, sales, len(plan))
	for i := range plan {
		plan[i].AfterSales = points[i]
	}
	return plan
}

// planPoints are the sales after which something happens. The first sales are
// left in peace, and so are the last: there is something to lose, and somebody
// to notice.
func planPoints(random *rand.Rand, sales, n int) []int {
	points := make([]int, n)
	for i := range points {
		points[i] = sales/20 + random.IntN(max(1, sales*17/20))
	}
	slices.Sort(points)
	return points
}
