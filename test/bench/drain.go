package main

import (
	"context"
	_ "embed" // drain.sql
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tiem/internal/edge"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

//go:embed drain.sql
var drainSQL string

// drainage is a shop's server and HQ's server, twice: with the relay between
// them, and with logical replication.
type drainage struct {
	*replica // the peer

	edge   *shop   // ours, at the shop: its outbox
	office *office // ours, at HQ
	sold   *hqtest.Shop
	staged int           // sales of the peer so far
	brake  *pgxpool.Conn // holds the subscription's worker back
}

// logical are the settings that logical replication needs; both sides of a
// comparison with it run with them. No timeouts: the peer's worker waits,
// connected, while ours drains; and it is started again at once, in time that does
// not count.
var logical = []string{"wal_level=logical", "max_wal_senders=4", "max_replication_slots=4", "max_logical_replication_workers=4",
	"wal_sender_timeout=0", "wal_receiver_timeout=0", "wal_retrieve_retry_interval=100ms"}

func (o options) drain(ctx context.Context) (figures []figure, err error) {
	shop, err := newStage(ctx, "edge", logical...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	hq, err := newStage(ctx, "hq", logical...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, hq.close()) }()
	d, err := openDrainage(ctx, shop, hq)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	sales := o.scaled(50_000)
	return o.hold(ctx, "drain", meter{servers: []*stage{shop, hq}, children: []*child{d.office.child}},
		[]contest{d.contest(sales, wire.GRPC, 0.95), d.contest(sales, wire.HTTP, 0.45)})
}

func openDrainage(ctx context.Context, shopStage, hqStage *stage) (d *drainage, err error) {
	d = &drainage{sold: hqtest.NewShop(storeID)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.edge, err = openShop(ctx, shopStage, "ours", edge.Config{}); err != nil {
		return d, err
	}
	if err := sqlUnguarded(ctx, d.edge.db, emptyLog); err != nil {
		return d, err
	}
	if d.office, err = openOffice(ctx, hqStage, "ours"); err != nil {
		return d, err
	}
	d.replica, err = openReplica(ctx, shopStage, hqStage, "off", drainSQL)
	return d, err
}

func (d *drainage) contest(sales int, protocol string, bar float64) contest {
	return contest{name: fmt.Sprintf("drain of %s sales over %s, against logical replication", thousands(sales), spoken[protocol]), unit: "sales", slices: 1, bar: bar,
		ours: side{prepare: func(ctx context.Context, _ int) error { return d.sell(ctx, sales) },
			work: func(ctx context.Context, _, _ int) (int, error) { return d.relay(ctx, protocol) }},
		floor: side{prepare: func(ctx context.Context, _ int) error { return d.sellToPeer(ctx, sales) }, work: d.replicate}}
}

// sell puts a backlog into the outbox: real events, with a real chain.
func (d *drainage) sell(ctx context.Context, sales int) error {
	first := d.sold.Head()
	for range sales {
		d.sold.Sell(fourLines(int(d.sold.Head()))...)
	}
	if err := d.copyEvents(ctx, d.edge.db, "outbox", first); err != nil {
		return err
	}
	hash := d.sold.HashAt(d.sold.Head())
	_, err := d.edge.db.Exec(ctx, "update outbox_head set last_id = $1, last_hash = $2", d.sold.Head(), hash[:])
	if err != nil {
		return err
	}
	return errors.Join(settle(ctx, d.edge.db), settle(ctx, d.office.db))
}

func (d *drainage) copyEvents(ctx context.Context, db *postgres.DB, table string, after int64) error {
	return copyOutbox(ctx, db.Pool(), table, d.sold.Events[after:d.sold.Head()])
}

// copyOutbox copies events into an outbox, past nobody: they are as the edge
// writes them.
func copyOutbox(ctx context.Context, to interface {
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}, table string, events []wire.Event,
) error {
	columns := []string{"id", "store_id", "epoch", "event_id", "aggregate_id", "type", "version", "occurred_at", "terminal_id", "cashier_id",
		"business_date", "payload", "hash"}
	_, err := to.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
		e := &events[i]
		day, err := time.Parse(wire.DateLayout, e.BusinessDate)
		return []any{e.ID, e.StoreID, e.Epoch, e.EventID, e.AggregateID, e.Type, e.Version, e.OccurredAt, e.TerminalID, e.CashierID, day, e.Payload, e.Hash[:]}, err
	}))
	return err
}

