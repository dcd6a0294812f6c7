package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"tiem/internal/edge"
	"tiem/internal/postgres"
)

// lane is a way from a shop's COMMIT to HQ's disk.
type lane struct {
	name  string
	shop  *shop
	hq    *postgres.DB // where its events arrive
	look  string       // the query for the highest id there
	start func(ctx context.Context) error
	stop  func(ctx context.Context) error
}

// race lets sales travel over several lanes, one lane at a time, at a steady rate.
type race struct {
	shopStage, hqStage *stage
	edge               *shop
	office             *office
	replica            *replica // nil: nobody races it
	halt               func() error

	sold    map[*shop]int // drafts that became sales
	drafted map[*shop]int
}

// eventsASale is what Finalize writes of a sale in cash: SaleRecorded,
// InventoryAdjusted, PaymentCaptured.
const eventsASale = 3

func openRace(ctx context.Context, replicated bool) (r *race, err error) {
	r = &race{sold: map[*shop]int{}, drafted: map[*shop]int{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.shopStage, err = newStage(ctx, "edge", logical...); err != nil {
		return r, err
	}
	if r.hqStage, err = newStage(ctx, "hq", logical...); err != nil {
		return r, err
	}
	if r.edge, err = openShop(ctx, r.shopStage, "ours", edge.Config{}); err != nil {
		return r, err
	}
	if err := sqlUnguarded(ctx, r.edge.db, emptyLog); err != nil {
		return r, err
	}
	if r.office, err = openOffice(ctx, r.hqStage, "ours"); err != nil {
		return r, err
	}
	if replicated {
		r.replica, err = openReplica(ctx, r.shopStage, r.hqStage, "on")
	}
	return r, err
}

func (r *race) close() error {
	var errs []error
	if r.edge != nil {
		r.edge.db.Close()
	}
	if r.office != nil {
		errs = append(errs, r.office.close())
	}
	if r.replica != nil {
		r.replica.close()
	}
	for _, s := range []*stage{r.shopStage, r.hqStage} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}

// ours is the whole store edge with its relay, over a protocol.
func (r *race) ours(protocol string) *lane {
	l := &lane{name: spoken[protocol], shop: r.edge, hq: r.office.db,
		look: "select coalesce(max(id), 0) from hq_inbox where store_id = '" + storeID + "'"}
	l.start = func(ctx context.Context) (err error) {
		r.halt, err = r.edge.serve(ctx, r.office.line(protocol))
		return err
	}
	l.stop = func(context.Context) error { return r.halt() }
	return l
}

// peer is logical replication of the same sale.
func (r *race) peer() *lane {
	return &lane{name: "logical replication", shop: r.replica.publisher, hq: r.replica.subscriber, look: "select coalesce(max(id), 0) from outbox",
		start: r.replica.start, stop: r.replica.stop}
}

// prepare puts drafts on the tables of every lane, as many as a round needs.
func (r *race) prepare(ctx context.Context, lanes []*lane, sales int) error {
	need := map[*shop]int{}
	for _, l := range lanes {
		need[l.shop] += sales
	}
	for shop, n := range need {
		if n -= r.drafted[shop] - r.sold[shop]; n <= 0 {
			continue
		}
		if err := shop.drafts(ctx, r.baskets(shop), r.drafted[shop], n); err != nil {
			return err
		}
		r.drafted[shop] += n
	}
	settled := map[*postgres.DB]bool{}
	for _, l := range lanes {
		for _, db := range []*postgres.DB{l.shop.db, l.hq} {
			if settled[db] {
				continue
			}
			if err := settle(ctx, db); err != nil {
				return err
			}
			settled[db] = true
		}
	}
	return nil
}

func (r *race) baskets(shop *shop) series {
	return series{name: 31, goods: shop.goods, tills: 1, from: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
}

// warm are sales of a slice that are not counted, at most.
const warm = 5

// slice sells over a lane, perSecond sales a second, and returns how long each
// took from COMMIT to HQ's disk. Sales are not in step with anybody's timer.
func (r *race) slice(ctx context.Context, l *lane, sales int, perSecond float64) (took []time.Duration, err error) {
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.stop(ctx)) }()
	var head int64
	if err := l.shop.db.QueryRow(ctx, "select last_id from outbox_head").Scan(&head); err != nil {
		return nil, err
	}
	if err := until(ctx, l.hq, "select ("+l.look+") = $1", head); err != nil {
		return nil, err
	}
	first := min(warm, sales)
	if _, err := r.sell(ctx, l, head, first, perSecond); err != nil {
		return nil, err
	}
	return r.sell(ctx, l, head+int64(first)*eventsASale, sales, perSecond)
}

func (r *race) sell(ctx context.Context, l *lane, head int64, sales int, perSecond float64) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o, err := observe(ctx, l.hq, l.look)
	if err != nil {
		return nil, err
	}
	every := time.Duration(float64(time.Second) / perSecond)
	begin, baskets := time.Now(), r.baskets(l.shop)
	for i := range sales {
		due := begin.Add(time.Duration(i)*every + rand.N(every/2))
		if err := pauseFor(ctx, time.Until(due)); err != nil {
			return nil, err
		}
		b := baskets.basket(r.sold[l.shop])
		if err := deskSale(ctx, l.shop, &b); err != nil {
			return nil, fmt.Errorf("sale %d: %w", b.n, err)
		}
		r.sold[l.shop]++
		head += eventsASale
		o.sold <- committed{id: head, at: time.Now()}
	}
	return o.finish(ctx)
}

// meter reads what the shop, HQ and their servers use; the observer is in it.
func (r *race) meter() meter {
	return meter{servers: []*stage{r.shopStage, r.hqStage}, children: []*child{r.office.child}}
}

// check refuses figures of a race in which something was lost, or set aside.
func (r *race) check(ctx context.Context) error {
	var head, inbox, sales, aside int64
	if err := r.edge.db.QueryRow(ctx, "select last_id from outbox_head").Scan(&head); err != nil {
		return err
	}
	err := r.office.db.QueryRow(ctx, "select (select count(*) from hq_inbox), (select count(*) from hq_transactions), (select count(*) from hq_quarantine)").
		Scan(&inbox, &sales, &aside)
	if err == nil && (inbox != head || int(sales) != r.sold[r.edge] || aside != 0) {
		err = fmt.Errorf("HQ has %d of %d events and %d of %d sales, %d set aside", inbox, head, sales, r.sold[r.edge], aside)
	}
	return err
}
