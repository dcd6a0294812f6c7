package faults

import (
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/sim"
)

// paidBasket is a basket that only has to be finalized.
func (s *shop) paidBasket() uuid.UUID {
	s.t.Helper()
	ctx, id := s.t.Context(), uuid.Must(uuid.NewV7())
	_, err := s.till.Open(ctx, id, sim.NewKey())
	require.NoError(s.t, err)
	b, err := s.till.Scan(ctx, id, sim.Pick{ItemID: s.item.ItemID, Quantity: sale.One}, sim.NewKey())
	require.NoError(s.t, err)
	_, err = s.till.Pay(ctx, id, sale.Tender{ID: uuid.Must(uuid.NewV7()), Method: sale.Cash, Amount: b.Totals.Total}, sim.NewKey())
	require.NoError(s.t, err)
	return id
}

func (s *shop) sell() *sim.Basket {
	s.t.Helper()
	b, err := s.till.Finalize(s.t.Context(), s.paidBasket(), sim.NewKey())
	require.NoError(s.t, err)
	return b
}

func TestEdgeKilledBeforeCommit(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.arm(sim.EdgeServer, "checkout.before_commit=kill")
	id, key := s.paidBasket(), sim.NewKey()
	_, err := s.till.Finalize(t.Context(), id, key)
	require.Error(t, err, "nobody has seen PAID")
	s.died(sim.EdgeServer)
	s.restart(sim.EdgeServer)
	client := s.edge()
	defer client.Close()
	b, err := client.Transaction(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, sale.Draft, b.Status, "no half sale")
	require.Empty(t, b.ReceiptNo)
	b, err = s.till.Finalize(t.Context(), id, key)
	require.NoError(t, err, "the retry succeeds")
	require.Equal(t, "S1-T1-0000001", b.ReceiptNo, "the rollback gave the number back")
	require.Equal(t, 1, s.proven().Sales)
}

func TestEdgeKilledAfterCommitAnswerLost(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.arm(sim.EdgeServer, "checkout.after_commit=kill")
	id, key := s.paidBasket(), sim.NewKey()
	_, err := s.till.Finalize(t.Context(), id, key)
	require.Error(t, err)
	s.died(sim.EdgeServer)
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

func TestRelayKilledBeforeSend(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.NoError(t, s.Halt(t.Context(), sim.HQServer)) // nothing leaves before the failpoint is armed
	s.arm(sim.EdgeServer, "relay.before_send=kill")
	s.sell()
	s.restart(sim.HQServer)
	s.died(sim.EdgeServer)
	s.restart(sim.EdgeServer)
	require.Equal(t, 1, s.proven().Sales, "delivered later")
}

func TestRelayKilledBeforeMark(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.proven() // the catalogue's events have left
	s.arm(sim.EdgeServer, "relay.before_mark=kill")
	s.sell()
	s.died(sim.EdgeServer)
	s.restart(sim.EdgeServer)
	require.Equal(t, 1, s.proven().Sales, "HQ had it before the mark: one effect")
}

func TestHQKilledBeforeCommit(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.proven()
	s.arm(sim.HQServer, "intake.before_commit=kill")
	s.sell()
	s.died(sim.HQServer)
	client := s.edge()
	defer client.Close()
	status, err := client.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(3), status.PendingEvents, "no acknowledgement without a commit")
	s.restart(sim.HQServer)
	require.Equal(t, 1, s.proven().Sales)
}

func TestHQKilledAfterCommit(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.proven()
	s.arm(sim.HQServer, "intake.after_commit=kill")
	s.sell()
	s.died(sim.HQServer)
	s.restart(sim.HQServer)
	require.Equal(t, 1, s.proven().Sales, "the resend changes nothing")
}

// Both postmasters die while a till sells: their servers start them again and
// the till, which retries as tills do, never loses or doubles a sale.
func TestPostmastersKilled(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.till.Patience = 0 // the default: long enough for a restart
	for _, part := range []sim.Part{sim.EdgePostgres, sim.HQPostgres} {
		require.NoError(t, s.Kill(part))
		s.sell()
		s.restart(part)
		s.sell()
	}
	require.Equal(t, 4, s.proven().Sales)
}
