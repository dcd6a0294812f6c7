package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/hq/projection"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/sale"
	"tiem/internal/wire"
	"tiem/internal/wire/wirepb"
)

// headOffice is HQ twice: ours with its intake, and the floor's bare tables.
type headOffice struct {
	ours, floor *postgres.DB
	intake      *intake.Intake
	shops       [2][]*hqtest.Shop // the same stores on both sides
}

func openHeadOffice(ctx context.Context, s *stage) (*headOffice, error) {
	h := &headOffice{}
	var err error
	if h.ours, err = s.database(ctx, "ours", hqdb.Migrations, postgres.PoolConfig{}); err != nil {
		return nil, err
	}
	if h.floor, err = s.database(ctx, "floor", hqdb.Migrations, postgres.PoolConfig{}); err != nil {
		return nil, err
	}
	h.intake = intake.New(h.ours, prometheus.NewRegistry())
	return h, nil
}

func (h *headOffice) close() {
	h.ours.Close()
	h.floor.Close()
}

func (h *headOffice) contests(events int) []contest {
	var all []contest
	for _, stores := range []int{1, 4} {
		for _, size := range []int{50, 500} {
			all = append(all, contest{
				name: fmt.Sprintf("HQ intake over protobuf, batches of %d, %s", size, plural(stores, "store")), unit: "events", slices: 5, bar: 0.75,
				ours: h.oursSide(stores, size, events), floor: h.floorSide(stores, size, events),
			})
		}
	}
	return all
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// oursSide takes batches as bytes, as they come over gRPC: of each store one after
// another, the next one read and prepared while the last is written.
func (h *headOffice) oursSide(stores, size, events int) side {
	var bodies [][][]byte // by store, in order
	total := 0            // events in them
	return side{
		prepare: func(ctx context.Context, _ int) error {
			bodies, total = nil, 0
			return h.each(ctx, 0, stores, size, events, func(batches []*wire.Batch) error {
				var encoded [][]byte
				for _, b := range batches {
					total += len(b.Events)
					body, err := proto.Marshal(wirepb.FromBatch(b))
					if err != nil {
						return err
					}
					encoded = append(encoded, body)
				}
				bodies = append(bodies, encoded)
				return nil
			})
		},
		work: func(ctx context.Context, slice, slices int) (int, error) {
			g, ctx := errgroup.WithContext(ctx)
			for _, store := range bodies {
				h.stream(ctx, g, store[len(store)*slice/slices:len(store)*(slice+1)/slices])
			}
			return share(total, slice, slices), g.Wait()
		},
	}
}

// stream is what HQ does with a stream's messages, in the two goroutines that a
// stream of the product has.
func (h *headOffice) stream(ctx context.Context, g *errgroup.Group, bodies [][]byte) {
	ready := make(chan *intake.Delivery) // nothing lies in between: one is prepared while one is written
	g.Go(func() error {
		defer close(ready)
		for _, body := range bodies {
			d, err := delivery(body)
			if err != nil {
				return err
			}
			select {
			case ready <- d:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		for d := range ready {
			ack, err := h.intake.Commit(ctx, d)
			if err == nil && (ack.Duplicates != 0 || len(ack.Errors) != 0) {
				err = fmt.Errorf("%d duplicates and %d errors", ack.Duplicates, len(ack.Errors))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func delivery(body []byte) (*intake.Delivery, error) {
	var message wirepb.EventBatch
	if err := proto.Unmarshal(body, &message); err != nil {
		return nil, err
	}
	batch, err := wirepb.Batch(&message)
	if err != nil {
		return nil, err
	}
	return intake.Prepare(batch)
}

// share is the part of total that falls on a slice; the parts add up to it.
func share(total, slice, slices int) int { return total*(slice+1)/slices - total*slice/slices }

// floorSide writes the same rows: the inserts of a batch, with nothing around
// them but BEGIN and COMMIT, in one round trip, their arrays ready.
func (h *headOffice) floorSide(stores, size, events int) side {
	var writes [][]*pgx.Batch
	total := 0
	return side{
		prepare: func(ctx context.Context, _ int) error {
			writes, total = nil, 0
			return h.each(ctx, 1, stores, size, events, func(batches []*wire.Batch) error {
				var ready []*pgx.Batch
				for _, b := range batches {
					total += len(b.Events)
					w, err := bareInserts(ctx, b)
					if err != nil {
						return err
					}
					ready = append(ready, w)
				}
				writes = append(writes, ready)
				return nil
			})
		},
		work: func(ctx context.Context, slice, slices int) (int, error) {
			g, ctx := errgroup.WithContext(ctx)
			for _, store := range writes {
				g.Go(func() error {
					for _, w := range store[len(store)*slice/slices : len(store)*(slice+1)/slices] {
						if err := h.floor.Pool().SendBatch(ctx, w).Close(); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return share(total, slice, slices), g.Wait()
		},
	}
}

// each sells in so many stores and cuts what is new of their logs into batches.
func (h *headOffice) each(ctx context.Context, which, stores, size, events int, use func(batches []*wire.Batch) error) error {
	for i := range stores {
		if i == len(h.shops[which]) {
			id := fmt.Sprintf("S%d", i+1)
			h.shops[which] = append(h.shops[which], hqtest.NewShop(id))
			if which == 0 {
				if _, err := fleet.New(h.ours).Add(ctx, id, id); err != nil {
					return err
				}
			}
		}
		shop := h.shops[which][i]
		first := shop.Head() + 1
		for shop.Head()-first+1 < int64(events/stores) {
			shop.Sell(fourLines(int(shop.Head()))...)
		}
		var batches []*wire.Batch
		for at := first; at <= shop.Head(); at += int64(size) {
			batches = append(batches, shop.Batch(at, min(shop.Head(), at+int64(size)-1)))
		}
		if err := use(batches); err != nil {
			return err
		}
	}
	for _, db := range []*postgres.DB{h.ours, h.floor} {
		if err := settle(ctx, db); err != nil {
			return err
		}
	}
	return nil
}

// fourLines are lines of four items out of four hundred.
func fourLines(n int) []hqtest.Line {
	lines := make([]hqtest.Line, linesASale)
	for i := range lines {
		k := (n*7 + i*97) % 400
		lines[i] = hqtest.Line{Item: hqtest.Item{SKU: fmt.Sprintf("SKU%03d", k), Price: money.Amount(5000 + 500*k)}, Quantity: sale.One}
	}
	return lines
}

// bareInserts are the statements of one batch: those of the projections as the
// product writes them, caught on their way, and that of the inbox.
func bareInserts(ctx context.Context, b *wire.Batch) (*pgx.Batch, error) {
	w := &pgx.Batch{}
	w.Queue("begin")
	entries := projection.ReadAll(b.Events)
	if err := projection.NewRun(b.StoreID, entries, nil).Queue(ctx, postgres.IntoBatch(w)); err != nil {
		return nil, err
	}
	rows := hqdb.InsertInboxParams{StoreID: b.StoreID}
	for i := range b.Events {
		e := &b.Events[i]
		day, err := time.Parse(wire.DateLayout, e.BusinessDate)
		if err != nil {
			return nil, err
		}
		rows.Ids, rows.Epochs = append(rows.Ids, e.ID), append(rows.Epochs, e.Epoch)
		rows.EventIds, rows.AggregateIds = append(rows.EventIds, e.EventID), append(rows.AggregateIds, e.AggregateID)
		rows.Types, rows.Versions = append(rows.Types, e.Type), append(rows.Versions, e.Version)
		rows.OccurredAts, rows.BusinessDates = append(rows.OccurredAts, e.OccurredAt), append(rows.BusinessDates, day)
		rows.TerminalIds, rows.CashierIds = append(rows.TerminalIds, e.TerminalID), append(rows.CashierIds, e.CashierID)
		rows.Payloads, rows.Hashes = append(rows.Payloads, e.Payload), append(rows.Hashes, e.Hash[:])
		rows.Traceparents, rows.States = append(rows.Traceparents, e.TraceParent), append(rows.States, projection.Applied)
	}
	if err := hqdb.New().InsertInbox(ctx, postgres.IntoBatch(w), rows); err != nil {
		return nil, err
	}
	w.Queue("commit")
	return w, nil
}

// checkSame refuses figures of two sides whose tables differ in size.
func (h *headOffice) checkSame(ctx context.Context) error {
	for i, db := range []*postgres.DB{h.ours, h.floor} {
		sold := int64(0)
		for _, shop := range h.shops[i] {
			sold += shop.Head()
		}
		var inbox, sales, quarantined int64
		err := db.QueryRow(ctx, "select (select count(*) from hq_inbox), (select count(*) from hq_transactions), (select count(*) from hq_quarantine)").
			Scan(&inbox, &sales, &quarantined)
		if err != nil {
			return err
		}
		if inbox != sold || sales*3 != sold || quarantined != 0 {
			return fmt.Errorf("side %d: %d events and %d sales (%d set aside) of %d events", i, inbox, sales, quarantined, sold)
		}
	}
	return nil
}
