package intake_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/fleet"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/wire"
)

// helloOf is what the shop says.
func helloOf(shop *hqtest.Shop) *wire.Hello {
	return &wire.Hello{StoreID: shop.ID, Epoch: shop.Epoch, Head: shop.Head(), HeadHash: shop.HashAt(shop.Head()), OldestRetained: 1,
		SchemaVersions: map[string]int32{wire.TypeSaleRecorded: 1, "MoonPhaseChanged": 1}}
}

func TestAHelloIsAnsweredWithTheWatermark(t *testing.T) {
	_, in, shop := setup(t)
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	accept(t, in, shop.Batch(1, 4))
	answer, err := in.Greet(t.Context(), helloOf(shop))
	require.NoError(t, err)
	require.Equal(t, wire.Answer{Ack: wire.Ack{Errors: []wire.EventError{}, ReceivedUpto: 4, ChainHash: shop.HashAt(4)},
		Credit: wire.FirstCredit, Welcome: &wire.Welcome{Epoch: 1, UnreadableTypes: []string{"MoonPhaseChanged"}}}, answer)
}

func TestAHelloIsRefused(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	accept(t, in, shop.All())
	before := dump(t, db)
	for code, change := range map[string]func(h *wire.Hello){
		wire.CodeBatchInvalid: func(h *wire.Hello) { h.Head = -1 },
		wire.CodeStoreUnknown: func(h *wire.Hello) { h.StoreID = "S9" },
		wire.CodeFenced:       func(h *wire.Hello) { h.Epoch = 2 },
		wire.CodeFork:         func(h *wire.Hello) { h.HeadHash[0] ^= 1 },
		wire.CodeRewind:       func(h *wire.Hello) { h.Head, h.HeadHash = 1, shop.HashAt(1) },
	} {
		hello := helloOf(shop)
		change(hello)
		_, err := in.Greet(t.Context(), hello)
		require.Equal(t, code, fault.CodeOf(err), "%v", err)
	}
	require.Equal(t, before, dump(t, db))
}

// Its word is the last one: a batch that is being written is waited for.
func TestAHelloWaitsForTheBatchThatIsBeingWritten(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	tx := begin(t, db)
	_, err := tx.Exec(t.Context(), "update store_streams set received_upto = 2, chain_hash = $1", shop.Events[1].Hash[:])
	require.NoError(t, err)
	answers := make(chan wire.Answer, 1)
	go func() {
		answer, err := in.Greet(t.Context(), helloOf(shop))
		if err == nil {
			answers <- answer
		}
		close(answers)
	}()
	require.Eventually(t, func() bool { return atLocks(t, db) == 1 }, 5*time.Second, time.Millisecond)
	require.NoError(t, tx.Commit(t.Context()))
	require.EqualValues(t, 2, (<-answers).ReceivedUpto)
}

// Of a thousand stores with a backlog, the first may begin at once, the others
// are given a turn; one without a backlog is none of them.
func TestStoresWithABacklogAreGivenTurns(t *testing.T) {
	_, in, shop := setup(t)
	for range 20 {
		shop.Sell(one(tea))
	}
	accept(t, in, shop.Batch(1, 5))
	behind := helloOf(shop)
	first, err := in.Greet(t.Context(), behind)
	require.NoError(t, err)
	require.Equal(t, []int64{wire.FirstCredit, 0}, []int64{int64(first.Credit), first.RetryAfterMS})
	for i := range 1000 {
		in.Terms("B"+strconv.Itoa(i), 0, 500)
	}
	last, err := in.Greet(t.Context(), behind)
	require.NoError(t, err)
	require.Equal(t, 1, last.Credit)
	require.Positive(t, last.RetryAfterMS)
	accept(t, in, shop.Batch(6, 10)) // 50 are missing now
	live, err := in.Greet(t.Context(), behind)
	require.NoError(t, err)
	require.Equal(t, []int64{wire.FirstCredit, 0}, []int64{int64(live.Credit), live.RetryAfterMS})
}

// Batches of backlogs, as many as may and more, hang at the database: a live
// batch of another store is taken all the same, however it came.
func TestALiveBatchDoesNotWaitForBacklogs(t *testing.T) {
	db, in, live := setup(t)
	live.Sell(one(tea))
	live.Sell(one(tea))
	tx := begin(t, db)
	const backlogs = 8
	errs := make(chan error, backlogs)
	for i := range backlogs {
		shop := hqtest.NewShop("B" + string(rune('0'+i)))
		_, err := fleet.New(db).Add(t.Context(), shop.ID, "behind")
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "select from store_streams where store_id = $1 for update", shop.ID)
		require.NoError(t, err)
		for range 30 {
			shop.Sell(one(tea))
		}
		d, err := intake.Prepare(shop.Batch(1, 20)) // small, but the store has more
		require.NoError(t, err)
		d.Behind(shop.Head())
		go func() {
			if i%2 == 0 {
				_, err := in.Commit(t.Context(), d)
				errs <- err
				return
			}
			_, err := in.AcceptBytes(t.Context(), shop.ID, intake.LiveBytes+1, func() (*wire.Batch, error) { return shop.All(), nil })
			errs <- err
		}()
	}
	require.Eventually(t, func() bool { return atLocks(t, db) > 0 }, 5*time.Second, time.Millisecond)
	accept(t, in, live.Batch(1, 3))
	_, err := in.AcceptBytes(t.Context(), live.ID, intake.LiveBytes, func() (*wire.Batch, error) { return live.Batch(4, 6), nil })
	require.NoError(t, err)
	require.LessOrEqual(t, atLocks(t, db), int64(4), "a third of the connections")
	require.Positive(t, atLocks(t, db), "they hang still")
	require.NoError(t, tx.Rollback(t.Context()))
	for range backlogs {
		require.NoError(t, <-errs)
	}
}

// A greeting's lock is no write that anybody needs: its COMMIT does not wait for the
// disk, and the next transaction's does.
func TestAGlanceDoesNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), postgrestest.NewURL(t, hqdb.Migrations), postgres.PoolConfig{MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	waits := func(look bool) (setting string) {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
			if look {
				_, err := hqdb.OpenStream(ctx, hqdb.Glance(tx, time.Second), "S1", 0, 0, nil)
				require.NoError(t, err)
			}
			return tx.QueryRow(ctx, "select current_setting('synchronous_commit')").Scan(&setting)
		}))
		return setting
	}
	require.Equal(t, "off", waits(true))
	require.Equal(t, "on", waits(false))
}
