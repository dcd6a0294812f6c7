package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"tiem/internal/edge"
	"tiem/internal/postgres"
)

// replica is the peer of what carries sales to HQ: a shop whose tables go to
// HQ's server by PostgreSQL's own logical replication.
type replica struct {
	publisher  *shop        // at the shop's server
	subscriber *postgres.DB // at HQ's
}

// openReplica makes the two databases, named peer, and a subscription that is
// not enabled yet. synchronousCommit is what its worker commits with. more runs
// at the publisher before.
func openReplica(ctx context.Context, shopStage, hqStage *stage, synchronousCommit string, more ...string) (*replica, error) {
	r := &replica{}
	var err error
	if r.publisher, err = openShop(ctx, shopStage, "peer", edge.Config{}); err != nil {
		return nil, err
	}
	subscriber, err := openShop(ctx, hqStage, "peer", edge.Config{})
	if err != nil {
		return nil, err
	}
	r.subscriber = subscriber.db
	more = append(append([]string{emptyLog}, more...), "create publication peer for table transactions, line_items, payments, local_inventory, outbox")
	if err := sqlUnguarded(ctx, r.publisher.db, more...); err != nil {
		return nil, err
	}
	source, err := shopStage.url("peer")
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ParseConfig(source)
	if err != nil {
		return nil, err
	}
	return r, sqlUnguarded(ctx, r.subscriber, "delete from outbox",
		fmt.Sprintf("create subscription peer connection 'host=%s port=%d user=%s dbname=peer' publication peer with (copy_data = false, synchronous_commit = %s)",
			conn.Host, conn.Port, conn.User, synchronousCommit), "alter subscription peer disable")
}

// emptyLog: the catalogue's opening stock is in a new shop's log already; the
// bench's log begins anew.
const emptyLog = "delete from outbox; delete from outbox_start; insert into outbox_start default values; update outbox_head set last_id = 0, last_hash = decode(repeat('00', 32), 'hex')"

// start lets the subscription's worker run, and returns when it has caught up
// and waits for the next sale.
func (r *replica) start(ctx context.Context) error {
	if _, err := r.subscriber.Exec(ctx, "alter subscription peer enable"); err != nil {
		return err
	}
	return until(ctx, r.publisher.db, "select exists (select from pg_stat_replication where state = 'streaming' and replay_lsn >= $1::text::pg_lsn)", r.end(ctx))
}

// end is where the publisher's server is.
func (r *replica) end(ctx context.Context) (lsn string) {
	_ = r.publisher.db.QueryRow(ctx, "select pg_current_wal_flush_lsn()::text").Scan(&lsn) // until says what is wrong
	return lsn
}

// stop ends the worker: it would read what others write, and be in their way.
func (r *replica) stop(ctx context.Context) error {
	if _, err := r.subscriber.Exec(ctx, "alter subscription peer disable"); err != nil {
		return err
	}
	return until(ctx, r.publisher.db, "select not exists (select from pg_stat_replication)")
}

func (r *replica) close() {
	r.publisher.db.Close()
	r.subscriber.Close()
}
