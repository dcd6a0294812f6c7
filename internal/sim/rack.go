package sim

import (
	"context"
	"slices"
	"sync"

	"github.com/gofrs/uuid/v5"
)

// rack is where tills put baskets aside, for each other and for themselves. It
// knows when nothing can come any more: then the tills close. It is safe for
// concurrent use.
type rack struct {
	mu      sync.Mutex
	waiting []asideBasket
	tills   int // that have not closed
	idle    int // of them, that wait for a basket
	changed chan struct{}
}

// asideBasket is a basket on the rack.
type asideBasket struct {
	*serving

	from int // the till that put it there
	anew int // that till takes it up itself only from this visit of its own on
}

func newRack(tills int) *rack { return &rack{tills: tills, changed: make(chan struct{})} }

// put puts a basket aside. A till that is alone takes up everything itself.
func (r *rack) put(s *serving, from, visits int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting, asideBasket{serving: s, from: from, anew: visits + 1})
	r.wake()
}

// left are the baskets that nobody has taken up.
func (r *rack) left() []uuid.UUID {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make([]uuid.UUID, len(r.waiting))
	for i, b := range r.waiting {
		ids[i] = b.out.TransactionID
	}
	return ids
}

// wake is called with mu held.
func (r *rack) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// take gives a till the oldest basket that is for it, or nil. With last, it has
// no shoppers of its own any more.
func (r *rack) take(till, visits int, last bool) *serving {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.takeLocked(till, visits, last)
}

func (r *rack) takeLocked(till, visits int, last bool) *serving {
	i := slices.IndexFunc(r.waiting, func(b asideBasket) bool {
		if b.visit.Pause.Elsewhere {
			return b.from != till
		}
		return b.from == till && (last || visits >= b.anew)
	})
	if i < 0 {
		return nil
	}
	s := r.waiting[i].serving
	r.waiting = slices.Delete(r.waiting, i, i+1)
	return s
}

// await is take for a till without shoppers: it waits for what others put
// aside, and returns nil when nothing can come any more.
func (r *rack) await(ctx context.Context, till int) (*serving, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle++
	defer func() { r.idle-- }()
	for {
		if s := r.takeLocked(till, 0, true); s != nil {
			return s, nil
		}
		if r.idle == r.tills { // whoever could put something aside waits, too
			r.tills-- // and this one goes home
			r.wake()
			return nil, nil //nolint:nilnil // closing time is no error
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
			r.mu.Lock()
		case <-ctx.Done():
			r.mu.Lock()
			return nil, context.Cause(ctx)
		}
	}
}
