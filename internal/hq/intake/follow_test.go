package intake_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/wire"
)

// watchTrips counts how often the one trip was tried and how often it was let
// through. (Sequences do not roll back.)
func watchTrips(t *testing.T, db *postgres.DB) (tried, passed func() int64) {
	t.Helper()
	_, err := db.Exec(t.Context(), `alter function intake_advance rename to intake_advance_itself`)
	require.NoError(t, err)
	for _, name := range []string{"tried", "passed"} {
		_, err = db.Exec(t.Context(), "create sequence "+name+" start 1")
		require.NoError(t, err)
	}
	_, err = db.Exec(t.Context(), `create function intake_advance(s text, e bigint, u bigint, h bytea, nu bigint, nh bytea, a uuid[]) returns void language plpgsql as $$
		begin perform nextval('tried'); perform intake_advance_itself(s, e, u, h, nu, nh, a); perform nextval('passed'); end $$`)
	require.NoError(t, err)
	counter := func(name string) func() int64 {
		return func() int64 { return count(t, db, "select case when is_called then last_value else 0 end from "+name) }
	}
	return counter("tried"), counter("passed")
}

// withoutOneTrip makes the database send every batch the long way.
func withoutOneTrip(ctx context.Context, db *postgres.DB) error {
	_, err := db.Exec(ctx, `create or replace function intake_advance(in_store_id text, in_epoch bigint, in_upto bigint, in_hash bytea, in_new_upto bigint, in_new_hash bytea, in_aggregate_ids uuid[])
		returns void language plpgsql as $$ begin raise exception 'no' using errcode = 'TM001'; end $$`)
	return err
}

func TestTheNextBatchIsWrittenInOneTrip(t *testing.T) {
	db, in, shop := setup(t)
	tried, passed := watchTrips(t, db)
	shop.Load(tea)
	shop.Sell(one(tea))
	accept(t, in, shop.Batch(1, 1))
	shop.AppendRaw("FromTheFuture", 1, newID(), "{}") // what HQ cannot read needs no look either
	ack := accept(t, in, shop.Batch(2, 5))
	require.Equal(t, []int64{2, 2}, []int64{tried(), passed()})
	require.Len(t, ack.Errors, 1)
	whole(t, db, 5)
}

func TestWhatIsNotTheNextBatchIsLookedAt(t *testing.T) {
	t.Parallel()
	type hq struct {
		db   *postgres.DB
		in   *intake.Intake
		shop *hqtest.Shop
	}
	for name, c := range map[string]struct {
		code string // of the refusal; "": it is taken
		do   func(t *testing.T, q hq) *wire.Batch
	}{
		"a gap":      {wire.CodeGap, func(_ *testing.T, q hq) *wire.Batch { return q.shop.Batch(8, 9) }},
		"an overlap": {"", func(_ *testing.T, q hq) *wire.Batch { return q.shop.Batch(4, 9) }},
		"all known":  {"", func(_ *testing.T, q hq) *wire.Batch { return q.shop.Batch(2, 6) }},
		"a fork": {wire.CodeFork, func(_ *testing.T, q hq) *wire.Batch {
			b := q.shop.Batch(7, 9)
			b.PrevHash[0] ^= 1
			chain(b)
			return b
		}},
		"an older box": {wire.CodeFenced, func(t *testing.T, q hq) *wire.Batch {
			t.Helper()
			_, err := q.db.Exec(t.Context(), "update store_streams set epoch = 2")
			require.NoError(t, err)
			return q.shop.Batch(7, 9)
		}},
		"an unknown store": {wire.CodeStoreUnknown, func(_ *testing.T, _ hq) *wire.Batch {
			stranger := hqtest.NewShop("S9")
			stranger.Sell(one(tea))
			return stranger.All()
		}},
		"about something set aside": {"", func(t *testing.T, q hq) *wire.Batch {
			t.Helper()
			bad := q.shop.AppendRaw("FromTheFuture", 1, newID(), "{}")
			ack := accept(t, q.in, q.shop.Batch(7, q.shop.Head()))
			require.Len(t, ack.Errors, 1)
			q.shop.Append(wire.TypeInventoryAdjusted, bad.AggregateID, q.shop.Moved(bad.AggregateID, one(tea)))
			return q.shop.Batch(q.shop.Head(), q.shop.Head())
		}},
	} {
		t.Run(name, func(t *testing.T) {
			db, in, shop := setup(t)
			for range 3 {
				shop.Sell(one(tea))
			}
			accept(t, in, shop.Batch(1, 6))
			batch := c.do(t, hq{db, in, shop})
			tried, passed := watchTrips(t, db)
			if c.code != "" {
				refuse(t, db, in, batch, c.code)
			} else if ack := accept(t, in, batch); name == "about something set aside" {
				require.Equal(t, wire.CodeWaiting, ack.Errors[0].Code)
			}
			require.Equal(t, []int64{1, 0}, []int64{tried(), passed()})
		})
	}
}

