package sim

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pace is how fast people are: a scan takes one to three seconds, paying some
// twenty, the talk and the change included. It is one till's.
type Pace struct {
	Speed  float64 // 20: twenty times as fast as people are
	random *rand.Rand
}

// NewPace is the pace of till number till; it depends on the seed.
func NewPace(seed uint64, till int, speed float64) *Pace {
	return &Pace{Speed: speed, random: rand.New(rand.NewPCG(seed, 3<<32+uint64(till)))}
}

// MeanVisit is how long a visit takes at speed 1, on average.
const MeanVisit = 27 * time.Second

func (p *Pace) scan(ctx context.Context) error { return p.between(ctx, time.Second, 3*time.Second) }

func (p *Pace) pay(ctx context.Context) error { return p.between(ctx, 14*time.Second, 26*time.Second) }

// between waits for as long as people take; without a pace nobody waits.
func (p *Pace) between(ctx context.Context, least, most time.Duration) error {
	if p == nil || p.Speed <= 0 {
		return nil
	}
	people := float64(least) + p.random.Float64()*float64(most-least)
	return pause(ctx, time.Duration(people/p.Speed))
}
