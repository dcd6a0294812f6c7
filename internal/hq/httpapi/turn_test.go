package httpapi_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqtest"
)

// When many stores drain, a backlog's answer says when to go on, a live batch's
// does not, and in calm none does.
func TestABacklogIsToldItsTurn(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	for range 240 {
		shop.Sell(one(tea), one(tea))
	}
	send := func(first, last int64) map[string]any {
		a := s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(first, last))
		require.Equal(t, http.StatusOK, a.status, "%v", a.body)
		return a.body
	}
	require.NotContains(t, send(1, 200), "retry_after_ms")
	for i := range 1000 { // as many stores have said hello
		s.app.Intake.Terms("B"+strconv.Itoa(i), 0, 500)
	}
	require.NotContains(t, send(201, 250), "retry_after_ms")
	wait, said := send(251, 450)["retry_after_ms"].(float64)
	require.True(t, said)
	require.GreaterOrEqual(t, wait, 250.0)
	require.LessOrEqual(t, wait, 30_000.0)
	_, turn := s.app.Intake.Terms("S1", 0, 500)
	require.LessOrEqual(t, float64(turn.Milliseconds()), wait, "it is S1's turn")
}
