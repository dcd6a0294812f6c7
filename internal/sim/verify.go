package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gofrs/uuid/v5"
	"golang.org/x/sync/errgroup"

	"tiem/internal/fault"
)

// VerifyOptions say what the oracle knows besides the two logs.
type VerifyOptions struct {
	Wait     time.Duration // for the edge's outbox to drain; 0: not at all
	Ledger   *Ledger       // what the cashiers saw; nil: nobody asked them
	Complete bool          // the ledger holds everything that was ever sold in this store
}

// Report is what Verify found.
type Report struct {
	StoreID    string           `json:"store_id"`
	OK         bool             `json:"ok"`
	Difference *DifferenceError `json:"difference,omitzero"` // the first one; nil: there is none
	Figures    Figures          `json:"figures"`
	Pending    int64            `json:"pending"` // events that HQ had not acknowledged when the wait was over
	Drained    time.Duration    `json:"-"`       // how long the wait was
	DrainMS    int64            `json:"drain_ms"`
}

// Verify compares a store's edge with HQ, event by event and sum by sum, and
// checks invariants A–D of design.md §3. hq must speak with HQ_TOKEN. The error
// is the first difference (a *DifferenceError, which the report has, too) or says why
// the check could not be made: a fault of kind Conflict (shop_busy) if sales went
// on all the while.
func Verify(ctx context.Context, edge *EdgeClient, hq *HQClient, o VerifyOptions) (*Report, error) {
	const rounds = 3
	var report *Report
	for range rounds {
		v := &verification{edge: edge, hq: hq, options: o}
		moved, err := v.run(ctx)
		report = v.report()
		var d *DifferenceError
		if errors.As(err, &d) {
			report.Difference = d
		}
		if report.OK = err == nil; err != nil || !moved {
			return report, err
		}
	}
	report.OK = false
	return report, fault.New(fault.Conflict, "shop_busy", "store %s sold while it was compared, three times", report.StoreID).
		Advise("let the tills rest for a moment, then try again")
}

// VerifyStore is Verify with the store's own addresses and tokens.
func VerifyStore(ctx context.Context, store Store, o VerifyOptions) (*Report, error) {
	edge, hq := NewEdgeClient(store.EdgeURL, store.Tills[0].Token), NewHQClient(store.HQURL, store.HQToken)
	defer edge.Close()
	defer hq.Close()
	return Verify(ctx, edge, hq, o)
}

// verification is one run of Verify.
type verification struct {
	edge    *EdgeClient
	hq      *HQClient
	options VerifyOptions
	oracle  *oracle
	head    int64
	pending int64
	drained time.Duration
}

func (v *verification) report() *Report {
	r := &Report{Pending: v.pending, Drained: v.drained, DrainMS: v.drained.Milliseconds()}
	if v.oracle != nil {
		r.StoreID, r.Figures = v.oracle.storeID, v.oracle.figures
	}
	return r
}

// run checks everything; moved: the shop sold meanwhile, so that the parts were
// read at different moments and a difference would mean nothing.
func (v *verification) run(ctx context.Context) (moved bool, err error) {
	status, err := v.drain(ctx)
	if err != nil {
		return false, err
	}
	v.oracle, v.head = newOracle(status.StoreID), status.Head
	err = v.check(ctx)
	var d *DifferenceError
	if err != nil && !errors.As(err, &d) {
		return false, err
	}
	now, statusErr := v.edge.Status(ctx)
	if statusErr != nil {
		return false, statusErr
	}
	if now.Head != v.head {
		return true, nil
	}
	return false, err
}

// drain waits until HQ has acknowledged everything, or the wait is over: then
// the comparison says what HQ lacks.
func (v *verification) drain(ctx context.Context) (EdgeStatus, error) {
	begun := time.Now()
	for {
		status, err := v.edge.Status(ctx)
		v.pending, v.drained = status.PendingEvents, time.Since(begun)
		if err != nil || status.PendingEvents == 0 || v.drained >= v.options.Wait {
			return status, err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return status, err
		}
	}
}

func (v *verification) check(ctx context.Context) error {
	if err := v.compareLogs(ctx); err != nil {
		return err
	}
	if d := v.oracle.end(); d != nil {
		return d
	}
	if err := v.compareWatermark(ctx); err != nil {
		return err
	}
	stock, err := v.edge.Inventory(ctx)
	if err != nil {
		return err
	}
	if d := v.oracle.inventory(stock); d != nil {
		return d
	}
	if v.options.Ledger != nil {
		if d := v.oracle.promises(v.options.Ledger, v.options.Complete); d != nil {
			return d
		}
	}
	if err := v.openBaskets(ctx); err != nil {
		return err
	}
	return v.readBack(ctx)
}

