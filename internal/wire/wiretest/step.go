package wiretest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"tiem/internal/wire"
)

// Step is one thing that happens in a history, a while after the one before it.
type Step struct {
	After time.Duration
	Kind  string
	N     int // what it means depends on the kind
	M     int
}

// String is the step for a reader.
func (s Step) String() string {
	return fmt.Sprintf("+%s %s(%d, %d)", s.After, s.Kind, s.N, s.M)
}

// kind is a kind of step: how often it comes, and what it does.
type kind struct {
	name   string
	weight int
	do     func(w *Simulation, n, m int)
}

// kinds are all kinds of steps. The order is part of what a seed means.
var kinds = []kind{
	{"sell", 40, func(w *Simulation, n, _ int) { w.Store.Sell(1+n%4, "Noted") }},
	{"sell much", 8, func(w *Simulation, n, _ int) {
		for range 1 + n%60 {
			w.Store.Sell(3, "Noted")
		}
	}},
	{"sell what HQ cannot read", 3, func(w *Simulation, n, _ int) { w.Store.Sell(1+n%2, TypePoisoned) }},
	{"cut up", 6, func(w *Simulation, n, m int) { w.Line.CutAfter(Up, Cut{Bytes: n % 9000, Hard: m%2 == 0}) }},
	{"cut down", 6, func(w *Simulation, n, m int) { w.Line.CutAfter(Down, Cut{Bytes: n % 900, Hard: m%2 == 0}) }},
	{"flip up", 3, func(w *Simulation, n, m int) { w.flip(); w.Line.FlipAfter(Up, n%3000, byte(m%8)) }},
	{"flip down", 3, func(w *Simulation, n, m int) { w.flip(); w.Line.FlipAfter(Down, n%300, byte(m%8)) }},
	{"hold", 3, func(w *Simulation, _, _ int) { w.Line.Hold() }},
	{"swallow", 3, func(w *Simulation, _, _ int) { w.Line.Swallow() }},
	{"refuse", 3, func(w *Simulation, _, _ int) { w.Line.Refuse(wire.GRPC); w.Line.Refuse(wire.HTTP) }},
	{"refuse gRPC", 4, func(w *Simulation, _, _ int) { w.Line.Refuse(wire.GRPC) }},
	{"mend", 12, func(w *Simulation, _, _ int) { w.Line.Mend() }},
	{"slow", 3, func(w *Simulation, n, _ int) {
		slow := jittered(uint64(n), time.Duration(n%400)*time.Millisecond)
		w.Line.change(func() { w.Line.Delay = slow })
	}},
	{"kill HQ", 5, func(w *Simulation, _, _ int) { w.HQ.Kill() }},
	{"start HQ", 7, func(w *Simulation, _, _ int) { w.HQ.Start() }},
	{"HQ dies at a point", 8, func(w *Simulation, n, m int) { w.HQ.DieAt(Points[n%len(Points)], 1+m%4) }},
	{"kill the box", 5, func(w *Simulation, n, _ int) {
		if len(w.boxes) > 0 {
			w.KillBox(n % len(w.boxes))
		}
	}},
	{"start a box", 6, func(w *Simulation, _, _ int) {
		if len(w.boxes) < 2 {
			w.Open()
		}
	}},
	{"lose the cursors", 2, func(w *Simulation, _, _ int) { w.Store.forget() }},
	{"pause", 3, func(w *Simulation, _, _ int) { w.HQ.Pause(true) }},
	{"give credit", 3, func(w *Simulation, _, _ int) { w.HQ.Pause(false) }},
	{"no pressure", 1, func(w *Simulation, _, _ int) { w.HQ.Pressure(0) }},
	{"pressure", 2, func(w *Simulation, n, _ int) { w.HQ.Pressure(time.Duration(1+n%2000) * time.Millisecond) }},
	{"ask to be left alone", 1, func(w *Simulation, n, _ int) { w.HQ.RetryAfter(time.Duration(n%5000) * time.Millisecond) }},
	{"drain", 4, func(w *Simulation, _, _ int) { w.HQ.Drain() }},
	{"back HQ up", 4, func(w *Simulation, _, _ int) { w.HQ.Backup() }},
	{"restore HQ", 3, func(w *Simulation, _, m int) { w.restoreHQ(m%2 == 0) }},
	{"replace the box", 2, func(w *Simulation, _, _ int) { w.Replace() }},
	{"rogue", 14, func(w *Simulation, n, _ int) { w.Play(Rogues[n%len(Rogues)]) }},
}

// Program is the random program of a seed.
func Program(seed uint64) []Step {
	random := rand.New(rand.NewPCG(seed, 5))
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	pace := []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 500 * time.Millisecond, 5 * time.Second}[random.IntN(4)]
	steps := make([]Step, 5+random.IntN(40))
	for i := range steps {
		at := random.IntN(total)
		for _, k := range kinds {
			if at -= k.weight; at < 0 {
				steps[i] = Step{After: time.Duration(random.Int64N(int64(pace))), Kind: k.name, N: random.IntN(1 << 20), M: random.IntN(1 << 20)}
				break
			}
		}
	}
	return steps
}

// play runs one step.
func (w *Simulation) play(s Step) {
	pause(s.After)
	for _, k := range kinds {
		if k.name == s.Kind {
			w.Oracle.tell("— %s (%d, %d)", s.Kind, s.N, s.M)
			k.do(w, s.N, s.M)
			w.quietAlarm()
			return
		}
	}
	panic("no step is called " + s.Kind)
}
