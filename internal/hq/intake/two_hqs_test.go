package intake_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
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

// twoHQs are two intakes, each with connections of its own, on one database: what
// two processes have of each other.
func twoHQs(t *testing.T) (db *postgres.DB, hqs [2]*intake.Intake) {
	t.Helper()
	t.Parallel()
	url := postgrestest.NewURL(t, hqdb.Migrations)
	for i := range hqs {
		var err error
		db, err = postgres.Open(t.Context(), url, postgres.PoolConfig{})
		require.NoError(t, err)
		t.Cleanup(db.Close)
		hqs[i] = intake.New(db, prometheus.NewRegistry())
	}
	_, err := fleet.New(db).Add(t.Context(), "S1", "Nguyễn Trãi")
	require.NoError(t, err)
	return db, hqs
}

func TestTwoHQsTakeTheSameBatchAtOnce(t *testing.T) {
	db, hqs := twoHQs(t)
	shop := hqtest.NewShop("S1")
	shop.Load(tea, coffee)
	for range 60 {
		shop.Sell(one(tea), one(coffee))
	}
	accepted := 0
	for first := int64(1); first <= shop.Head(); first += 4 {
		batch := shop.Batch(first, min(first+3, shop.Head()))
		var acks [2]wire.Ack
		var errs [2]error
		var both sync.WaitGroup
		for i, in := range hqs {
			both.Go(func() { acks[i], errs[i] = in.Accept(t.Context(), batch) })
		}
		both.Wait()
		require.NoError(t, errs[0])
		require.NoError(t, errs[1])
		require.Equal(t, acks[0].ReceivedUpto, acks[1].ReceivedUpto)
		require.Equal(t, acks[0].ChainHash, acks[1].ChainHash)
		require.Equal(t, len(batch.Events), acks[0].Accepted+acks[1].Accepted, "each event once, at one of them")
		require.Zero(t, acks[0].Accepted*acks[1].Accepted, "a batch is one transaction")
		accepted += acks[0].Accepted + acks[1].Accepted
	}
	require.Equal(t, int(shop.Head()), accepted)
	require.EqualValues(t, 60, whole(t, db, shop.Head()).Sales)
}

// Four relays that know nothing of each other send overlapping runs of the log,
// early and late ones among them, to whichever HQ: the log at HQ is the store's,
// in its order, and each event was accepted once.
func TestInterleavedBatchesAtTwoHQs(t *testing.T) {
	db, hqs := twoHQs(t)
	shop := hqtest.NewShop("S1")
	shop.Load(tea)
	for range 150 {
		shop.Sell(one(tea))
	}
	const seed = 36
	var accepted atomic.Int64
	errs := make(chan error, 4)
	var relays sync.WaitGroup
	for relay := range 4 {
		relays.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(relay)))
			for at := int64(0); at < shop.Head(); {
				first := max(1, min(at+1+random.Int64N(9)-4, shop.Head())) // some before, some behind what it thinks is next
				batch := shop.Batch(first, min(first+random.Int64N(12), shop.Head()))
				ack, err := hqs[random.IntN(2)].Accept(t.Context(), batch)
				switch {
				case fault.CodeOf(err) == wire.CodeGap:
					at = fault.As(err).Details["expected_id"].(int64) - 1 //nolint:forcetypeassert // as the protocol says
				case err != nil:
					errs <- err
					return
				case ack.ChainHash != shop.HashAt(ack.ReceivedUpto):
					errs <- fmt.Errorf("HQ's hash of event %d is not the store's", ack.ReceivedUpto)
					return
				default:
					accepted.Add(int64(ack.Accepted))
					at = ack.ReceivedUpto
				}
			}
		})
	}
	relays.Wait()
	close(errs)
	require.NoError(t, <-errs)
	require.Equal(t, shop.Head(), accepted.Load())
	require.EqualValues(t, 150, whole(t, db, shop.Head()).Sales)
	require.Equal(t, shop.Head(), count(t, db, "select count(distinct event_id) from hq_inbox"))
	for i := range shop.Events {
		require.EqualValues(t, 1, count(t, db, "select count(*) from hq_inbox where id = $1 and event_id = $2 and hash = $3",
			shop.Events[i].ID, shop.Events[i].EventID, shop.Events[i].Hash[:]))
	}
}
