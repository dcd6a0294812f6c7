package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/sale"
	"tiem/internal/sim/scenario"
)

// verdict is what a run comes to, judged before anything is stopped: an
// interruption stands before what it has led to, and a broken invariant before both.
func (r *run) verdict(ctx context.Context, err error) error {
	compared := r.options.Shop == nil || r.options.AtHQ
	if ctx.Err() != nil && !r.proven && (compared || err != nil) {
		return interrupted(err, r.notDone(compared), r.report.Open)
	}
	return err
}

// complete finds that something never happened where all is well.
func (r *run) complete() error {
	if missed := r.missed(); len(missed) > 0 {
		return fault.New(fault.Invalid, "never_happened", "%q never happened: the shop closed before", missed[0].Words()).Advise("give --duration")
	}
	return nil
}

// notDone is what an interruption left undone.
func (r *run) notDone(compared bool) string {
	if !compared {
		return "the tills did not end what they had begun"
	}
	if len(r.shops) > 1 {
		return fmt.Sprintf("%d shops were not compared with HQ", len(r.shops))
	}
	return "the shop was not compared with HQ"
}

// interrupted is the fault of whatever was interrupted before it was proven. What
// failed for that reason is of no interest (a database that was being made says
// that it could not be), but a broken invariant is.
func interrupted(err error, notDone string, open []uuid.UUID) error {
	var d *DifferenceError
	if errors.As(err, &d) {
		return err
	}
	e := fault.New(fault.Unavailable, "interrupted", "it was interrupted: %s", notDone)
	if len(open) > 0 {
		return e.Advise("%s", sayOpen(open))
	}
	return e
}

// sayOpen names baskets that nobody ended.
func sayOpen(open []uuid.UUID) string {
	ids := make([]string, len(open))
	for i, id := range open {
		ids[i] = id.String()
	}
	return fmt.Sprintf("%d baskets may be open still, resume or void them at a till: %s", len(open), strings.Join(ids, ", "))
}

// missed are the events that never happened, in the order of their times.
func (r *run) missed() []scenario.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	struck, died := r.struck, r.doomed-len(r.dying) // each is told once, and dies when it takes notice
	var missed []scenario.Event
	for _, e := range slices.SortedStableFunc(slices.Values(r.options.Events), func(a, b scenario.Event) int { return cmp.Compare(a.At, b.At) }) {
		happened := e.At <= r.weathered
		switch e.Kind {
		case scenario.Dying:
			happened = struck > 0
			struck--
		case scenario.Dead:
			happened = died > 0
			died--
		default:
		}
		if !happened {
			missed = append(missed, e)
		}
	}
	return missed
}

// open are the baskets that tills gave up on and that are not ended, as far as
// the edge says: one of which it says nothing may be open.
func (f *floor) open(ctx context.Context) []uuid.UUID {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var open []uuid.UUID
	for _, id := range f.ledger.InDoubt() {
		b, err := f.edge.Transaction(ctx, id)
		ended := err == nil && (b.Status == sale.Paid || b.Status == sale.Voided)
		if !ended && fault.KindOf(err) != fault.NotFound {
			open = append(open, id)
		}
	}
	return open
}
