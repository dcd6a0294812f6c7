package mission

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/sim"
	"tiem/internal/wire"
)

// Online with 5 POS: five tills sell at once, and everything they do is at HQ
// right away.
func TestOnlineWithFivePOS(t *testing.T) {
	overBoth(t, fivePOS)
}

func fivePOS(s *shop) {
	t := s.t
	s.is("ONLINE")
	shelf := s.shelf()

	// A busy hour: five tills, a cashier at each, a hundred sales among them, with
	// cash and QR, second thoughts, and baskets that are given up.
	ledger := sim.NewLedger()
	s.sell(ledger, 5, 100)
	sales := ledger.Sales()
	require.Len(t, sales, 100)

	// Each till has a series of receipts of its own: 1, 2, 3, … without a gap.
	series := map[string][]string{}
	for _, paid := range sales {
		series[paid.TerminalID] = append(series[paid.TerminalID], paid.ReceiptNo)
	}
	require.Len(t, series, 5, "all five sold")
	for terminal, receipts := range series {
		slices.Sort(receipts)
		for i, receipt := range receipts {
			require.Equal(t, fmt.Sprintf("S1-%s-%07d", terminal, i+1), receipt)
		}
	}

	// What left the shelf is what was sold, item by item.
	for _, paid := range sales {
		basket, err := s.edge.Transaction(t.Context(), paid.TransactionID)
		require.NoError(t, err)
		for _, line := range basket.Live() {
			shelf[line.ItemID] -= line.Quantity
		}
	}
	require.Equal(t, shelf, s.shelf())

	// HQ has all of it while the shop is still open: the same events, in the same
	// order, and every sale with the name of the one who made it.
	s.drained()
	require.Equal(t, "ONLINE", s.status().Connectivity)
	shopLog, hqLog := s.logs()
	require.Len(t, hqLog, len(shopLog))
	sellers := map[string]bool{}
	for i, e := range shopLog {
		require.Equal(t, int64(i)+1, hqLog[i].ID, "in order")
		require.Equal(t, e.Hash, hqLog[i].Hash, "event %d", e.ID)
		if e.Type == wire.TypeSaleRecorded {
			sellers[e.TerminalID+" "+e.CashierID] = true
		}
	}
	for i, till := range s.Store().Tills {
		require.Contains(t, sellers, till.TerminalID+" "+s.Store().CashierAt(i))
	}
	require.Len(t, sellers, 5, "nobody sold in another's name")

	require.Equal(t, 100, s.proven(ledger, true).Sales)
}

// shelf is the stock of every item at the shop.
func (s *shop) shelf() map[uuid.UUID]sale.Quantity {
	s.t.Helper()
	stock, err := s.edge.Inventory(s.t.Context())
	require.NoError(s.t, err)
	require.NotEmpty(s.t, stock)
	shelf := map[uuid.UUID]sale.Quantity{}
	for _, entry := range stock {
		shelf[entry.ItemID] = entry.OnHand
	}
	return shelf
}
