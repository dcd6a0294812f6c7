package sim

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// PlayOptions say who sells what, where.
type PlayOptions struct {
	Seed     uint64
	Sales    int             // to be paid, all tills together; visits that are given up come on top. 0: until Closing
	Closing  <-chan struct{} // closed: no new shopper is served, what was begun is ended; nil: never
	Rate     float64         // shoppers a second, all tills together; 0: as many as the tills can serve
	Speed    float64         // of the people at the tills, 1 is real time; 0: they take no time at all
	Patience time.Duration   // of a till with one call; 0: DefaultPatience
	Ledger   *Ledger         // to write to; nil: a new one
	Watch    *Watch          // is told what the tills do; nil: nobody is
	// FirstTill is the number of the first till for Watch: several shops share one.
	FirstTill int
	// Dying: for each that it gives, a till dies in the middle of its next sale,
	// and another goes on with it. A till that is alone does not die.
	Dying <-chan struct{}
	// Gate is called before each visit with the number of sales that were
	// acknowledged by then; a till goes on when it returns. nil: no gate.
	Gate func(ctx context.Context, sold int) error
}

// Play lets the store's tills sell at once, each at its own pace, until all
// sales are paid or Closing is closed. A basket that is suspended, or whose till
// falls silent, is taken up by another till, if there is one. The first error
// ends it (a *DifferenceError if a till saw an invariant broken); the ledger is
// valid in any case.
func Play(ctx context.Context, store Store, o PlayOptions) (*Ledger, error) {
	p := &play{options: o, ledger: o.Ledger, rack: newRack(len(store.Tills)), arrivals: newArrivals(o.Rate)}
	if p.ledger == nil {
		p.ledger = NewLedger()
	}
	reader := NewEdgeClient(store.EdgeURL, store.Tills[0].Token)
	defer reader.Close()
	items, err := reader.Catalogue(ctx)
	if err != nil {
		return p.ledger, err
	}
	group, ctx := errgroup.WithContext(ctx)
	for i := range store.Tills {
		shopper, err := NewShopper(o.Seed, i, items)
		if err != nil {
			return p.ledger, err
		}
		// The share of a till is fixed, so that a seed gives each till the same visits.
		share := o.Sales / len(store.Tills)
		if i < o.Sales%len(store.Tills) {
			share++
		}
		s := &shift{play: p, number: i, till: store.Till(i), shopper: shopper, share: share, alone: len(store.Tills) == 1}
		s.till.Patience = o.Patience
		if o.Speed > 0 {
			s.till.Pace = NewPace(o.Seed, i, o.Speed)
		}
		o.Watch.follow(o.FirstTill+i, s.till)
		group.Go(func() error {
			defer s.till.Close()
			return s.work(ctx)
		})
	}
	err = group.Wait()
	for _, id := range p.rack.left() { // a till that gave up will not take it up
		p.ledger.doubt(id)
	}
	return p.ledger, err
}

// play is one Play.
type play struct {
	options  PlayOptions
	ledger   *Ledger
	rack     *rack
	arrivals *arrivals
}

// shift is one till's part in it.
type shift struct {
	*play

	number  int
	till    *Till
	shopper *Shopper
	share   int // of the sales: shoppers of its own who buy, wherever they pay
	alone   bool
	visits  int // of its own, begun
	buyers  int // of them
}

// work serves the till's own shoppers and what others put aside.
func (s *shift) work(ctx context.Context) error {
	defer func() { s.ledger.count(s.till.Stats) }()
	if err := s.till.SignIn(ctx); err != nil {
		return err
	}
	for {
		next, err := s.next(ctx)
		if err != nil {
			return err
		}
		if next == nil {
			s.till.doing(WorkDone)
			return s.till.SignOut(ctx)
		}
		parked, err := s.till.serve(ctx, next)
		if parked && err == nil {
			s.rack.put(next, s.number, s.visits)
			if next.visit.Pause.Kind == Dies {
				err = s.till.revive(ctx)
			}
			if err != nil {
				return err
			}
			continue
		}
		s.ledger.record(s.till.Login.TerminalID, next.out, err)
		if err != nil {
			return fmt.Errorf("till %s, shopper %d of its own: %w", s.till.Login.TerminalID, s.visits, err)
		}
	}
}

// next is whom the till serves next: a basket that was put aside, or a new
// shopper; nil when it closes.
func (s *shift) next(ctx context.Context) (*serving, error) {
	s.till.doing(WorkWaiting)
	if s.options.Gate != nil {
		sold, _ := s.ledger.progress()
		if err := s.options.Gate(ctx, sold); err != nil {
			return nil, err
		}
	}
	if aside := s.rack.take(s.number, s.visits, false); aside != nil {
		return aside, nil
	}
	if s.options.Sales > 0 && s.buyers == s.share {
		return s.rack.await(ctx, s.number)
	}
	if err := s.arrivals.await(ctx, s.options.Closing); err != nil {
		return nil, err
	}
	if s.closing() {
		return s.rack.await(ctx, s.number)
	}
	visit := s.shopper.Next()
	if s.till.Manager == "" {
		visit = visit.withoutManager()
	}
	if s.alone {
		visit.Pause = visit.Pause.alone()
	} else if s.doomed() {
		visit.GivesUp, visit.Pause = false, Pause{Kind: Dies, Elsewhere: true, MidTender: true}
	}
	s.visits++
	if !visit.GivesUp {
		s.buyers++
	}
	return begin(visit), nil
}

// doomed tells whether the till dies in the visit that begins.
func (s *shift) doomed() bool {
	select {
	case <-s.options.Dying:
		return true
	default:
		return false
	}
}

func (s *shift) closing() bool {
	select {
	case <-s.options.Closing:
		return true
	default:
		return false // also without the channel: nil is never ready
	}
}

// Again finalizes acknowledged sales once more, with the key that each was
// finalized with: each must give the same receipt, whatever has died meanwhile.
// It tries at most limit of them, spread over the ledger, and returns how many.
func Again(ctx context.Context, store Store, ledger *Ledger, limit int) (int, error) {
	sales := ledger.Sales()
	step := max(1, len(sales)/max(1, limit))
	tills := map[string]*Till{}
	for i, login := range store.Tills {
		till := store.Till(i)
		defer till.Close()
		tills[login.TerminalID] = till
	}
	tried := 0
	for i := 0; i < len(sales) && tried < limit; i += step {
		s := sales[i]
		seen := &Basket{Totals: Totals{Total: s.Total}}
		seen.ReceiptNo = s.ReceiptNo
		if err := tills[s.TerminalID].sameReceipt(ctx, Outcome{TransactionID: s.TransactionID, Basket: seen}, s.Key); err != nil {
			return tried, err
		}
		tried++
	}
	return tried, nil
}
