package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/barcode"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/postgres"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// maxMovements is the most movements of one OPENING event.
const maxMovements = 500

// Loader puts a catalogue file into the store, all or nothing.
type Loader struct {
	DB      *postgres.DB
	Log     *outbox.Log
	StoreID string
	Now     func() time.Time
	Day     sale.Calendar
}

// Loaded says what a load did, or would do.
type Loaded struct {
	Items    int  `json:"items"`    // rows of the file
	Barcodes int  `json:"barcodes"` // of them all
	Opened   int  `json:"opened"`   // items whose opening stock was loaded now
	Events   int  `json:"events"`   // OPENING events written
	DryRun   bool `json:"dry_run"`
}

// TaxCodes are the codes that a file may use.
func (l *Loader) TaxCodes(ctx context.Context) ([]string, error) {
	codes, err := edgedb.New().TaxCodes(ctx, l.DB)
	return codes, postgres.Fault(err)
}

// Load writes the rows: new items are added, known ones changed, the barcodes
// of each item replaced. Opening stock is taken only by items that never had
// any, so loading twice adds nothing. A dry run does all of it and rolls back.
func (l *Loader) Load(ctx context.Context, rows []Row, dryRun bool) (Loaded, error) {
	done := Loaded{DryRun: dryRun}
	err := l.DB.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		done = Loaded{Items: len(rows), DryRun: dryRun}
		for _, row := range rows {
			done.Barcodes += len(row.Barcodes)
		}
		if err := l.writeItems(ctx, tx, rows); err != nil {
			return err
		}
		opened, err := l.open(ctx, tx, rows)
		if err != nil {
			return err
		}
		done.Opened, done.Events = len(opened), (len(opened)+maxMovements-1)/maxMovements
		if dryRun {
			return errDryRun
		}
		return l.record(ctx, tx, opened)
	})
	if fault.CodeOf(err) == errDryRun.Code {
		err = nil
	}
	return done, err
}

// errDryRun rolls a dry run back.
var errDryRun = fault.New(fault.Internal, "dry_run", "dry run")

func (l *Loader) writeItems(ctx context.Context, tx *postgres.Tx, rows []Row) error {
	q := edgedb.New()
	items := edgedb.UpsertItemsParams{}
	var owners []uuid.UUID
	var codes, gtins []string
	for _, r := range rows {
		id := ItemID(r.SKU)
		items.ItemIds = append(items.ItemIds, id)
		items.Skus = append(items.Skus, r.SKU)
		items.Names = append(items.Names, r.Name)
		items.SearchTexts = append(items.SearchTexts, folded(strings.Join([]string{r.Name, r.SKU, r.Category}, " ")))
		items.Units = append(items.Units, r.Unit)
		items.Prices = append(items.Prices, int64(r.Price))
		items.PriceSources = append(items.PriceSources, r.PriceSource)
		items.TaxCodes = append(items.TaxCodes, r.TaxCode)
		items.Categories = append(items.Categories, r.Category)
		items.AgeRestricteds = append(items.AgeRestricteds, r.AgeRestricted)
		for _, code := range r.Barcodes {
			owners = append(owners, id)
			codes = append(codes, code)
			gtins = append(gtins, barcode.Trimmed(code))
		}
	}
	if err := q.UpsertUnits(ctx, tx, items.Units); err != nil {
		return err
	}
	if err := q.UpsertItems(ctx, tx, items); err != nil {
		return err
	}
	if err := q.DeleteBarcodesOf(ctx, tx, items.ItemIds); err != nil {
		return err
	}
	if err := q.InsertBarcodes(ctx, tx, owners, codes, gtins); err != nil {
		return err
	}
	return q.EnsureInventory(ctx, tx, items.ItemIds, l.StoreID)
}

// open loads the opening stock of the items that have none yet, in the order of
// their ids (the lock order), and returns the movements.
func (l *Loader) open(ctx context.Context, tx *postgres.Tx, rows []Row) ([]wire.Movement, error) {
	byID := map[uuid.UUID]Row{}
	var ids []uuid.UUID
	for _, r := range rows {
		if r.OpeningStock > 0 {
			byID[ItemID(r.SKU)] = r
			ids = append(ids, ItemID(r.SKU))
		}
	}
	fresh, err := edgedb.New().ItemsWithoutOpening(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	quantities := make([]int64, len(fresh))
	for i, id := range fresh {
		quantities[i] = int64(byID[id].OpeningStock)
	}
	balances, err := edgedb.LoadOpenings(ctx, tx, fresh, quantities)
	if err != nil {
		return nil, err
	}
	moves := make([]wire.Movement, len(fresh))
	for i, id := range fresh {
		row := byID[id]
		moves[i] = wire.Movement{ItemID: id, SKU: row.SKU, Name: row.Name, Quantity: row.OpeningStock, BalanceAfter: sale.Quantity(balances[i])}
	}
	return moves, nil
}

func (l *Loader) record(ctx context.Context, tx *postgres.Tx, moves []wire.Movement) error {
	if len(moves) == 0 {
		return nil
	}
	load, err := uuid.NewV7()
	if err != nil {
		return err
	}
	now := l.Now()
	var drafts []outbox.Draft
	for chunk := range slices.Chunk(moves, maxMovements) {
		draft, err := outbox.NewDraft(outbox.Draft{Type: wire.TypeInventoryAdjusted, AggregateID: load, OccurredAt: now, BusinessDate: l.Day.Date(now)},
			wire.InventoryAdjusted{Reason: wire.ReasonOpening, Reference: load, Movements: chunk})
		if err != nil {
			return err
		}
		drafts = append(drafts, draft)
	}
	return l.Log.Append(ctx, tx, drafts...)
}
