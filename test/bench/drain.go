package main

import (
	"context"
	_ "embed" // drain.sql
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tiem/internal/edge"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/uplink"
	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

//go:embed drain.sql
var drainSQL string

// drainage is a shop's server and HQ's server, twice: with the relay between
// them, and with logical replication.
type drainage struct {
	shopStage, hqStage *stage
	edge               *shop        // ours, at the shop: its outbox
	hq                 *postgres.DB // ours, at HQ
	publisher          *shop        // the peer's, at the shop
	subscriber         *postgres.DB // the peer's, at HQ
	sold               *hqtest.Shop
	url, token         string
	staged             int           // sales of the peer so far
	brake              *pgxpool.Conn // holds the subscription's worker back
}

func openDrainage(ctx context.Context, shopStage, hqStage *stage) (*drainage, error) {
	d := &drainage{shopStage: shopStage, hqStage: hqStage, sold: hqtest.NewShop(storeID)}
	var err error
	if d.edge, err = openShop(ctx, shopStage, "ours", edge.Config{}); err != nil {
		return nil, err
	}
	if d.hq, err = hqStage.database(ctx, "ours", hqdb.Migrations, postgres.PoolConfig{}); err != nil {
		return nil, err
	}
	// The catalogue's opening stock is in the log already; the bench's log begins anew.
	if err := sqlUnguarded(ctx, d.edge.db, "delete from outbox; delete from outbox_start; insert into outbox_start default values; update outbox_head set last_id = 0, last_hash = decode(repeat('00', 32), 'hex')"); err != nil {
		return nil, err
	}
	return d, d.openPeer(ctx)
}

func (d *drainage) openPeer(ctx context.Context) error {
	var err error
	if d.publisher, err = openShop(ctx, d.shopStage, "peer", edge.Config{}); err != nil {
		return err
	}
	subscriber, err := openShop(ctx, d.hqStage, "peer", edge.Config{})
	if err != nil {
		return err
	}
	d.subscriber = subscriber.db
	if err := sqlUnguarded(ctx, d.publisher.db, "delete from outbox;"+drainSQL); err != nil {
		return err
	}
	source, err := d.shopStage.url("peer")
	if err != nil {
		return err
	}
	conn, err := pgx.ParseConfig(source)
	if err != nil {
		return err
	}
	return sqlUnguarded(ctx, d.subscriber, "delete from outbox", fmt.Sprintf("create subscription peer connection 'host=%s port=%d user=%s dbname=peer' publication peer with (copy_data = false, synchronous_commit = off)",
		conn.Host, conn.Port, conn.User), "alter subscription peer disable")
}

func (d *drainage) contest(sales int) contest {
	return contest{name: fmt.Sprintf("drain of %s sales over HTTP, against logical replication", thousands(sales)), unit: "sales", slices: 1, bar: 0.45,
		ours:  side{prepare: func(ctx context.Context, _ int) error { return d.sell(ctx, sales) }, work: d.relay},
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
	return errors.Join(settle(ctx, d.edge.db), settle(ctx, d.hq))
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

// relay lets the relay drain the outbox to HQ's HTTP server and returns when
// the last event is marked as published.
func (d *drainage) relay(ctx context.Context, _, _ int) (int, error) {
	link, err := uplink.NewHTTPLink(d.url, storeID, d.token, 5*time.Second)
	if err != nil {
		return 0, err
	}
	defer link.Close()
	before, err := (&outbox.Log{}).Where(ctx, d.edge.db)
	if err != nil {
		return 0, err
	}
	r := uplink.New(d.edge.db, d.edge.app.Outbox, link, uplink.Config{}, productionLog())
	running, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); r.Run(running) }()
	defer func() { stop(); <-done }()
	for {
		at, err := (&outbox.Log{}).Where(ctx, d.edge.db)
		if err != nil || at.Pending() == 0 {
			return int(before.Pending() / 3), err
		}
		if err := pauseFor(ctx, 5*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// serveHQ runs HQ's HTTP server.
func (d *drainage) serveHQ(ctx context.Context) (closer func() error, err error) {
	app := hq.New(d.hq, hq.Config{}, productionLog())
	if d.token, err = app.Fleet.Add(ctx, storeID, "Nguyễn Trãi"); err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.url = "http://" + ln.Addr().String()
	server := &http.Server{Handler: app.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(ln) }() // ends with Close
	return server.Close, nil
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
// its start does not count.
func (d *drainage) holdPeer(ctx context.Context) error {
	var err error
	if d.brake, err = d.subscriber.Pool().Acquire(ctx); err != nil {
		return err
	}
	for _, sql := range []string{"set idle_in_transaction_session_timeout = 0", "begin", "lock table transactions"} {
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

func (d *drainage) close() {
	for _, db := range []*postgres.DB{d.edge.db, d.hq, d.publisher.db, d.subscriber} {
		db.Close()
	}
}
