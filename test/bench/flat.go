package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// flat is the promise: a sale costs at most 1.15 times as much with history as
// without, so the rate with it is at least 1/1.15 of the rate without.
const flat = 1 / 1.15

// agedShops are a shop with years of sales behind it, and one that opens today.
func agedShops(ctx context.Context, s *stage, history, sales int) (contest, func(), error) {
	c := &counter{}
	var err error
	if c.ours, err = openShop(ctx, s, "ours", edge.Config{}); err != nil {
		return contest{}, nil, err
	}
	if c.floor, err = openShop(ctx, s, "floor", edge.Config{}); err != nil {
		return contest{}, nil, err
	}
	if err := c.ours.age(ctx, history); err != nil {
		return contest{}, nil, err
	}
	young := c.side(1, 1, sales, func(ctx context.Context, _ int, b *basket) error { return deskSale(ctx, c.floor, b) })
	return contest{name: fmt.Sprintf("finalize with %s sales of history, against an empty store", thousands(history)), unit: "sales", slices: 10, bar: flat,
			ours: c.side(0, 1, sales, c.deskSale), floor: young},
		func() { c.ours.db.Close(); c.floor.db.Close() }, nil
}

// age gives the shop its history, published long ago.
func (sh *shop) age(ctx context.Context, sales int) error {
	s := series{name: 99, goods: sh.goods, tills: tills, from: epoch}
	if err := loadSales(ctx, sh.db, s, 0, sales, true); err != nil {
		return err
	}
	var first int64
	if err := sh.db.QueryRow(ctx, "select last_id from outbox_head").Scan(&first); err != nil {
		return err
	}
	err := sh.db.Pool().AcquireFunc(ctx, unguarded(ctx, func(conn *pgx.Conn) error {
		return copyRows(ctx, conn, s, 0, sales, pastEvents("outbox", first))
	}))
	if err != nil {
		return err
	}
	last := first + int64(3*sales)
	hash := pastHash(last)
	return sqlUnguarded(ctx, sh.db, fmt.Sprintf(`update outbox_head set last_id = %d, last_hash = '\x%x'`, last, hash),
		fmt.Sprintf("update sync_cursors set position = %d", last),
		fmt.Sprintf("update receipt_counters set last_seq = %d", sales/tills+1), "vacuum analyze")
}

// pastEvents are three events a sale, behind event first, with hashes that are
// only numbers: nobody is going to verify them.
func pastEvents(tableName string, first int64) table {
	payloads := [3]string{strings.Repeat("s", payloadBytes), strings.Repeat("i", payloadBytes), strings.Repeat("p", payloadBytes)}
	columns := []string{"id", "store_id", "epoch", "event_id", "aggregate_id", "type", "version", "occurred_at", "terminal_id", "cashier_id", "business_date",
		"payload", "hash"}
	if tableName == "outbox" {
		columns = append(columns, "created_at", "published_at")
	} else {
		columns = append(columns, "state", "received_at")
	}
	return table{name: tableName, columns: columns, rows: func(b *basket, n int, add func(...any)) {
		for i, kind := range []string{wire.TypeSaleRecorded, wire.TypeInventoryAdjusted, wire.TypePaymentCaptured} {
			id := first + int64(3*n+i) + 1
			row := []any{id, storeID, int64(1), eventID(b, i), b.id, kind, 1, b.at, b.terminal, cashierID, b.at, payloads[i], pastHash(id)}
			if tableName == "outbox" {
				row = append(row, b.at, b.at)
			} else {
				row = append(row, "APPLIED", b.at)
			}
			add(row...)
		}
	}}
}

func eventID(b *basket, i int) uuid.UUID {
	id := b.id
	id[15] ^= byte(i + 1)
	return id
}

func pastHash(id int64) []byte {
	hash := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(id)))
	return hash[:]
}

// thousands writes 1500000 as 1,500,000.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// agedOffices are an HQ with years of one store's sales, and an empty one.
func agedOffices(ctx context.Context, s *stage, history, events int) (contest, func(), error) {
	var dbs [2]*postgres.DB
	var sides [2]side
	for i, name := range []string{"ours", "floor"} {
		db, err := s.database(ctx, name, hqdb.Migrations, postgres.PoolConfig{})
		if err != nil {
			return contest{}, nil, err
		}
		if _, err := fleet.New(db).Add(ctx, storeID, storeID); err != nil {
			return contest{}, nil, err
		}
		from := 0
		if i == 0 {
			from = history
			if err := ageOffice(ctx, db, history); err != nil {
				return contest{}, nil, err
			}
		}
		dbs[i], sides[i] = db, deliver(db, int64(3*from), events)
	}
	return contest{name: fmt.Sprintf("HQ intake with %s sales of history, against an empty HQ", thousands(history)), unit: "events", slices: 10, bar: flat,
		ours: sides[0], floor: sides[1]}, func() { dbs[0].Close(); dbs[1].Close() }, nil
}