// Before its first event every store's hash is zeros; a gap that claims them as
// its past is a gap.
func TestAGapThatClaimsToBeTheBeginning(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	batch := shop.Batch(3, 4)
	batch.PrevHash = wire.Hash{}
	chain(batch)
	refuse(t, db, in, batch, wire.CodeGap)
}

// A batch that is broken is not even tried.
func TestABrokenBatchIsNotTried(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	tried, _ := watchTrips(t, db)
	batch := shop.All()
	batch.Events[1].Payload += " "
	refuse(t, db, in, batch, wire.CodeHashMismatch)
	require.Zero(t, tried())
}

// What was set aside while the batch stood at the lock holds it up: the look at
// hq_quarantine comes after the lock.
func TestTheOneTripSeesWhatItWaitedFor(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	accept(t, in, shop.Batch(1, 2))
	_, passed := watchTrips(t, db)

	tx := begin(t, db)
	_, err := tx.Exec(t.Context(), "select from store_streams where store_id = 'S1' for update")
	require.NoError(t, err)
	acks := make(chan wire.Ack, 1)
	go func() {
		ack, err := in.Accept(t.Context(), shop.Batch(3, 3))
		if err == nil {
			acks <- ack
		}
		close(acks)
	}()
	require.Eventually(t, func() bool { return atLocks(t, db) == 1 }, 5*time.Second, time.Millisecond)
	_, err = tx.Exec(t.Context(), `insert into hq_quarantine (store_id, id, event_id, aggregate_id, type, state, code, message)
		select store_id, id, event_id, aggregate_id, type, 'QUARANTINED', 'by_hand', 'a rebuild refused it' from hq_inbox where id = 1`)
	require.NoError(t, err)
	require.NoError(t, tx.Commit(t.Context()))

	ack, taken := <-acks
	require.True(t, taken)
	require.Len(t, ack.Errors, 1)
	require.Equal(t, wire.CodeWaiting, ack.Errors[0].Code)
	require.Zero(t, passed())
}

// Whatever a store sends: one trip or two, HQ says the same and holds the same.
func TestOneTripOrTwoIsTheSame(t *testing.T) {
	t.Parallel()
	var dbs [2]*postgres.DB
	for i := range dbs {
		dbs[i] = postgrestest.New(t, hqdb.Migrations)
	}
	require.NoError(t, withoutOneTrip(t.Context(), dbs[1]))
	names := slices.Sorted(maps.Keys(poisons))
	stores := 0
	rapid.Check(t, func(rt *rapid.T) {
		stores++
		shop := hqtest.NewShop(fmt.Sprintf("R%d", stores))
		trade(rt, shop)
		for range rapid.IntRange(0, 3).Draw(rt, "poisons") {
			poisons[rapid.SampledFrom(names).Draw(rt, "poison")](shop)
			bad := shop.Events[len(shop.Events)-1]
			if rapid.Bool().Draw(rt, "goes on") {
				shop.Append(wire.TypeInventoryAdjusted, bad.AggregateID, shop.Moved(bad.AggregateID, one(tea)))
			}
			shop.Sell(one(coffee))
		}
		var ins [2]*intake.Intake
		for i, db := range dbs {
			_, err := fleet.New(db).Add(context.Background(), shop.ID, "random")
			require.NoError(rt, err)
			ins[i] = intake.New(db, prometheus.NewRegistry())
		}
		upto := int64(0)
		send := func(batch *wire.Batch) {
			ack, err := ins[0].Accept(context.Background(), batch)
			ack2, err2 := ins[1].Accept(context.Background(), batch)
			require.Equal(rt, ack, ack2)
			require.Equal(rt, fault.CodeOf(err), fault.CodeOf(err2), "%v, %v", err, err2)
			if err != nil {
				require.Equal(rt, fault.As(err).Details, fault.As(err2).Details)
				return
			}
			upto = ack.ReceivedUpto
		}
		for range rapid.IntRange(0, 6).Draw(rt, "sends") {
			send(anyBatch(rt, shop))
		}
		for upto < shop.Head() {
			send(shop.Batch(upto+1, min(shop.Head(), upto+rapid.Int64Range(1, 20).Draw(rt, "cut"))))
		}
	})
	one, two := dump(t, dbs[0]), dump(t, dbs[1])
	require.Equal(t, two, one)
	require.NotEmpty(t, one["hq_quarantine"])
	require.NotEmpty(t, one["hq_transactions"])
}
