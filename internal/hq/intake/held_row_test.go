package intake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/hq/hqtest"
	"tiem/internal/hq/intake"
	"tiem/internal/wire"
)

// Somebody holds S1's row, and S1 tries again and again, in every way: S2 is
// welcomed, and its live batches and its backlog are taken.
func TestAStoreWhoseRowIsHeldHoldsNobodyElseUp(t *testing.T) {
	db, in, held := setup(t)
	addStore(t, db, "S2")
	other := hqtest.NewShop("S2")
	for range 60 {
		held.Sell(one(tea))
		other.Sell(one(tea))
	}
	tx := begin(t, db)
	_, err := tx.Exec(t.Context(), "select from store_streams where store_id = 'S1' for update")
	require.NoError(t, err)
	const each = 5 // more than there are places, fewer than the line takes
	errs := make(chan error, 3*each)
	for range each {
		go func() { _, err := in.Greet(t.Context(), helloOf(held)); errs <- err }()
	}
	for range each {
		go func() { _, err := in.Accept(t.Context(), held.All()); errs <- err }()
		go func() {
			_, err := in.AcceptBytes(t.Context(), held.ID, intake.LiveBytes+1, func() (*wire.Batch, error) { return held.All(), nil })
			errs <- err
		}()
	}
	require.Eventually(t, func() bool { return atLocks(t, db) == 1 }, 5*time.Second, time.Millisecond)

	began := time.Now()
	_, err = in.Greet(t.Context(), helloOf(other))
	require.NoError(t, err)
	_, err = in.AcceptBytes(t.Context(), other.ID, intake.LiveBytes+1, func() (*wire.Batch, error) { return other.Batch(1, 150), nil })
	require.NoError(t, err)
	accept(t, in, other.Batch(151, 153))
	require.Less(t, time.Since(began), 1900*time.Millisecond, "before S1 gives up")
	require.Equal(t, int64(1), atLocks(t, db), "S1 has one connection")

	require.NoError(t, tx.Rollback(t.Context()))
	for range 3 * each {
		if err := <-errs; err != nil { // a greeting does not wait for ever
			require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		}
	}
}

// A row that is held long makes a greeting unavailable: its place is for others.
func TestAGreetingDoesNotWaitLong(t *testing.T) {
	db, in, shop := setup(t)
	tx := begin(t, db)
	_, err := tx.Exec(t.Context(), "select from store_streams for update")
	require.NoError(t, err)
	errs := make(chan error, 2)
	for range 2 {
		go func() { _, err := in.Greet(t.Context(), helloOf(shop)); errs <- err }()
	}
	codes := []string{}
	for range 2 {
		err := <-errs
		require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
		codes = append(codes, fault.CodeOf(err))
	}
	require.Subset(t, []string{"database_locked", "store_busy"}, codes)
	require.Contains(t, codes, "database_locked")
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = in.Greet(t.Context(), helloOf(shop))
	require.NoError(t, err)
}

// A batch that hangs makes a greeting of its store unavailable, too.
func TestAGreetingDoesNotWaitLongInItsLine(t *testing.T) {
	db, in, shop := setup(t)
	shop.Sell(one(tea))
	tx := begin(t, db)
	_, err := tx.Exec(t.Context(), "select from store_streams for update")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { _, err := in.Accept(t.Context(), shop.All()); done <- err }()
	require.Eventually(t, func() bool { return atLocks(t, db) == 1 }, 5*time.Second, time.Millisecond)
	_, err = in.Greet(t.Context(), helloOf(shop))
	require.Equal(t, "store_busy", fault.CodeOf(err), "%v", err)
	require.NoError(t, tx.Rollback(t.Context()))
	if err := <-done; err != nil { // it may just have given up
		require.Equal(t, "database_locked", fault.CodeOf(err), "%v", err)
	}
}

// A small request is live by its events, not by its bytes alone.
func TestManySmallEventsAreABacklog(t *testing.T) {
	_, in, shop := setup(t)
	for range 20 {
		shop.Sell(one(tea)) // three events
	}
	for i := range 1000 {
		in.Terms("B"+string(rune('0'+i)), 0, 500)
	}
	send := func(first, last int64) wire.Ack {
		ack, err := in.AcceptBytes(t.Context(), shop.ID, 1000, func() (*wire.Batch, error) { return shop.Batch(first, last), nil })
		require.NoError(t, err)
		return ack
	}
	require.Zero(t, send(1, 9).RetryAfterMS)
	require.Positive(t, send(10, 60).RetryAfterMS, "51 events")
}