func ageOffice(ctx context.Context, db *postgres.DB, sales int) error {
	codes := []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO", "EXEMPT"}
	goods, err := demoGoods(codes)
	if err != nil {
		return err
	}
	s := series{name: 99, goods: goods, tills: tills, from: epoch}
	err = db.Pool().AcquireFunc(ctx, unguarded(ctx, func(conn *pgx.Conn) error {
		for _, t := range append(officeTables(), pastEvents("hq_inbox", 0)) {
			if err := copyRows(ctx, conn, s, 0, sales, t); err != nil {
				return err
			}
		}
		return nil
	}))
	if err != nil {
		return err
	}
	last := int64(3 * sales)
	return sqlUnguarded(ctx, db, fmt.Sprintf(`update store_streams set received_upto = %d, chain_hash = '\x%x'`, last, pastHash(last)), "vacuum analyze")
}

// officeTables are the projections of past sales.
func officeTables() []table {
	return []table{
		{name: "hq_transactions", columns: []string{"store_id", "transaction_id", "inbox_id", "receipt_no", "terminal_id", "cashier_id", "business_date", "currency",
			"gross", "discount", "subtotal", "tax", "total", "paid", "change", "created_at", "finalized_at"},
			rows: func(b *basket, n int, add func(...any)) {
				tax := b.total / 10
				add(storeID, b.id, int64(3*n+1), receiptNo(b.terminal, int64(n/tills+1)), b.terminal, cashierID, b.at, "VND", b.total, 0, b.total-tax, tax, b.total, b.total, 0, b.at, b.at)
			}},
		{name: "hq_line_items", columns: []string{"store_id", "transaction_id", "line_no", "item_id", "sku", "name", "unit", "category", "barcode", "quantity_milli",
			"unit_price", "gross", "discount", "amount", "tax_code", "rate_bp"},
			rows: func(b *basket, _ int, add func(...any)) {
				for i := range b.lines {
					l := &b.lines[i]
					add(storeID, b.id, i+1, catalog.ItemID(l.SKU), l.SKU, l.Name, l.Unit, l.Category, barcodeOf(l), int64(milli), int64(l.Price), int64(l.Price), 0, int64(l.Price), l.TaxCode, 800)
				}
			}},
		{name: "hq_tax_lines", columns: []string{"store_id", "transaction_id", "tax_code", "rate_bp", "base", "tax"},
			rows: func(b *basket, _ int, add func(...any)) {
				add(storeID, b.id, "STANDARD", 800, b.total-b.total/10, b.total/10)
			}},
		{name: "hq_payments", columns: []string{"store_id", "payment_id", "inbox_id", "transaction_id", "method", "amount", "tendered", "change", "terminal_id", "cashier_id", "captured_at"},
			rows: func(b *basket, n int, add func(...any)) {
				add(storeID, b.payment, int64(3*n+3), b.id, "CASH", b.total, b.total, 0, b.terminal, cashierID, b.at)
			}},
	}
}

// deliver takes a store's next events, batch by batch, behind event base.
func deliver(db *postgres.DB, base int64, events int) side {
	in := intake.New(db, prometheus.NewRegistry())
	shop := hqtest.NewShop(storeID)
	prev := wire.Hash{}
	if base > 0 {
		prev = wire.Hash(pastHash(base))
	}
	var batches []*wire.Batch
	return side{
		prepare: func(ctx context.Context, _ int) error {
			batches = nil
			for first := shop.Head() + 1; shop.Head() < first+int64(events)-1; {
				from := shop.Head() + 1
				for range 16 {
					shop.Sell(fourLines(int(shop.Head()))...)
				}
				b := shop.Batch(from, shop.Head())
				moveBehind(b, base, &prev)
				batches = append(batches, b)
			}
			return settle(ctx, db)
		},
		work: func(ctx context.Context, slice, slices int) (int, error) {
			n := 0
			for _, b := range batches[len(batches)*slice/slices : len(batches)*(slice+1)/slices] {
				ack, err := in.Accept(ctx, b)
				if err == nil && ack.Accepted != len(b.Events) {
					err = fmt.Errorf("%d of %d events accepted: %v", ack.Accepted, len(b.Events), ack.Errors)
				}
				if err != nil {
					return n, err
				}
				n += len(b.Events)
			}
			return n, nil
		},
	}
}

// moveBehind renumbers a batch behind base, with receipts that history did not
// have, and hashes it anew.
func moveBehind(b *wire.Batch, base int64, prev *wire.Hash) {
	b.FirstID, b.PrevHash = b.FirstID+base, *prev
	for i := range b.Events {
		e := &b.Events[i]
		e.ID += base
		e.Payload = strings.Replace(e.Payload, `"receipt_no":"S1-T1-`, `"receipt_no":"S1-T1-9`, 1)
		e.Hash = e.Chain(*prev)
		*prev = e.Hash
	}
}
