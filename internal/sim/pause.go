package sim

import (
	"context"
	"time"
)

// Pause is how a visit is interrupted, if it is.
type Pause struct {
	Kind      PauseKind
	Elsewhere bool // another till goes on with it
	MidTender bool // behind the first of two payments; else behind the last scan
}

// PauseKind is a reason for an interruption.
type PauseKind string

// The kinds.
const (
	NoPause  PauseKind = ""
	Suspends PauseKind = "suspends" // the cashier suspends the basket
	Dies     PauseKind = "dies"     // the till falls silent; another takes the basket over
)

// pause is rare; most baskets that were put aside are taken up elsewhere.
func (s *Shopper) pause() Pause {
	p := Pause{Elsewhere: s.chance(700), MidTender: s.chance(500)}
	switch n := s.random.IntN(1000); {
	case n < 40:
		p.Kind = Suspends
	case n < 55:
		p.Kind, p.Elsewhere = Dies, true
	default:
		return Pause{}
	}
	return p
}

// alone is the pause where there is no other till.
func (p Pause) alone() Pause {
	if p.Kind == Dies {
		p.Kind = Suspends
	}
	p.Elsewhere = false
	return p
}

// pausesNow tells whether the visit is interrupted here. One without a second
// payment pauses behind its last scan.
func (s *serving) pausesNow(midTender bool) bool {
	p := s.visit.Pause
	if p.Kind == NoPause || s.left {
		return false
	}
	if midTender {
		return len(s.tenders) > 0
	}
	return !p.MidTender || len(s.tenders) < 2 || s.visit.GivesUp
}

// leave puts the basket aside, as the visit says.
func (t *Till) leave(ctx context.Context, s *serving) error {
	s.left, s.paused = true, true
	if s.visit.Pause.Kind == Dies {
		t.doing(WorkDead)
		t.Stats.Died++
		return nil // it is switched on again by and by: revive
	}
	t.doing(WorkPausing)
	t.Stats.Suspended++
	_, err := t.Suspend(ctx, s.out.TransactionID, NewKey())
	return err
}

// revive is how long a till takes to be up again; its basket is elsewhere by then.
func (t *Till) revive(ctx context.Context) error {
	return t.Pace.between(ctx, 20*time.Second, 60*time.Second)
}