// relay lets the store edge drain the outbox to HQ and returns when the last
// event is marked as published.
func (d *drainage) relay(ctx context.Context, protocol string) (sales int, err error) {
	before, err := d.edge.app.Outbox.Where(ctx, d.edge.db)
	if err != nil {
		return 0, err
	}
	halt, err := d.edge.serve(ctx, d.office.line(protocol))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, halt()) }()
	for {
		at, err := d.edge.app.Outbox.Where(ctx, d.edge.db)
		if err != nil || at.Pending() == 0 {
			return int(before.Pending() / eventsASale), err
		}
		if err := pauseFor(ctx, 5*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// sellToPeer makes the same backlog in the shop's tables, a transaction a sale.
func (d *drainage) sellToPeer(ctx context.Context, sales int) error {
	if _, err := d.subscriber.Exec(ctx, "alter subscription peer disable"); err != nil {
		return err
	}
	if err := sqlUnguarded(ctx, d.publisher.db, "truncate staged_transactions, staged_line_items, staged_payments, staged_outbox"); err != nil {
		return err
	}
	s := series{name: 7, goods: d.publisher.goods, tills: tills, from: epoch}
	err := d.publisher.db.Pool().AcquireFunc(ctx, unguarded(ctx, func(conn *pgx.Conn) error {
		for _, t := range edgeTables(true) {
			t.name = "staged_" + t.name
			if err := copyRows(ctx, conn, s, d.staged, sales, t); err != nil {
				return err
			}
		}
		return nil
	}))
	if err != nil {
		return err
	}
	d.staged += sales
	if err := d.copyEvents(ctx, d.publisher.db, "staged_outbox", d.sold.Head()-int64(3*sales)); err != nil {
		return err
	}
	err = sqlUnguarded(ctx, d.publisher.db, "analyze", "set synchronous_commit = off", "call make_backlog()", "reset synchronous_commit")
	if err != nil {
		return err
	}
	if err := errors.Join(settle(ctx, d.publisher.db), settle(ctx, d.subscriber)); err != nil {
		return err
	}
	return d.holdPeer(ctx)
}

// holdPeer starts the subscription's worker and lets it run into a lock, so that
// its start does not count. The lock is one that needs no transaction id (ACCESS
// EXCLUSIVE does): a transaction that has one and goes on keeps PostgreSQL, in
// every database of the server, from forgetting old versions of rows, and ours
// would read through all that it leaves of a store's stock.
func (d *drainage) holdPeer(ctx context.Context) error {
	var err error
	if d.brake, err = d.subscriber.Pool().Acquire(ctx); err != nil {
		return err
	}
	for _, sql := range []string{"set idle_in_transaction_session_timeout = 0", "begin", "lock table transactions in exclusive mode"} {
		if _, err := d.brake.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if _, err := d.subscriber.Exec(ctx, "alter subscription peer enable"); err != nil {
		return err
	}
	return until(ctx, d.subscriber, "select exists (select from pg_stat_activity where backend_type = 'logical replication worker' and wait_event_type = 'Lock')")
}

// replicate lets the subscription catch up.
func (d *drainage) replicate(ctx context.Context, _, _ int) (int, error) {
	var last, had int64
	if err := d.publisher.db.QueryRow(ctx, "select max(id) from outbox").Scan(&last); err != nil {
		return 0, err
	}
	if err := d.subscriber.QueryRow(ctx, "select coalesce(max(id), 0) from outbox").Scan(&had); err != nil {
		return 0, err
	}
	for _, sql := range []string{"commit", "reset idle_in_transaction_session_timeout"} {
		if _, err := d.brake.Exec(ctx, sql); err != nil {
			return 0, err
		}
	}
	d.brake.Release()
	return int(last-had) / 3, until(ctx, d.subscriber, "select exists (select from outbox where id = $1)", last)
}

// until polls for a query to say true.
func until(ctx context.Context, db *postgres.DB, sql string, args ...any) error {
	for {
		var yes bool
		if err := db.QueryRow(ctx, sql, args...).Scan(&yes); err != nil || yes {
			return err
		}
		if err := pauseFor(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sqlUnguarded runs statements one by one past the triggers.
func sqlUnguarded(ctx context.Context, db *postgres.DB, statements ...string) error {
	return db.Pool().AcquireFunc(ctx, unguarded(ctx, func(conn *pgx.Conn) error {
		for _, sql := range statements {
			mode := pgx.QueryExecModeSimpleProtocol
			if _, err := conn.Exec(ctx, sql, mode); err != nil {
				return fmt.Errorf("%.60s…: %w", strings.ReplaceAll(sql, "\n", " "), err)
			}
		}
		return nil
	}))
}

func (d *drainage) close() error {
	var err error
	if d.edge != nil {
		d.edge.db.Close()
	}
	if d.office != nil {
		err = d.office.close()
	}
	if d.replica != nil {
		d.replica.close()
	}
	return err
}
