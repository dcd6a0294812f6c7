package stock_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/sale"
	"tiem/internal/stock"
)

func item(n int) uuid.UUID { return uuid.NewV5(uuid.NamespaceURL, fmt.Sprint(n)) }

func line(n int, quantity sale.Quantity) sale.Line {
	return sale.Line{ItemID: item(n), SKU: fmt.Sprintf("SKU-%d", n), Name: fmt.Sprintf("Item %d", n), Quantity: quantity}
}

func sold(lines ...sale.Line) []stock.Take { return stock.Sold(&sale.Transaction{Lines: lines}) }

func TestLinesOfOneItemAreTakenTogether(t *testing.T) {
	t.Parallel()
	require.Equal(t, []stock.Take{{ItemID: item(1), SKU: "SKU-1", Name: "Item 1", Quantity: 3_355}},
		sold(line(1, 1000), line(1, 2000), line(1, 355)))
}

func TestRemovedLinesStayOnTheShelf(t *testing.T) {
	t.Parallel()
	removed := line(1, 5000)
	removed.RemovedAt = &time.Time{}
	require.Equal(t, []stock.Take{{ItemID: item(1), SKU: "SKU-1", Name: "Item 1", Quantity: 1000}}, sold(removed, line(1, 1000)))
	require.Empty(t, sold(removed))
	require.Empty(t, sold())
}

// Everybody takes in the order of the ids, so that nobody waits in a circle.
func TestTakesAreSortedByItem(t *testing.T) {
	t.Parallel()
	var lines []sale.Line
	for n := range 40 {
		lines = append(lines, line(n, 1000), line(n, 1))
	}
	want := sold(lines...)
	require.Len(t, want, 40)
	require.True(t, slices.IsSortedFunc(want, func(a, b stock.Take) int { return bytes.Compare(a.ItemID.Bytes(), b.ItemID.Bytes()) }))
	for range 20 {
		rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		require.Equal(t, want, sold(lines...), "whatever the order of the scans")
	}
}
