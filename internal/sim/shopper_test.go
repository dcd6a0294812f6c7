package sim

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/money"
	"tiem/internal/sale"
)

func shelfOf(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{ItemID: newID(), SKU: fmt.Sprintf("SKU-%03d", i), Unit: []string{"lon", "kg"}[i%2], Barcodes: []string{fmt.Sprint(i)}, Price: 1000}
	}
	return items
}

func visits(t *testing.T, seed uint64, till int, items []Item, n int) []Visit {
	t.Helper()
	s, err := NewShopper(seed, till, items)
	require.NoError(t, err)
	list := make([]Visit, n)
	for i := range list {
		list[i] = s.Next()
	}
	return list
}

func TestASeedRepeatsItsShoppers(t *testing.T) {
	t.Parallel()
	items := shelfOf(50)
	first := visits(t, 7, 2, items, 200)
	turned := slices.Clone(items)
	slices.Reverse(turned)
	require.Equal(t, first, visits(t, 7, 2, turned, 200), "in whatever order the catalogue comes")
	require.NotEqual(t, first, visits(t, 8, 2, items, 200))
	require.NotEqual(t, first, visits(t, 7, 3, items, 200))
}

func TestShoppersAreAsInAShop(t *testing.T) {
	t.Parallel()
	items := shelfOf(50)
	byID := map[string]Item{}
	for _, item := range items {
		byID[item.ItemID.String()] = item
	}
	sizes, ways, met, voids, weighed, byItem := map[int]int{}, map[Way]int{}, map[Probe]int{}, 0, 0, 0
	pauses, favours := map[Pause]int{}, map[bool]int{}
	const n = 4000
	for _, v := range visits(t, 1, 0, items, n) {
		sizes[len(v.Picks)]++
		ways[v.Way]++
		met[v.Probe]++
		if v.GivesUp {
			voids++
		}
		pauses[v.Pause]++
		for _, f := range v.Favours {
			favours[f.Price]++
			require.Less(t, f.Line, len(v.Picks))
			require.False(t, slices.ContainsFunc(v.Edits, func(e Edit) bool { return e.Remove && e.Line == f.Line }), "nothing is given on what was removed")
		}
		for _, p := range v.Picks {
			require.Positive(t, p.Quantity)
			whole := p.Quantity%sale.One == 0
			require.True(t, whole || byID[p.ItemID.String()].Unit == "kg", "only what is weighed comes in fractions")
			if p.Quantity == 355 {
				weighed++
			}
			if p.Barcode == "" {
				byItem++
			}
		}
		removed := map[int]bool{}
		for _, e := range v.Edits {
			require.Less(t, e.Line, len(v.Picks))
			require.NotEqual(t, e.Remove, e.Quantity > 0)
			removed[e.Line] = removed[e.Line] || e.Remove
		}
		require.False(t, len(removed) == len(v.Picks) && !slices.Contains(slices.Collect(values(removed)), false), "something is left to buy")
	}
	require.Greater(t, sizes[2]+sizes[3], n/2)
	for size := 1; size <= 15; size++ {
		require.Positive(t, sizes[size], "baskets of %d", size)
	}
	require.Len(t, sizes, 15)
	require.Len(t, ways, 5)
	require.Len(t, met, len(probes)+1)
	require.Len(t, favours, 2, "discounts and prices")
	require.Len(t, pauses, 1+4+2, "none; suspended here or elsewhere, before or in the middle of paying; dead, both ways")
	for _, count := range []int{voids, weighed, byItem} {
		require.Positive(t, count)
	}
}

func values(m map[int]bool) func(func(bool) bool) {
	return func(yield func(bool) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// Whatever is due, the payments of every way apply exactly that.
func TestTendersPayExactlyWhatIsDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		due := money.Amount(rapid.Int64Range(0, int64(money.Max/2)).Draw(t, "due"))
		v := Visit{
			Way:   rapid.SampledFrom([]Way{CashExact, CashNotes, ByQR, CashAndQR, TwoNotes}).Draw(t, "way"),
			Note:  rapid.SampledFrom(notes).Draw(t, "note"),
			Share: rapid.IntRange(100, 899).Draw(t, "share"),
		}
		var sum money.Amount
		for _, tender := range v.tenders(due) {
			sum += tender.Amount
			if tender.Amount < 1 || tender.Tendered != 0 && (tender.Tendered < tender.Amount || tender.Method != sale.Cash) {
				t.Fatalf("%+v", tender)
			}
			if tender.Tendered-tender.Amount >= v.Note {
				t.Fatalf("a note too many: %+v", tender)
			}
		}
		if sum != due {
			t.Fatalf("%s of %s is paid", sum, due)
		}
	})
}

func TestAPlanIsTheSeeds(t *testing.T) {
	t.Parallel()
	plan := Plan(1, 1000, 9)
	require.Equal(t, plan, Plan(1, 1000, 9))
	require.NotEqual(t, plan, Plan(2, 1000, 9))
	require.Len(t, plan, 9)
	parts := map[Part]int{}
	for i, s := range plan {
		parts[s.Part]++
		require.GreaterOrEqual(t, s.AfterSales, 50)
		require.Less(t, s.AfterSales, 950)
		require.True(t, i == 0 || plan[i-1].AfterSales <= s.AfterSales, "in order")
	}
	for _, part := range []Part{EdgeServer, HQServer, EdgePostgres, HQPostgres} {
		require.GreaterOrEqual(t, parts[part], 2, "each part has its turns")
	}
	require.Empty(t, Plan(1, 1000, 0))
	require.Len(t, Plan(1, 1, 3), 3, "even where there is little to sell")
	for _, s := range Plan(1, 1, 3) {
		require.Zero(t, s.AfterSales, "a strike behind the last sale would never come")
	}
}
