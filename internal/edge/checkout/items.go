package checkout

import (
	"context"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/barcode"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/idempotency"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// Scan is one item to add: by barcode, or by id once a person has chosen among
// several with the same barcode.
type Scan struct {
	Barcode  string
	ItemID   uuid.UUID
	Quantity sale.Quantity
}

// AddItem appends a line. The catalogue is read before the basket is locked:
// the price freezes at the scan.
func (d *Desk) AddItem(ctx context.Context, by Caller, id uuid.UUID, scan Scan) (Reply, error) {
	// A retry gets its answer whatever the catalogue says by now.
	if reply, found, err := idempotency.Recall[Basket](ctx, d.DB, by.Once); found || err != nil {
		return reply, err
	}
	item, err := d.scanned(ctx, scan)
	if err != nil {
		return Reply{}, err
	}
	return d.change(ctx, by, id, 201, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, now time.Time) ([]outbox.Draft, error) {
		line, err := s.t.AddItem(item, scan.Barcode, scan.Quantity, now)
		if err != nil {
			return nil, err
		}
		return nil, edgedb.New().InsertLine(ctx, tx.Queued(), edgedb.InsertLineParams{TransactionID: s.t.ID, LineNo: line.LineNo, StoreID: d.StoreID, TerminalID: by.TerminalID,
			CashierID: s.acting, ItemID: line.ItemID, SKU: line.SKU, Name: line.Name, Unit: line.Unit, Category: line.Category,
			Barcode: orNil(line.Barcode), AgeRestricted: line.AgeRestricted, QuantityMilli: int64(line.Quantity),
			UnitPrice: int64(line.UnitPrice), Gross: int64(line.Gross), TaxCode: line.TaxCode, AddedAt: line.AddedAt})
	}))
}

func (d *Desk) scanned(ctx context.Context, scan Scan) (sale.Item, error) {
	if scan.Barcode != "" {
		if err := barcode.Check(scan.Barcode); err != nil {
			return sale.Item{}, err
		}
	}
	switch {
	case !scan.ItemID.IsNil():
		return d.Catalog.ByID(ctx, scan.ItemID)
	case scan.Barcode != "":
		return d.Catalog.ByBarcode(ctx, scan.Barcode)
	}
	return sale.Item{}, fault.New(fault.Invalid, "item_missing", "a line needs a barcode or an item_id").At("barcode")
}

// ChangeQuantity sets a line's quantity; line_overridden (409) for a line whose
// price a person changed.
func (d *Desk) ChangeQuantity(ctx context.Context, by Caller, id uuid.UUID, lineNo int32, quantity sale.Quantity) (Reply, error) {
	return d.change(ctx, by, id, 200, heldBy(by.TerminalID, func(ctx context.Context, tx *postgres.Tx, s *stored, _ time.Time) ([]outbox.Draft, error) {
		line, err := s.t.ChangeQuantity(lineNo, quantity)
		if err != nil {
			return nil, err
		}
		line.ChangedBy = s.acting
		return nil, queueLine(ctx, tx, s.t.ID, line)
	}))
}

func queueLine(ctx context.Context, tx *postgres.Tx, id uuid.UUID, line *sale.Line) error {
	return edgedb.New().UpdateLine(ctx, tx.Queued(), edgedb.UpdateLineParams{TransactionID: id, LineNo: line.LineNo,
		QuantityMilli: int64(line.Quantity), Gross: int64(line.Gross), RemovedAt: line.RemovedAt, UnitPrice: int64(line.UnitPrice),
		Discount: int64(line.Discount), DiscountReason: orNil(line.DiscountReason), ListPrice: (*int64)(line.ListPrice), PriceReason: orNil(line.PriceReason),
		ChangedBy: orNil(line.ChangedBy)})
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