// openBaskets asks the edge for baskets that did not end; where others sell, too,
// they mean nothing.
func (v *verification) openBaskets(ctx context.Context) error {
	if v.options.Ledger == nil || !v.options.Complete {
		return nil
	}
	open, err := v.edge.OpenBaskets(ctx)
	if err != nil {
		return err
	}
	if d := v.oracle.stillOpen(open, v.options.Ledger); d != nil {
		return d
	}
	return nil
}

// compareLogs walks along both logs at once, so that neither has to fit into
// memory.
func (v *verification) compareLogs(ctx context.Context) error {
	held := heldEvents{hq: v.hq, storeID: v.oracle.storeID}
	for v.oracle.figures.Events < v.head {
		after := v.oracle.figures.Events
		entries, err := v.edge.Outbox(ctx, after)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return v.oracle.differs("D", after+1, "", "the edge's log ends before its head", fmt.Sprintf("%d events", v.head), fmt.Sprintf("%d events", after))
		}
		if first := entries[0].ID; after == 0 && first > 1 {
			return fault.New(fault.Conflict, "log_retired", "the edge keeps its log from event %d on: older ones were retired 35 days after HQ had them", first).
				Advise("only a log that is there from its beginning can be compared; store-edge outbox verify and hq-platform verify prove what is left")
		}
		for i := range entries {
			if v.oracle.figures.Events == v.head {
				break // what was sold since is not compared
			}
			hq, err := held.next(ctx)
			if err != nil {
				return err
			}
			if d := v.oracle.next(&entries[i].Event, hq); d != nil {
				return d
			}
			if entries[i].PublishAttempts > 1 {
				v.oracle.figures.Retried++
			}
			if v.pending == 0 && entries[i].PublishedAt == nil {
				return v.oracle.differs("edge=HQ", entries[i].ID, "", "HQ has the event, but the edge does not know", "a published_at", "none")
			}
		}
	}
	more, err := held.next(ctx)
	if err == nil && more != nil && more.ID > v.head {
		if now, err := v.edge.Status(ctx); err != nil || now.Head >= more.ID {
			return err // it was sold just now: run starts again
		}
		return v.oracle.differs("edge=HQ", more.ID, "", "HQ has an event that the edge does not have", "the end of the log", fmt.Sprintf("%s %s", more.Type, more.EventID))
	}
	return err
}

// heldEvents reads HQ's events one by one.
type heldEvents struct {
	hq      *HQClient
	storeID string
	page    []HQEvent
	after   int64
	ended   bool
}

// next is HQ's next event; nil behind the last.
func (h *heldEvents) next(ctx context.Context) (*HQEvent, error) {
	if len(h.page) == 0 && !h.ended {
		var err error
		if h.page, err = h.hq.Events(ctx, h.storeID, h.after); err != nil {
			return nil, err
		}
		h.ended = len(h.page) == 0
	}
	if h.ended {
		return nil, nil //nolint:nilnil // the end of a log is no error
	}
	e := &h.page[0]
	h.page, h.after = h.page[1:], e.ID
	return e, nil
}

// compareWatermark: HQ's own word for what it has.
func (v *verification) compareWatermark(ctx context.Context) error {
	sync, err := v.hq.Sync(ctx, v.oracle.storeID)
	if err != nil {
		return err
	}
	v.oracle.figures.Quarantined = sync.Quarantined
	want := fmt.Sprintf("%d %s, 0 quarantined", v.head, v.oracle.prev)
	if got := fmt.Sprintf("%d %s, %d quarantined", sync.ReceivedUpto, sync.ChainHash, sync.Quarantined); got != want {
		return v.oracle.differs("edge=HQ", sync.ReceivedUpto, "", "HQ's watermark is not the edge's head", want, got)
	}
	return nil
}

// readBack asks the edge for each sale and each void of its log, and for each
// basket whose end the log does not tell.
func (v *verification) readBack(ctx context.Context) error {
	const atOnce = 8
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, id := range v.oracle.salesInOrder() {
		group.Go(func() error { return v.readOne(ctx, id, v.oracle.stands) })
	}
	for _, id := range v.oracle.voidsInOrder() {
		group.Go(func() error { return v.readOne(ctx, id, v.oracle.givenUp) })
	}
	for _, id := range v.oracle.loose(v.options.Ledger) {
		group.Go(func() error { return v.readOne(ctx, id, v.oracle.notEnded) })
	}
	return group.Wait()
}

func (v *verification) readOne(ctx context.Context, id uuid.UUID, judge func(uuid.UUID, *Basket) *DifferenceError) error {
	basket, err := v.edge.Transaction(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		basket, err = &Basket{}, nil
	}
	if err != nil {
		return err
	}
	if d := judge(id, basket); d != nil {
		return d
	}
	return nil
}
