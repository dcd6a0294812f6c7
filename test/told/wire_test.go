package told_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/audit"
	"tiem/internal/postgres"
	"tiem/internal/wire"
	"tiem/internal/wire/wiretest"
)

// The conformance suite over the real thing: both sides on PostgreSQL, over HTTP
// and over gRPC, through lines that are cut, late, half-open or change a bit.
func TestWireOverHTTP(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, features(wire.HTTP), over(wire.HTTP))
}

func TestWireOverGRPC(t *testing.T) {
	t.Parallel()
	wiretest.Run(t, features(wire.GRPC), over(wire.GRPC))
}

func over(protocol string) func(*testing.T) *wiretest.World {
	return func(t *testing.T) *wiretest.World {
		t.Helper()
		return openPair(t, protocol).world()
	}
}

func features(protocol string) wiretest.Features {
	streams := protocol == wire.GRPC
	return wiretest.Features{Speaks: true, Streams: streams, Relay: true, Drain: streams, Breaks: true, Flips: true, Holds: true, Swallows: true, KillsHQ: true, KillsStore: true,
		RestoresHQ: true, RestoresBox: true, TwoRelays: true, Fallback: streams, ForgetsMarks: true, Interleaves: true}
}

// world is r as the suite wants it, with some sales at HQ.
func (r *pair) world() *wiretest.World {
	w := &wiretest.World{T: r.t, Patience: 30 * time.Second, Timeout: syncTimeout, Silence: silence, SweepUp: 3600, SweepDown: 500, Stride: 173}
	w.Sell, w.Log, w.Held, w.Published, w.Proven = r.sell, r.events, r.held, r.published, r.proven
	w.Wait = func(d time.Duration) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		<-timer.C
	}
	w.Alarm = func() string {
		if alarm := r.status().Alarm; alarm != nil {
			return alarm.Code
		}
		return ""
	}
	w.Protocol = func() string { return r.status().Protocol }
	w.Dial = func(ctx context.Context, _ string, hello *wire.Hello) (wiretest.Stream, *wire.Answer, error) {
		address := r.hq.Addr()
		if r.protocol == wire.GRPC {
			address = r.hq.GRPCAddr()
		}
		return r.way(r.protocol, address, r.tokens["S1"]).Open(ctx, hello)
	}
	w.StartRelay, w.StopRelay, w.KillBox, w.SecondRelay = r.startRelay, r.killAll, r.killRelay, r.startRelay
	r.lines(w)
	r.lives(w)
	w.Sell(3)
	w.StartRelay()
	w.Drained()
	return w
}

func (r *pair) lines(w *wiretest.World) {
	line := r.http
	if r.protocol == wire.GRPC {
		line = r.grpc
	}
	w.CutAfter, w.FlipAfter = line.CutAfter, line.FlipAfter
	w.Hold = func() { r.http.Hold(); r.grpc.Hold() }
	w.Swallow = func() { r.http.Swallow(); r.grpc.Swallow() }
	w.Mend = func() { r.http.Mend(); r.grpc.Mend() }
	w.Refuse = func(protocol string) {
		if protocol == wire.GRPC {
			r.grpc.Refuse()
		} else {
			r.http.Refuse()
		}
	}
}

func (r *pair) lives(w *wiretest.World) {
	w.KillHQ, w.StartHQ = r.killHQ, r.startHQ
	w.Drain = func() { r.end(); r.startHQ() } // as a node is restarted: its streams are asked to go
	w.BackupHQ = func() { r.killHQ(); r.backUp(r.hqURL); r.startHQ() }
	w.RestoreHQ = func() { r.killHQ(); r.restore(r.hqURL); r.startHQ() }
	w.BackupBox = func() { r.pausedEdge(r.backUp) }
	w.RestoreBox = func() { r.pausedEdge(r.restore) }
	w.ForgetMarks = func() {
		_, err := r.edgeDB.Exec(r.t.Context(), "update sync_cursors set position = 0")
		require.NoError(r.t, err)
	}
	w.NextEpoch = func() {
		_, err := r.hqDB.Exec(r.t.Context(), "update store_streams set epoch = epoch + 1 where store_id = 'S1'")
		require.NoError(r.t, err)
	}
	w.Interleave = r.interleave
}

// pausedEdge does something to the edge's database while nobody uses it.
func (r *pair) pausedEdge(do func(address string)) {
	r.t.Helper()
	ran := len(r.relays)
	r.killAll()
	r.edgeDB.Close()
	do(r.edgeURL)
	r.openEdge()
	for range ran {
		r.startRelay()
	}
}

// doom rolls a transaction back at its COMMIT, when its events have their places in
// the log already.
const doom = `
create function doomed() returns trigger language plpgsql as $$ begin raise exception 'the cashier thought better of it' using errcode = '23514'; end $$;
create constraint trigger outbox_doomed after insert on outbox deferrable initially deferred for each row when (new.cashier_id = 'DOOMED') execute function doomed()`

// interleave sells in eight transactions at once, again and again; every third
// one rolls back.
func (r *pair) interleave() {
	_, err := r.edgeDB.Exec(r.t.Context(), doom)
	require.NoError(r.t, err)
	var tills sync.WaitGroup
	var back atomic.Int64
	for till := range 8 {
		tills.Go(func() {
			for n := range 15 {
				cashier := "C1"
				if (till+n)%3 == 0 {
					cashier = "DOOMED"
				}
				drafts := r.drafts(cashier)
				err := r.edgeDB.InTx(r.t.Context(), func(ctx context.Context, tx *postgres.Tx) error { return r.log.Append(ctx, tx, drafts...) })
				if (cashier == "DOOMED") != (err != nil) {
					r.t.Errorf("%s: %v", cashier, err)
				}
				if err != nil {
					back.Add(1)
				}
			}
		})
	}
	tills.Wait()
	require.EqualValues(r.t, 40, back.Load())
	require.Len(r.t, r.events(), 9+80*3, "what rolled back left no gap")
}

// proven holds HQ's log against the store's, and both against their own verifiers:
// HQ's compares every row that it made of an event, so that each had its effect
// once.
func (r *pair) proven() {
	r.t.Helper()
	log, held := r.events(), r.held()
	require.LessOrEqual(r.t, len(held), len(log))
	for i := range held {
		mine := log[i]
		require.True(r.t, mine.OccurredAt.Equal(held[i].OccurredAt))
		mine.OccurredAt, mine.TraceParent = held[i].OccurredAt, ""
		require.Equal(r.t, mine, held[i])
	}
	_, err := audit.Verify(r.t.Context(), r.hqDB, "S1")
	require.NoError(r.t, err)
	report, err := r.log.Verify(r.t.Context(), r.edgeDB)
	require.NoError(r.t, err)
	require.Empty(r.t, report.Problem)
	var sales int64
	require.NoError(r.t, r.hqDB.QueryRow(r.t.Context(), "select count(*) from hq_transactions where store_id = 'S1'").Scan(&sales))
	recorded := int64(0)
	for i := range held {
		if held[i].Type == wire.TypeSaleRecorded {
			recorded++
		}
	}
	require.Equal(r.t, recorded, sales, "a sale is recorded once")
}
