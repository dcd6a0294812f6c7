package main

import (
	"context"
	"crypto/sha256"
	_ "embed" // floor.sql
	"fmt"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"
	"golang.org/x/sync/errgroup"

	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/checkout"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/edge/staff"
	"tiem/internal/postgres"
)

//go:embed floor.sql
var floorSQL string

const (
	payloadBytes = 600  // of each of the floor's three events
	answerBytes  = 1800 // of the floor's stored answer; ours is about as long
)

// counter is a pair of databases on one server: ours to finalize in, and the floor's.
type counter struct {
	ours    *shop
	floor   *shop
	address string // of ours, over HTTP
	next    [2]int // the first draft that is not there yet, on each side
}

func openCounter(ctx context.Context, s *stage) (*counter, error) {
	c := &counter{}
	var err error
	if c.ours, err = openShop(ctx, s, "ours", edge.Config{}); err != nil {
		return nil, err
	}
	if c.floor, err = openShop(ctx, s, "floor", edge.Config{}); err != nil {
		return nil, err
	}
	_, err = c.floor.db.Exec(ctx, floorSQL)
	return c, err
}

func (c *counter) close() {
	c.ours.db.Close()
	c.floor.db.Close()
}

// contests of finalize in the store's own code, and through the HTTP API.
func (c *counter) contests(sales int) []contest {
	var all []contest
	for _, k := range []struct {
		clients   int
		bar, http float64
	}{{1, 0.65, 0.45}, {5, 0.75, 0.60}} {
		floor := c.side(1, k.clients, sales, c.floorSale)
		all = append(all,
			contest{name: fmt.Sprintf("finalize in the store's own code, %s", clients(k.clients)), unit: "sales", slices: 10, bar: k.bar,
				ours: c.side(0, k.clients, sales, c.deskSale), floor: floor},
			contest{name: fmt.Sprintf("finalize through the HTTP API, %s", clients(k.clients)), unit: "sales", slices: 10, bar: k.http,
				ours: c.httpSide(k.clients, sales), floor: floor})
	}
	return all
}

func clients(n int) string {
	if n == 1 {
		return "1 client"
	}
	return fmt.Sprintf("%d clients", n)
}

// sell finalizes one basket.
type sell func(ctx context.Context, client int, b *basket) error

// side is n drafts a round, prepared, then finalized by so many clients.
func (c *counter) side(which, clients, n int, sell sell) side {
	sh := []*shop{c.ours, c.floor}[which]
	s := series{name: uint64(which), goods: sh.goods, tills: clients, from: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	var baskets []basket
	return side{
		prepare: func(ctx context.Context, _ int) error {
			baskets = baskets[:0]
			for i := range n {
				baskets = append(baskets, s.basket(c.next[which]+i))
			}
			if err := sh.drafts(ctx, s, c.next[which], n); err != nil {
				return err
			}
			c.next[which] += n
			return settle(ctx, sh.db)
		},
		work: func(ctx context.Context, slice, slices int) (int, error) {
			part := baskets[n*slice/slices : n*(slice+1)/slices]
			return len(part), together(ctx, clients, part, sell)
		},
	}
}

// together lets each till finalize its own baskets, all at once.
func together(ctx context.Context, clients int, baskets []basket, sell sell) error {
	g, ctx := errgroup.WithContext(ctx)
	for client := range clients {
		g.Go(func() error {
			for i := range baskets {
				if baskets[i].n%clients != client {
					continue
				}
				if err := sell(ctx, client, &baskets[i]); err != nil {
					return fmt.Errorf("sale %d: %w", baskets[i].n, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// deskSale finalizes in the store's own code, with an Idempotency-Key.
func (c *counter) deskSale(ctx context.Context, _ int, b *basket) error {
	return deskSale(ctx, c.ours, b)
}

func deskSale(ctx context.Context, sh *shop, b *basket) error {
	reply, err := sh.app.Desk.Finalize(ctx, checkout.Caller{TerminalID: b.terminal, Cashier: staff.Actor{CashierID: cashierID, Role: staff.Cashier},
		Once: idempotency.Request{TerminalID: b.terminal, Key: b.payment.String(), Hash: sha256.Sum256(b.id[:])}}, b.id)
	if err == nil && reply.Body.ReceiptNo == "" {
		err = fmt.Errorf("no receipt for %s", b.id)
	}
	return err
}

// floorSale is one function call.
func (c *counter) floorSale(ctx context.Context, _ int, b *basket) error {
	var items []uuid.UUID
	var quantities []int64
	for i := range b.lines {
		items, quantities = append(items, catalog.ItemID(b.lines[i].SKU)), append(quantities, milli)
	}
	events := make([]uuid.UUID, 3)
	hashes := make([][]byte, 3)
	for i := range events {
		events[i] = uuid.Must(uuid.NewV7())
		hashes[i] = floorHash
	}
	hash := sha256.Sum256(b.id[:])
	var receipt string
	return c.floor.db.QueryRow(ctx, "select floor_sale($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", b.id, b.terminal, b.payment.String(), hash[:], floorAnswer,
		items, quantities, events, floorPayloads, hashes).Scan(&receipt)
}

var (
	floorHash     = make([]byte, sha256.Size)
	floorAnswer   = strings.Repeat("a", answerBytes)
	floorPayloads = []string{strings.Repeat("s", payloadBytes), strings.Repeat("i", payloadBytes), strings.Repeat("p", payloadBytes)}
)

// checkSame refuses figures of two sides that did not do the same: both hold as
// many paid sales, events and receipts as they were given.
func (c *counter) checkSame(ctx context.Context) error {
	for which, sh := range []*shop{c.ours, c.floor} {
		var paid, events, keys int
		err := sh.db.QueryRow(ctx, `select (select count(*) from transactions where status = 'PAID'), (select count(*) from outbox),
			(select count(*) from idempotency_keys)`).Scan(&paid, &events, &keys)
		if err != nil {
			return err
		}
		head, err := edgedb.New().GetHead(ctx, sh.db)
		if err != nil {
			return postgres.Fault(err)
		}
		if paid != c.next[which] || keys != paid || int64(events) != head.LastID || events < 3*paid {
			return fmt.Errorf("side %d: %d paid, %d events, %d keys of %d sales", which, paid, events, keys, c.next[which])
		}
	}
	return nil
}
