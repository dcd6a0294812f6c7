package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/money"
	"tiem/internal/sim/scenario"
)

// RunOptions say who sells, for how long, and what happens meanwhile.
type RunOptions struct {
	Title     string
	Seed      uint64
	Terminals int // in each shop
	Rate      float64
	Speed     float64
	Sales     int              // all shops together; 0: until Closes
	Closes    time.Duration    // since the tills began; 0: by Sales
	Events    []scenario.Event // what happens to the line and to the processes; they need shops of our own, or LineAddr

	Shop     *Store // a running shop to sell in; nil: shops of our own, in a scratch directory
	LineAddr string // with Shop: where a line to its HQ listens, which the shop goes by already; empty: none
	LineGRPC string // with LineAddr: where the line to HQ's port for gRPC does; empty: the shop speaks HTTP
	AtHQ     bool   // with Shop: compare it with HQ at the end. Shops of our own always are

	Stores    int    // of our own
	Protocol  string // of our own: SYNC_PROTOCOL; empty: what the edge prefers
	Bin       string
	Catalogue []byte
	Keep      bool // leave the scratch directory even if all is well

	AtOnce <-chan struct{} // closed: whoever interrupted it does not wait for the tills either; nil: never

	Every time.Duration // between two pictures
	Show  func(Picture) // nil: nobody looks
	Say   func(format string, args ...any)
}

// RunReport is what Run did and found.
type RunReport struct {
	Title     string        `json:"title,omitzero"`
	Seed      uint64        `json:"seed"`
	OK        bool          `json:"ok"`
	Problem   string        `json:"problem,omitzero"`
	Dir       string        `json:"dir,omitzero"` // the scratch directory, if it was left
	Sales     int           `json:"sales"`
	Voided    int           `json:"voided"`
	Total     money.Amount  `json:"total"` // of the sales, minor units
	TookMS    int64         `json:"took_ms"`
	PerSecond float64       `json:"sales_per_second"`
	Tills     TillStats     `json:"tills"`
	StallMS   int64         `json:"longest_stall_ms"`
	Calls     []CallView    `json:"calls"`
	Happened  []string      `json:"happened,omitzero"`
	Open      []uuid.UUID   `json:"open_baskets,omitzero"` // that tills gave up on in a running shop; of some, nobody may know
	Stores    []StoreReport `json:"stores"`
}

// StoreReport is what became of one shop.
type StoreReport struct {
	StoreID  string  `json:"store_id"`
	Sales    int     `json:"sales"`
	Voided   int     `json:"voided"`
	Repeated int     `json:"repeated"`        // finalizes sent again at the end: the same receipt
	DrainMS  int64   `json:"drain_ms"`        // until HQ had everything, from closing time
	Report   *Report `json:"report,omitzero"` // the oracle's; nil: it was not asked
	Audits   []Audit `json:"audits,omitzero"`
}

// Run lets tills sell, in a running shop or in shops of its own, while the
// events happen, shows what one can see of it, and asks the oracle at the end
// (see AtHQ). When ctx is done, the tills end what they have begun, and the
// report is of that; what was to be compared and was not is a fault of kind
// Unavailable (interrupted). An event that never happened is a fault, too
// (never_happened). The error is the first thing that went wrong; the report is
// valid in any case.
func Run(ctx context.Context, o RunOptions) (*RunReport, error) {
	r := &run{options: o, watch: NewWatch(), dying: make(chan struct{}, len(o.Events)), weathered: -1, report: &RunReport{Title: o.Title, Seed: o.Seed}}
	err := o.Check()
	switch {
	case err != nil:
	case o.Shop != nil:
		err = r.there(ctx)
	default:
		r.report.Dir, err = inScratch(ctx, o.Keep, func(dir string) error { return r.ours(ctx, dir) })
	}
	if err == nil {
		err = r.complete()
	}
	if r.report.OK = err == nil; err != nil {
		r.report.Problem = err.Error()
	}
	r.report.Happened = r.happened
	return r.report, err
}

// run is one Run.
type run struct {
	options RunOptions
	watch   *Watch
	shops   []*floor
	dying   chan struct{} // a till each
	begun   time.Time     // when the tills began
	report  *RunReport

	proven bool // every shop was compared

	mu        sync.Mutex
	pulse     pulse
	happened  []string
	weathered time.Duration // up to when the line was as the events say; −1: it never was
	struck    int           // parts that were killed
	doomed    int           // tills that were told to die
}

// floor is one shop of a run.
type floor struct {
	store  Store
	in     *Installation // nil: it is not ours
	line   *Line         // nil: it speaks to HQ directly
	ledger *Ledger
	edge   *EdgeClient
}

func newFloor(store Store, in *Installation, line *Line) *floor {
	return &floor{store: store, in: in, line: line, ledger: NewLedger(), edge: NewEdgeClient(store.EdgeURL, store.Tills[0].Token)}
}

// there sells in a running shop.
func (r *run) there(ctx context.Context) (err error) {
	store := *r.options.Shop
	var line *Line
	if r.options.LineAddr != "" {
		if line, err = NewLineAt(ctx, r.options.LineAddr, hostOf(store.HQURL)); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, line.Close()) }()
		if r.options.LineGRPC != "" {
			if err := line.LeadGRPC(ctx, r.options.LineGRPC, store.GRPCTarget); err != nil {
				return err
			}
		}
	}
	return r.verdict(ctx, r.sellThere(ctx, store, line))
}

func (r *run) sellThere(ctx context.Context, store Store, line *Line) error {
	if line != nil {
		if err := line.used(ctx, store, r.say); err != nil {
			return err
		}
	}
	tills, err := PairTills(ctx, store, r.options.Terminals)
	if err != nil {
		return err
	}
	r.say("%d terminals paired, SIM1 to SIM%d", len(tills), len(tills))
	selling := store
	selling.Tills = tills
	r.shops = []*floor{newFloor(selling, nil, line)}
	defer r.shops[0].edge.Close()
	err = r.play(ctx)
	r.report.Open = r.shops[0].open(ctx)
	if err != nil || !r.options.AtHQ || ctx.Err() != nil {
		return err
	}
	return r.prove(ctx)
}

// count writes down what was sold.
func (r *run) count(took time.Duration) {
	rep := r.report
	rep.TookMS, rep.Calls = took.Milliseconds(), r.watch.Calls()
	for _, shop := range r.shops {
		sales, total, voided := shop.ledger.sum()
		rep.Sales, rep.Total, rep.Voided = rep.Sales+sales, rep.Total+total, rep.Voided+voided
		rep.Tills.add(shop.ledger.Stats())
		rep.Stores = append(rep.Stores, StoreReport{StoreID: shop.store.StoreID, Sales: sales, Voided: voided})
	}
	rep.StallMS = rep.Tills.Stall.Milliseconds()
	rep.PerSecond = float64(rep.Sales) / max(took.Seconds(), 0.001)
}

// say tells what happens, now and in the report.
func (r *run) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.mu.Lock()
	if !r.begun.IsZero() {
		r.happened = append(r.happened, fmt.Sprintf("%.1f s  %s", time.Since(r.begun).Seconds(), text))
	}
	r.mu.Unlock()
	if r.options.Say != nil {
		r.options.Say("%s", text)
	}
}

// Kills tells whether anything but the line and tills is to break.
func (o RunOptions) Kills() bool {
	return slices.ContainsFunc(o.Events, func(e scenario.Event) bool { return e.Kind == scenario.Dying })
}
