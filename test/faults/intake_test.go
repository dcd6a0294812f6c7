package faults

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/uplink"
	"tiem/internal/fault"
	"tiem/internal/sim"
	"tiem/internal/wire"
)

func TestFault25HQKilledBeforeCommit(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.proven()
	s.arm(sim.HQServer, "intake.before_commit=kill")
	s.sell()
	s.died(sim.HQServer)
	s.did("HQ killed before its COMMIT")
	client := s.edge()
	defer client.Close()
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(3), status.PendingEvents, "no acknowledgement without a commit")
	s.restart(sim.HQServer)
	require.Equal(t, 1, s.proven().Sales)
}

func TestFault26HQKilledAfterCommit(t *testing.T) {
	t.Parallel()
	s := open(t)
	before := s.proven().Events
	s.arm(sim.HQServer, "intake.after_commit=kill")
	s.sell()
	s.died(sim.HQServer)
	s.did("HQ killed after its COMMIT, before its answer")
	s.restart(sim.HQServer)
	s.atHQ(before + 3)
	require.Equal(t, 1, s.proven().Sales, "the resend changes nothing")
}

// sender speaks to HQ as the store does, beside its relay.
func (s *shop) sender() *uplink.HTTPLink {
	s.t.Helper()
	link, err := uplink.NewHTTPLink(s.Store().HQURL, s.Store().StoreID, s.Store().StoreToken, patience)
	require.NoError(s.t, err)
	s.t.Cleanup(link.Close)
	return link
}

// events is the edge's whole log, as any till may read it.
func (s *shop) events() []wire.Event {
	s.t.Helper()
	client := s.edge()
	defer client.Close()
	var events []wire.Event
	for {
		entries, err := client.Outbox(s.t.Context(), int64(len(events)))
		require.NoError(s.t, err)
		if len(entries) == 0 {
			return events
		}
		for i := range entries {
			events = append(events, entries[i].Event)
		}
	}
}

// batchOf is the events first to last of a whole log.
func batchOf(log []wire.Event, first, last int64) *wire.Batch {
	b := &wire.Batch{StoreID: log[0].StoreID, Epoch: log[0].Epoch, FirstID: first, Events: slices.Clone(log[first-1 : last])}
	if first > 1 {
		b.PrevHash = log[first-2].Hash
	}
	return b
}

// The same batch comes again: behind the first, and from five senders at once.
func TestFault27BatchDuplicated(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 3 {
		s.sell()
	}
	s.proven()
	log, link := s.events(), s.sender()
	head := int64(len(log))
	want := wire.Ack{Duplicates: len(log), Errors: []wire.EventError{}, ReceivedUpto: head, ChainHash: log[head-1].Hash}
	var senders sync.WaitGroup
	acks, errs := make([]wire.Ack, 5), make([]error, 5)
	for i := range acks {
		senders.Go(func() { acks[i], errs[i] = link.Send(t.Context(), batchOf(log, 1, head)) })
	}
	senders.Wait()
	for i := range acks {
		require.NoError(t, errs[i])
		require.Equal(t, want, acks[i], "the same answer: all of it was there")
	}
	s.did("the store's %d events were sent five times more, at once: each answer says %d duplicates", head, head)
	require.Equal(t, 3, s.proven().Sales)
}

// The line is down while any runs of the store's log reach HQ in a seed's order,
// old, new, and part of both: what comes too early is refused and stores
// nothing, and when all have come, HQ has the store's log.
func TestFault28BatchesReordered(t *testing.T) {
	t.Parallel()
	s, line := openOverLine(t)
	before := s.proven().Events
	line.Cut(sim.Cut{Kind: sim.Refused})
	for range 6 {
		s.sell()
	}
	log, link, random := s.events(), s.sender(), seeded(t)
	upto, head := before, int64(len(log))
	sent, early, overlapping := 0, 0, 0
	for upto < head {
		first := before + 1 + random.Int64N(head-before)
		b := batchOf(log, first, min(first+random.Int64N(4), head))
		ack, err := link.Send(t.Context(), b)
		sent++
		if b.FirstID > upto+1 {
			early++
			require.Equal(t, wire.CodeGap, fault.CodeOf(err))
			require.Equal(t, upto+1, fault.As(err).Details["expected_id"])
			continue
		}
		require.NoError(t, err)
		old := min(upto, b.LastID()) + 1 - b.FirstID
		require.Equal(t, []int64{int64(len(b.Events)) - old, old}, []int64{int64(ack.Accepted), int64(ack.Duplicates)})
		if 0 < old && old < int64(len(b.Events)) {
			overlapping++
		}
		upto = max(upto, b.LastID())
		require.Equal(t, upto, ack.ReceivedUpto)
	}
	s.did("%d batches reached HQ out of order, %d too early, %d part old and part new", sent, early, overlapping)
	require.Positive(t, early)
	line.Mend()
	require.Equal(t, 6, s.proven().Sales, "the relay finds HQ ahead of what it knew, and goes on")
}

// HQ cannot apply a sale, because somebody has put its receipt number into HQ's
// table by hand. The sale is set aside, its stock and payment wait behind it,
// every other sale flows; and when the table is mended, the replay applies all
// three.
func TestFault30PoisonEvent(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.proven().Events + 1
	hq := s.session(sim.HQServer)
	hq.run(`insert into hq_transactions (store_id, transaction_id, inbox_id, receipt_no, business_date, currency, gross, discount, subtotal, tax, total,
		paid, change, created_at, finalized_at) values ('S1', gen_random_uuid(), 999999, 'S1-T1-0000001', '2026-11-22', 'VND', 0, 0, 0, 0, 0, 0, 0, now(), now())`)
	for range 3 {
		s.sell()
	}
	hq.eventually(first+8, "select received_upto from store_streams where store_id = 'S1'")
	require.Equal(t, first+5, hq.count("select count(*) from hq_inbox where state = 'APPLIED'"), "the rest flows")
	listed, err := s.Command(t.Context(), sim.HQServer, "quarantine", "list", "--store", "S1")
	require.NoError(t, err)
	require.Regexp(t, fmt.Sprintf(`(?s)%d +SaleRecorded +QUARANTINED +receipt_reused.*%d +InventoryAdjusted +WAITING.*%d +PaymentCaptured +WAITING`,
		first, first+1, first+2), listed)
	client := s.edge()
	defer client.Close()
	require.Eventually(t, func() bool {
		entries, err := client.Outbox(t.Context(), first-1)
		require.NoError(t, err)
		poison := entries[0]
		return poison.PublishedAt != nil && poison.LastError != nil && entries[8].PublishedAt != nil
	}, patience, waitStep, "the store has done its part, and knows the reason")
	s.did("event %d is quarantined, %d and %d wait behind it, the other sales are at HQ", first, first+1, first+2)

	_, err = s.Command(t.Context(), sim.HQServer, "quarantine", "replay", "--store", "S1", "--all")
	require.Error(t, err, "a replay before the repair is refused again")
	hq.run("delete from hq_transactions where inbox_id = 999999")
	said, err := s.Command(t.Context(), sim.HQServer, "quarantine", "replay", "--store", "S1", "--all")
	require.NoError(t, err)
	s.did("replay after the repair: %s", said)
	f := s.proven()
	require.Equal(t, 3, f.Sales)
	require.Zero(t, f.Quarantined)
}
