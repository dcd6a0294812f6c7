// Package stock says what a sale takes off the shelf. It is pure.
//
// Stock may go negative: the customer holds the goods, so the count is wrong,
// not the sale. It is flagged and never blocks.
package stock

import (
	"bytes"
	"slices"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/sale"
)

// Take is one item's quantity to take off stock, with how a person calls it.
type Take struct {
	ItemID   uuid.UUID
	SKU      string
	Name     string
	Quantity sale.Quantity
}

// Sold sums the live lines of t by item, sorted by item id: everybody locks
// inventory rows in this order, so that two tills never wait for each other in
// a circle.
func Sold(t *sale.Transaction) []Take {
	byItem := map[uuid.UUID]int{}
	var takes []Take
	for _, line := range t.Live() {
		i, seen := byItem[line.ItemID]
		if !seen {
			i = len(takes)
			byItem[line.ItemID] = i
			takes = append(takes, Take{ItemID: line.ItemID, SKU: line.SKU, Name: line.Name})
		}
		takes[i].Quantity += line.Quantity
	}
	slices.SortFunc(takes, func(a, b Take) int { return bytes.Compare(a.ItemID[:], b.ItemID[:]) })
	return takes
}
