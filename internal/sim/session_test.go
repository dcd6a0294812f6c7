package sim

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
)

func TestATillSignsInOnce(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	till := e.till(t)
	_, err := till.Sell(t.Context(), Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}}, Way: CashExact})
	require.NoError(t, err)
	e.arrived(t, 1, onPath("/v1/sessions"))
	require.NoError(t, till.SignOut(t.Context()))
	require.Empty(t, e.sessions)
	require.NoError(t, till.SignOut(t.Context()), "nobody is signed in: nothing to do")
}

// A session that expires in the middle of a basket costs a PIN and nothing else.
func TestABasketOutlivesItsSession(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	e.short = 3
	out, err := e.till(t).Sell(t.Context(), Visit{
		Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}, {ItemID: rice.ItemID, Quantity: 355}, {ItemID: cola.ItemID, Quantity: sale.One}},
		Way:   TwoNotes, Note: 1000, Share: 500,
	})
	require.NoError(t, err)
	require.Len(t, e.baskets[out.TransactionID].Live(), 3)
	require.Len(t, e.baskets[out.TransactionID].Payments, 2)
	require.Equal(t, map[string]int{"T1": 1}, e.receipts)
	require.Greater(t, strings.Count(strings.Join(e.calls, "\n"), "/v1/sessions"), 1)
}

// An edge that forgets every session at once is not asked for ever.
func TestASessionThatNeverHoldsIsAnError(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	e.short = 1
	_, err := e.till(t).Open(t.Context(), newID(), NewKey())
	require.Equal(t, "session_expired", fault.CodeOf(err))
	e.arrived(t, 2, onPath("/v1/transactions"))
}

// A wrong PIN is never tried again, and neither is one that is blocked: each try
// would block the cashier for longer.
func TestAWrongPINIsNotRepeated(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	till := e.till(t)
	till.Login.PINs = PINs{"C1": "1234"}
	_, err := till.Open(t.Context(), newID(), NewKey())
	require.Equal(t, "pin_wrong", fault.CodeOf(err))
	e.arrived(t, 1, onPath("/v1/sessions"))

	blocked := newFakeEdge(t)
	blocked.lose = func(_ int, r *http.Request) string {
		if r.URL.Path == "/v1/sessions" {
			return "pin_blocked"
		}
		return ""
	}
	err = blocked.till(t).SignIn(t.Context())
	require.Equal(t, "pin_blocked", fault.CodeOf(err))
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	blocked.arrived(t, 1, onPath("/v1/sessions"))
}

// What a cashier may not do alone is done with the manager's PIN; each approval
// is for one call.
func TestFavoursAreApproved(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	out, err := e.till(t).Sell(t.Context(), Visit{
		Picks:   []Pick{{ItemID: cola.ItemID, Quantity: 2 * sale.One}, {ItemID: rice.ItemID, Quantity: sale.One}},
		Favours: []Favour{{Line: 0, PerMille: 100}, {Line: 1, Price: true, PerMille: 200}}, Way: CashExact,
	})
	require.NoError(t, err)
	lines := e.baskets[out.TransactionID].Lines
	require.EqualValues(t, 2180, lines[0].Discount)
	require.EqualValues(t, 17_200, lines[1].UnitPrice)
	require.EqualValues(t, 2*10_900-2180+17_200, out.Basket.Totals.Total)
	e.arrived(t, 2, onPath("/v1/approvals"))
	require.Empty(t, e.granted, "used up")
	for _, reason := range e.reasons {
		require.NotEmpty(t, reason)
	}
}

func TestAFavourThatComesToNothingIsLeftOut(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	_, err := e.till(t).Sell(t.Context(), Visit{Picks: []Pick{{ItemID: cola.ItemID, Quantity: sale.One}},
		Favours: []Favour{{PerMille: 0}, {Price: true, PerMille: 0}}, Way: CashExact})
	require.NoError(t, err)
	e.arrived(t, 0, onPath("/v1/approvals"))
}

// Cashiers sign in when the shop opens, not when their first shopper comes.
func TestTheShopOpensWithEverybodySignedIn(t *testing.T) {
	t.Parallel()
	e := newFakeEdge(t)
	_, err := Play(t.Context(), e.store("T1", "T2", "T3"), PlayOptions{Seed: 1, Sales: 1})
	require.NoError(t, err)
	e.arrived(t, 3, func(call string) bool { return strings.HasPrefix(call, http.MethodPost+" /v1/sessions ") })
	require.Empty(t, e.sessions)
}
