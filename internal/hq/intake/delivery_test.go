package intake_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/audit"
	"tiem/internal/postgres"
	"tiem/internal/wire"
)

// whole checks that HQ holds the store's log up to upto and that all verifies.
func whole(t *testing.T, db *postgres.DB, upto int64) audit.Report {
	t.Helper()
	report, err := audit.Verify(t.Context(), db, "S1")
	require.NoError(t, err)
	require.Nil(t, report.Bad)
	require.Equal(t, upto, report.Events)
	return report
}

func TestABatchSentTwiceHasOneEffect(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea)
	shop.Sell(one(tea))
	first := accept(t, in, shop.All())
	before := dump(t, db)

	again := accept(t, in, shop.All())
	require.Equal(t, 4, first.Accepted)
	require.Equal(t, wire.Ack{Duplicates: 4, DuplicateIDs: ids(shop.Events), Errors: []wire.EventError{}, ReceivedUpto: 4, ChainHash: shop.HashAt(4)}, again)
	require.Equal(t, before, dump(t, db))
}

func TestPartOldPartNew(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	shop.Sell(one(coffee))
	accept(t, in, shop.Batch(1, 4))
	ack := accept(t, in, shop.Batch(2, 6))
	require.Equal(t, []int{2, 3}, []int{ack.Accepted, ack.Duplicates})
	require.Equal(t, ids(shop.Events[1:4]), ack.DuplicateIDs)
	require.Equal(t, ids(shop.Events[4:6]), ack.AcceptedIDs)
	require.EqualValues(t, 35_000, whole(t, db, 6).Total)
}

func TestBatchesOutOfOrderAreRefusedAndThenTaken(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	refuse(t, db, in, shop.Batch(4, 6), wire.CodeGap)
	accept(t, in, shop.Batch(1, 3))
	accept(t, in, shop.Batch(4, 6))
	whole(t, db, 6)
}

func TestATruncatedBatch(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	headless := shop.Batch(1, 3)
	headless.Events = headless.Events[1:]
	refuse(t, db, in, headless, wire.CodeBatchInvalid)
	holed := shop.Batch(1, 3)
	holed.Events = append(holed.Events[:1], holed.Events[2])
	refuse(t, db, in, holed, wire.CodeBatchInvalid)
	accept(t, in, shop.Batch(1, 2)) // without its tail it is a shorter batch
	accept(t, in, shop.Batch(1, 3))
	whole(t, db, 3)
}

// Each field of the envelope is behind the hash: a flipped bit anywhere is found.
func TestAFlippedBit(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	for name, flip := range map[string]func(e *wire.Event){
		"event_id":      func(e *wire.Event) { e.EventID[15] ^= 1 },
		"aggregate_id":  func(e *wire.Event) { e.AggregateID[0] ^= 0x10 },
		"type":          func(e *wire.Event) { e.Type = "SaleRecordee" },
		"version":       func(e *wire.Event) { e.Version ^= 2 },
		"occurred_at":   func(e *wire.Event) { e.OccurredAt = e.OccurredAt.Add(1000) },
		"terminal_id":   func(e *wire.Event) { e.TerminalID = "T3" },
		"cashier_id":    func(e *wire.Event) { e.CashierID = "" },
		"business_date": func(e *wire.Event) { e.BusinessDate = "2026-11-23" },
		"payload":       func(e *wire.Event) { e.Payload = "\"" + e.Payload[1:] },
		"hash":          func(e *wire.Event) { e.Hash[7] ^= 4 },
	} {
		t.Run(name, func(t *testing.T) {
			batch := shop.All()
			flip(&batch.Events[1])
			refuse(t, db, in, batch, wire.CodeHashMismatch)
		})
	}
}

func TestTwoSendersAtOnceHaveOneEffect(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea, coffee)
	for range 40 {
		shop.Sell(one(tea), one(coffee))
	}
	accepted := 0
	for first := int64(1); first <= shop.Head(); first += 3 { // many rounds: in the first ones they are still connecting
		batch := shop.Batch(first, min(first+2, shop.Head()))
		const senders = 4
		acks := make([]wire.Ack, senders)
		errs := make([]error, senders)
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() { acks[i], errs[i] = in.Accept(t.Context(), batch) })
		}
		wg.Wait()
		for i := range senders {
			require.NoError(t, errs[i])
			require.Equal(t, batch.Events[len(batch.Events)-1].Hash, acks[i].ChainHash)
			require.Equal(t, len(batch.Events), acks[i].Accepted+acks[i].Duplicates)
			accepted += acks[i].Accepted
		}
	}
	require.Equal(t, int(shop.Head()), accepted)
	require.EqualValues(t, 40, whole(t, db, shop.Head()).Sales)
	require.EqualValues(t, -30_000, count(t, db, "select on_hand_milli from hq_inventory where sku = 'TEA'"))
}

// What is set aside is read under the store's lock: an event that arrives while
// the one before it is being replayed does not wait for a row that is gone.
func TestTheIntakeReadsBehindTheStoresLock(t *testing.T) {
	db, in, shop := setup(t)
	shop.Load(tea)
	id := newID()
	shop.AppendRaw("FromTheFuture", 1, id, "{}")
	accept(t, in, shop.All())
	late := shop.Append(wire.TypeInventoryAdjusted, id, shop.Moved(id, one(tea))).ID

	conn, err := db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	replay, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = replay.Exec(t.Context(), "select 1 from store_streams for update")
	require.NoError(t, err)
	var ack wire.Ack
	done := make(chan error, 1)
	go func() {
		var err error
		ack, err = in.Accept(t.Context(), shop.Batch(late, late))
		done <- err
	}()
	require.Eventually(t, func() bool {
		return count(t, db, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 1
	}, 2*time.Second, time.Millisecond)
	_, err = replay.Exec(t.Context(), "delete from hq_quarantine; update hq_inbox set state = 'APPLIED'")
	require.NoError(t, err)
	require.NoError(t, replay.Commit(t.Context()))
	require.NoError(t, <-done)
	require.Equal(t, 1, ack.Accepted, "%v", ack.Errors)
}
