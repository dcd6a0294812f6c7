package sim

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

func onPath(suffix string) func(string) bool {
	return func(call string) bool { return strings.Contains(call, suffix+" ") }
}

// The answer to finalize is lost: the till sends the same request again, and
// the cashier sees the receipt of the sale that there is.
func TestTillSendsTheSameRequestAgainWhenTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	lost := 0
	e.lose = func(_ int, r *http.Request) string {
		if strings.HasSuffix(r.URL.Path, "/finalize") && lost < 2 {
			lost++
			return "after"
		}
		return ""
	}
	till := e.till(t)
	out, err := till.Sell(t.Context(), Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}}, Way: CashExact})
	require.NoError(t, err)
	require.Equal(t, "S1-T1-1", out.Basket.ReceiptNo)
	require.Positive(t, till.Stats.Retries) // net/http repeats a keyed request once by itself, on a connection that it kept
	e.arrived(t, 3, func(call string) bool { return strings.HasSuffix(call, "/finalize "+out.Key) })
	require.Equal(t, map[string]int{"T1": 1}, e.receipts, "one sale, one number")
}

// Whatever is lost, once before and once after it had its effect, the basket is
// what was planned: one line a scan, one payment.
func TestTillSurvivesEveryLoss(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"before", "after", "503"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			e := newFakeEdge(t)
			e.lose = func(n int, _ *http.Request) string {
				if n%2 == 1 {
					return way
				}
				return ""
			}
			visit := Visit{
				Picks: []Pick{{ItemID: cola.ItemID, Barcode: cola.Barcodes[0], Quantity: sale.One}, {ItemID: rice.ItemID, Quantity: 355}, {ItemID: cola.ItemID, Quantity: sale.One}},
				Edits: []Edit{{Line: 0, Quantity: 2 * sale.One}, {Line: 2, Remove: true}}, Way: CashAndQR, Share: 500,
			}
			out, err := e.till(t).Sell(t.Context(), visit)
			require.NoError(t, err)
			sold := e.baskets[out.TransactionID]
			require.Equal(t, sale.Paid, sold.Status)
			require.Len(t, sold.Lines, 3)
			require.Len(t, sold.Live(), 2)
			require.Len(t, sold.Payments, 2)
			require.EqualValues(t, 2*10_900+7_633, out.Basket.Totals.Total)
		})
	}
}

// A refusal is an answer: it is not sent again, and neither is a 500, which
// would only hide a bug.
func TestTillDoesNotRepeatRefusals(t *testing.T) {
	t.Parallel()
	for status, kind := range map[string]fault.Kind{
		"400": fault.Invalid, "401": fault.Unauthorized, "403": fault.Forbidden, "404": fault.NotFound, "409": fault.Conflict,
		"413": fault.TooLarge, "422": fault.Invalid, "500": fault.Internal,
	} {
		e := newFakeEdge(t)
		till := e.till(t)
		require.NoError(t, till.SignIn(t.Context()))
		e.lose = func(int, *http.Request) string { return status }
		_, err := till.Open(t.Context(), newID(), NewKey())
		require.Equal(t, kind, fault.KindOf(err), status)
		require.Equal(t, "injected", fault.CodeOf(err))
		require.Zero(t, till.Stats.Retries)
		e.arrived(t, 1, onPath("/v1/transactions"))
	}
}

func TestTillRepeatsWhatMayWorkLater(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"408", "429", "502", "503", "504"} {
		e := newFakeEdge(t)
		till := e.till(t)
		require.NoError(t, till.SignIn(t.Context()))
		e.lose = func(n int, _ *http.Request) string {
			if n < 4 { // the first was the sign-in
				return status
			}
			return ""
		}
		key := NewKey()
		_, err := till.Open(t.Context(), newID(), key)
		require.NoError(t, err, status)
		require.Equal(t, 2, till.Stats.Retries)
		e.arrived(t, 3, func(call string) bool { return strings.HasSuffix(call, key) })
	}
}

func TestTillGivesUpWhenItsPatienceIsOver(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	e.server.Close()
	till := e.till(t)
	till.Patience = 150 * time.Millisecond
	begun := time.Now()
	_, err := till.Open(t.Context(), newID(), NewKey())
	require.Equal(t, "gave_up", fault.CodeOf(err))
	require.Less(t, time.Since(begun), 2*time.Second)
	require.Positive(t, till.Stats.Retries)
}

func TestTillStopsWhenItIsTold(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	e.lose = func(n int, _ *http.Request) string {
		if n == 2 {
			cancel(errors.New("closing time"))
		}
		return "503"
	}
	_, err := e.till(t).Open(ctx, newID(), NewKey())
	require.ErrorContains(t, err, "closing time")
}

// Each probe passes at a good edge and finds the bad one that it is for.
func TestProbesFindABadEdge(t *testing.T) {
	t.Parallel()
	for probe, spoil := range map[Probe]func(*fakeEdge){
		OpenTwice:     nil,
		ScanTwice:     func(e *fakeEdge) { e.forgetful = true },
		ScanOther:     func(e *fakeEdge) { e.lax = true },
		PayTwice:      func(e *fakeEdge) { e.forgetful, e.secondHand = true, true },
		FinalizeTwice: func(e *fakeEdge) { e.renumbers = true },
		VoidPaid:      func(e *fakeEdge) { e.softPaid = true },
	} {
		t.Run(string(probe), func(t *testing.T) {
			t.Parallel()
			visit := Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}}, Way: CashNotes, Note: 50_000, Probe: probe}
			e := newFakeEdge(t)
			_, err := e.till(t).Sell(t.Context(), visit)
			require.NoError(t, err)
			if spoil == nil {
				return
			}
			spoil(e)
			_, err = e.till(t).Sell(t.Context(), visit)
			var d *DifferenceError
			require.ErrorAs(t, err, &d)
			require.Equal(t, "B", d.Invariant)
			require.Contains(t, d.What, string(probe))
		})
	}
}
