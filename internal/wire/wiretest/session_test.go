package wiretest

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/wire"
)

// talked is a stream of a test's own to a world without a relay.
func talked(t *testing.T, play func(t *testing.T, w *Simulation, s Stream, welcome *wire.Answer, log []wire.Event)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := NewSimulation(func(*Journal, []*Way, *rand.Rand) Relay { return idle("") }, 1, "")
		defer w.Stop()
		w.HQ.Pressure(300 * time.Millisecond)
		log := logOf(9)
		w.Oracle.wrote(log)
		s, welcome, err := w.rogue(watched, wire.GRPC).Open(t.Context(), helloOf(log, 1))
		require.NoError(t, err)
		defer s.Close()
		play(t, w, s, welcome, log)
	})
}

func answerOf(t *testing.T, s Stream) *wire.Answer {
	t.Helper()
	a, err := s.Receive(t.Context())
	require.NoError(t, err)
	return a
}

func TestPressureIsOneBatchAtATime(t *testing.T) {
	t.Parallel()
	talked(t, func(t *testing.T, w *Simulation, s Stream, welcome *wire.Answer, log []wire.Event) {
		t.Helper()
		terms := func(a *wire.Answer) []int64 { return []int64{int64(a.Credit), a.RetryAfterMS} }
		require.Equal(t, []int64{1, 300}, terms(welcome))
		require.NoError(t, s.Send(t.Context(), batchOf(log, 1, 1, 2)))
		require.Equal(t, []int64{1, 300}, terms(answerOf(t, s)))
		w.HQ.Pressure(0)
		require.NoError(t, s.Send(t.Context(), batchOf(log, 1, 3, 4)))
		require.Equal(t, []int64{wire.FirstCredit, 0}, terms(answerOf(t, s)))
		w.HQ.Pressure(time.Second)
		require.NoError(t, s.Send(t.Context(), batchOf(log, 1, 5, 5)))
		require.Equal(t, []int64{1, 1000}, terms(answerOf(t, s)))
	})
}

// As at grpcapi: what was granted while the credit was higher may still come, and
// not one batch more.
func TestCreditIsCountedAsAtHQ(t *testing.T) {
	t.Parallel()
	talked(t, func(t *testing.T, w *Simulation, s Stream, _ *wire.Answer, log []wire.Event) {
		t.Helper()
		w.HQ.Pressure(0)
		require.NoError(t, s.Send(t.Context(), batchOf(log, 1, 1, 1)))
		require.Equal(t, wire.FirstCredit, answerOf(t, s).Credit) // three may come in all
		w.HQ.Pressure(time.Millisecond)
		require.NoError(t, s.Ask(t.Context(), 9, true))
		require.Equal(t, 1, answerOf(t, s).Credit)
		for id := int64(2); id <= 3; id++ {
			require.NoError(t, s.Send(t.Context(), batchOf(log, 1, id, id)))
		}
		require.EqualValues(t, 2, answerOf(t, s).ReceivedUpto)
		require.EqualValues(t, 3, answerOf(t, s).ReceivedUpto) // four may come in all
		for id := int64(4); id <= 5; id++ {
			require.NoError(t, s.Send(t.Context(), batchOf(log, 1, id, id)))
		}
		_, err := s.Receive(t.Context())
		for err == nil {
			_, err = s.Receive(t.Context())
		}
		require.Equal(t, "credit_exceeded", fault.CodeOf(err))
		require.LessOrEqual(t, w.HQ.Upto(watched), int64(4))
	})
}

// A refusal is what is left of it behind a gRPC status.
func TestARefusalIsReadFromAStatus(t *testing.T) {
	t.Parallel()
	talked(t, func(t *testing.T, _ *Simulation, s Stream, _ *wire.Answer, log []wire.Event) {
		t.Helper()
		require.NoError(t, s.Send(t.Context(), batchOf(log, 1, 3, 4)))
		_, err := s.Receive(context.Background())
		refusal := fault.As(err)
		require.NotNil(t, refusal)
		require.Equal(t, wire.CodeGap, refusal.Code)
		require.Equal(t, fault.Conflict, refusal.Kind)
		require.Contains(t, refusal.Message, "HQ answered OutOfRange")
		require.Equal(t, map[string]any{"expected_id": int64(1), "chain_hash": wire.Hash{}}, refusal.Details)
	})
}
