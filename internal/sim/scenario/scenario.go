package scenario

import (
	"time"

	"tiem/internal/fault"
)

// Scenario is a shop's day, compressed.
type Scenario struct {
	Title  string
	Tills  int
	Rate   float64       // sales a second, all tills together; 0: as the shoppers come
	Speed  float64       // of the people; 0: nothing is said
	Closes time.Duration // 0: by Sales
	Sales  int           // 0: by Closes
	Events []Event       // in the order of the text
	AtHQ   bool          // at the end everything is at HQ, in order
}

// Event is something that happens to the shop.
type Event struct {
	At    time.Duration // since the tills began
	Lasts time.Duration // 0: to the end; a Dying database's own server brings it back
	Kind  Kind
	Part  Part          // Dying
	Bits  int           // Slow: bits a second, each way
	Down  time.Duration // Flap: of each round
	Up    time.Duration
}

// Kind is what happens.
type Kind string

// The kinds.
const (
	Pulled Kind = "cable pulled" // no byte moves
	Slow   Kind = "slow line"
	Flap   Kind = "flapping line"
	Dying  Kind = "dies" // a program or a database, by SIGKILL
	Dead   Kind = "till dies"
)

// Part is what can die besides a till.
type Part string

// The parts.
const (
	HQ           Part = "HQ"
	HQDatabase   Part = "HQ's PostgreSQL"
	Edge         Part = "the edge"
	EdgeDatabase Part = "the edge's PostgreSQL"
)

// Limits of a scenario.
const (
	MaxTills   = 50
	maxTime    = 24 * time.Hour
	maxSales   = 10_000_000
	minBits    = 1_000
	maxBits    = 10_000_000_000
	minFlap    = 50 * time.Millisecond
	defaultOff = 2 * time.Second // how long a server that died stays down, if nothing is said
)

// check finds what cannot be, once all sentences are read.
func (s *Scenario) check() error {
	switch {
	case s.Tills == 0:
		return fault.New(fault.Usage, "scenario_incomplete", "nobody sells").Advise("say, for example: five tills sell")
	case s.Closes == 0 && s.Sales == 0:
		return fault.New(fault.Usage, "scenario_incomplete", "the shop never closes").
			Advise("say, for example: after 60 s the shop closes; or: after 500 sales the shop closes")
	}
	return Check(s.Events, s.Tills, s.Closes)
}
