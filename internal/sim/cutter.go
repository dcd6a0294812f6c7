package sim

import (
	"context"
	"slices"
	"sync"
	"time"
)

// cutSlack is how many sales the tills may be ahead of the next cut: they need
// no line, so it is more than killSlack, and a backlog grows behind a cut.
const cutSlack = 100

// Suffered is a cut that was carried out.
type Suffered struct {
	Kind    CutKind `json:"kind"`
	Planned int     `json:"planned_after_sales"`
	After   int     `json:"after_sales"` // acknowledged when it began
	AtMS    int64   `json:"at_ms"`       // since the selling began
	Lasted  int64   `json:"lasted_ms"`
	Bytes   int     `json:"bytes,omitzero"` // of Cut
	Rate    int     `json:"rate,omitzero"`  // of Cut
	Hit     int     `json:"hit"`            // connections that it reset, held up, broke off or slowed down
}

// cutter carries out a plan of cuts while tills sell, one after the other.
type cutter struct {
	*schedule

	line  *Line
	plan  []Cut
	say   func(format string, args ...any)
	begun time.Time

	done sync.Mutex
	list []Suffered
}

func newCutter(line *Line, ledger *Ledger, plan []Cut, say func(format string, args ...any)) *cutter {
	points := make([]int, len(plan))
	for i, cut := range plan {
		points[i] = cut.AfterSales
	}
	return &cutter{schedule: newSchedule(ledger, cutSlack, points), line: line, plan: plan, say: say, begun: time.Now()}
}

// suffered is what was carried out so far.
func (c *cutter) suffered() []Suffered {
	c.done.Lock()
	defer c.done.Unlock()
	return slices.Clone(c.list)
}

// run cuts in the plan's order, and returns when the line is whole again.
func (c *cutter) run(ctx context.Context) error {
	for _, cut := range c.plan {
		if err := c.await(ctx, cut.AfterSales, cut.Delay); err != nil {
			return err
		}
		at := time.Now()
		c.line.Cut(cut)
		sold := c.passed()
		err := pause(ctx, cut.Lasts)
		hit, lasted := c.line.Mend(), time.Since(at)
		if err != nil {
			return err
		}
		c.done.Lock()
		c.list = append(c.list, Suffered{Kind: cut.Kind, Planned: cut.AfterSales, After: sold, AtMS: at.Sub(c.begun).Milliseconds(),
			Lasted: lasted.Milliseconds(), Bytes: cut.Bytes, Rate: cut.Rate, Hit: hit})
		c.done.Unlock()
		c.say("sale %d: line %s for %.1f s; %d connections felt it", sold, cut.Kind, lasted.Seconds(), hit)
	}
	return nil
}
