// Package stockroom shows what is on the shelves. It changes nothing: stock
// moves with a sale (package checkout) or an opening load (package catalog).
// A negative count is shown and flagged: somebody should count the shelf.
package stockroom

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/edgedb"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Room is one store's stock.
type Room struct{ DB *postgres.DB }

// Level is one item's stock.
type Level struct {
	ItemID    uuid.UUID      `json:"item_id"`
	SKU       string         `json:"sku"`
	Name      string         `json:"name"`
	Unit      string         `json:"unit"`
	OnHand    sale.Quantity  `json:"on_hand"`           // may be negative
	Short     bool           `json:"short"`             // more was sold than was known to be there: somebody should count
	Opening   *sale.Quantity `json:"opening,omitempty"` // absent: never loaded
	UpdatedAt time.Time      `json:"updated_at"`
}

// List returns items by sku, above the cursor after; with a barcode, only
// the items in ids (those that the barcode could mean).
func (r *Room) List(ctx context.Context, barcode string, ids []uuid.UUID, after string, limit int32) ([]Level, error) {
	rows, err := edgedb.New().ListInventory(ctx, r.DB, after, barcode, ids, limit)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	entries := make([]Level, len(rows))
	for i, row := range rows {
		entries[i] = Level{ItemID: row.ItemID, SKU: row.SKU, Name: row.Name, Unit: row.Unit, OnHand: sale.Quantity(row.OnHandMilli),
			Short: row.OnHandMilli < 0, UpdatedAt: row.UpdatedAt}
		if row.OpeningMilli != nil {
			opening := sale.Quantity(*row.OpeningMilli)
			entries[i].Opening = &opening
		}
	}
	return entries, nil
}
