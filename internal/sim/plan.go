package sim

import (
	"math/rand/v2"
	"time"
)

// Strike is one kill of a plan.
type Strike struct {
	AfterSales int           // acknowledged by then
	Delay      time.Duration // from there: into the middle of whatever the tills do
	Part       Part
	Down       time.Duration // until a server is started again; a postmaster's own server decides that
}

// Plan is what is killed, and when, for a seed: the same for the same
// arguments. All four parts have their turn before one has its second. Strikes
// are in the order of their sales.
func Plan(seed uint64, sales, kills int) []Strike {
	random := rand.New(rand.NewPCG(seed, 1<<32))
	parts := []Part{EdgeServer, HQServer, EdgePostgres, HQPostgres}
	plan := make([]Strike, max(0, kills))
	for i := range plan {
		if i%len(parts) == 0 {
			random.Shuffle(len(parts), func(a, b int) { parts[a], parts[b] = parts[b], parts[a] })
		}
		plan[i] = Strike{
			Part:  parts[i%len(parts)],
			Delay: time.Duration(random.IntN(40_000)) * time.Microsecond,
			Down:  time.Duration(100+random.IntN(1400)) * time.Millisecond,
		}
	}
	points := planPoints(random, sales, len(plan))
	for i := range plan {
		plan[i].AfterSales = points[i]
	}
	return plan
}
