package edgedb

import (
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5"
)

// TakeStock queues the taking of stock and of a receipt number for a basket; see
// the function take_stock. taken stays zero if the basket is not the till's open one.
func TakeStock(b *pgx.Batch, sale uuid.UUID, till string, at time.Time, taken *TakeStockRow) {
	*taken = TakeStockRow{}
	one(b, func(row TakeStockRow) { *taken = row }, takeStock, sale, till, at)
}
