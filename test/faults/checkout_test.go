package faults

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/sim"
)

// Rows 1 and 2: wherever the edge dies before its COMMIT is on its way (row 3),
// the basket and its payment are as they were, nobody has seen PAID, and the
// retry succeeds.

func TestFault01EdgeKilledBeforeBegin(t *testing.T) {
	t.Parallel()
	killedBeforeCommit(t, "checkout.before_begin")
}

func TestFault02EdgeKilledBetweenSaleAndOutbox(t *testing.T) {
	t.Parallel()
	killedBeforeCommit(t, "checkout.before_outbox")
}

func killedBeforeCommit(t *testing.T, place string) {
	t.Helper()
	s := open(t)
	before := seeded(t).IntN(4)
	s.arm(sim.EdgeServer, fmt.Sprintf("%s=kill@%d", place, before+1))
	for range before {
		s.sell()
	}
	head := s.head()
	id, key := s.paidBasket(), sim.NewKey()
	_, err := s.till.Finalize(t.Context(), id, key)
	require.Error(t, err, "nobody has seen PAID")
	s.died(sim.EdgeServer)
	s.did("killed at %s, in sale %d", place, before+1)
	s.restart(sim.EdgeServer)
	require.Equal(t, head, s.head(), "no event without its sale")
	client := s.edge()
	defer client.Close()
	b, err := client.Transaction(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, sale.Draft, b.Status, "no half sale")
	require.Empty(t, b.ReceiptNo)
	require.Equal(t, b.Totals.Total, b.Totals.Paid, "the money that was taken is still there")
	b, err = s.till.Finalize(t.Context(), id, key)
	require.NoError(t, err, "the retry succeeds")
	require.Equal(t, fmt.Sprintf("S1-T1-%07d", before+1), b.ReceiptNo, "the rollback gave the number back")
	require.Equal(t, before+1, s.proven().Sales)
}

func TestFault04EdgeKilledAfterCommitAnswerLost(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.arm(sim.EdgeServer, "checkout.after_commit=kill")
	id, key := s.paidBasket(), sim.NewKey()
	_, err := s.till.Finalize(t.Context(), id, key)
	require.Error(t, err)
	s.died(sim.EdgeServer)
	s.did("killed after COMMIT, before the answer")
	s.restart(sim.EdgeServer)
	client := s.edge()
	defer client.Close()
	stored, err := client.Transaction(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, sale.Paid, stored.Status, "COMMIT happened")
	for _, again := range []string{key, sim.NewKey()} {
		b, err := s.till.Finalize(t.Context(), id, again)
		require.NoError(t, err)
		require.Equal(t, stored.ReceiptNo, b.ReceiptNo, "the retry gets the original receipt")
	}
	require.Equal(t, "S1-T1-0000002", s.sell().ReceiptNo)
	require.Equal(t, 2, s.proven().Sales)
}

func TestFault06FinalizePressedByAHundred(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, key := s.paidBasket(), sim.NewKey()
	const fingers = 100
	receipts, start := make(chan string, fingers), make(chan struct{})
	var pressed sync.WaitGroup
	for i := range fingers {
		till := s.newTill(0)
		till.Patience = patience
		pressed.Go(func() {
			own := key // half of them are one till that retries, half are fingers of their own
			if i%2 == 1 {
				own = sim.NewKey()
			}
			<-start
			b, err := till.Finalize(t.Context(), id, own)
			if err != nil {
				receipts <- err.Error()
				return
			}
			receipts <- b.ReceiptNo
		})
	}
	close(start)
	pressed.Wait()
	close(receipts)
	for r := range receipts {
		require.Equal(t, "S1-T1-0000001", r, "one sale, one number")
	}
	s.did("%d goroutines finalized one basket, with 51 keys: one receipt", fingers)
	require.Equal(t, "S1-T1-0000002", s.sell().ReceiptNo, "and no number was lost")
	require.Equal(t, 2, s.proven().Sales)
}

// Both servers are stopped by SIGTERM while five tills sell: both exit with 0,
// and every sale that a cashier saw is there.
func TestFault57SigtermUnderLoad(t *testing.T) {
	t.Parallel()
	s := open(t, "T1", "T2", "T3", "T4", "T5")
	random, ledger := seeded(t), sim.NewLedger()
	sold := make(chan error, 1)
	go func() {
		_, err := sim.Play(t.Context(), s.Store(), sim.PlayOptions{Seed: random.Uint64(), Sales: 150, Ledger: ledger})
		sold <- err
	}()
	for i, part := range []sim.Part{sim.EdgeServer, sim.HQServer, sim.EdgeServer} {
		require.Eventually(t, func() bool { return len(ledger.Sales()) >= 30*(i+1) }, patience, time.Millisecond)
		require.NoError(t, s.Halt(t.Context(), part))
		require.Zero(t, s.ExitCode(part), s.Words(part))
		s.did("SIGTERM to %s after %d sales: exit 0", part, len(ledger.Sales()))
		s.restart(part)
	}
	require.NoError(t, <-sold)
	again, err := sim.Again(t.Context(), s.Store(), ledger, 20)
	require.NoError(t, err)
	s.did("%d sales finalized again: the same receipts", again)
	require.Equal(t, 150, s.provenTo(ledger).Sales)
}
