package catalog

import (
	"context"
	"strings"
	"unicode"

	"github.com/gofrs/uuid/v5"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"tiem/internal/barcode"
	"tiem/internal/edge/edgedb"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/sale"
)

// itemNamespace makes item ids: UUIDv5(itemNamespace, sku). It never changes.
var itemNamespace = uuid.Must(uuid.FromString("5f0c6d1e-7469-5d65-8a1b-746965d6d001"))

// ItemID is the id of the item with this sku, the same in every shop.
func ItemID(sku string) uuid.UUID { return uuid.NewV5(itemNamespace, sku) }

// Catalog reads and loads one store's catalogue.
type Catalog struct{ db *postgres.DB }

// New returns the catalogue in db.
func New(db *postgres.DB) *Catalog { return &Catalog{db: db} }

// Candidate is one of several items that a barcode may mean.
type Candidate struct {
	ItemID uuid.UUID    `json:"item_id"`
	SKU    string       `json:"sku"`
	Name   string       `json:"name"`
	Unit   string       `json:"unit"`
	Price  money.Amount `json:"price"`
}

// ByBarcode finds the one item that a scan means. Faults: barcode_invalid,
// barcode_unknown (404), barcode_ambiguous (409, with candidates: the caller
// asks a person and comes back with an item_id).
func (c *Catalog) ByBarcode(ctx context.Context, code string) (sale.Item, error) {
	items, err := c.matches(ctx, code)
	if err != nil {
		return sale.Item{}, err
	}
	switch len(items) {
	case 0:
		return sale.Item{}, fault.New(fault.NotFound, "barcode_unknown", "nothing is sold under barcode %s", code).
			At("barcode").Advise("scan again, or search the item by name")
	case 1:
		return items[0], nil
	}
	candidates := make([]Candidate, len(items))
	for i, it := range items {
		candidates[i] = Candidate{ItemID: it.ID, SKU: it.SKU, Name: it.Name, Unit: it.Unit, Price: it.Price}
	}
	return sale.Item{}, fault.New(fault.Conflict, "barcode_ambiguous", "%d items have barcode %s", len(items), code).
		At("barcode").Advise("choose one and send its item_id").With("candidates", candidates)
}

// ByID finds an item by its id; item_unknown (404) if there is none.
func (c *Catalog) ByID(ctx context.Context, id uuid.UUID) (sale.Item, error) {
	row, err := edgedb.New().ItemByID(ctx, c.db, id)
	err = postgres.Fault(err)
	if fault.KindOf(err) == fault.NotFound {
		return sale.Item{}, fault.New(fault.NotFound, "item_unknown", "there is no such item").At("item_id")
	}
	if err != nil {
		return sale.Item{}, err
	}
	return item(edgedb.ItemsByBarcodeRow(row)), nil
}

// matches are the items with exactly this code or, if none has it, with the
// same code but for leading zeros.
func (c *Catalog) matches(ctx context.Context, code string) ([]sale.Item, error) {
	if err := barcode.Check(code); err != nil {
		return nil, err
	}
	rows, err := edgedb.New().ItemsByBarcode(ctx, c.db, code)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	if len(rows) == 0 {
		byGTIN, err := edgedb.New().ItemsByGTIN(ctx, c.db, barcode.Trimmed(code))
		if err != nil {
			return nil, postgres.Fault(err)
		}
		for _, r := range byGTIN {
			rows = append(rows, edgedb.ItemsByBarcodeRow(r))
		}
	}
	items := make([]sale.Item, len(rows))
	for i, r := range rows {
		items[i] = item(r)
	}
	return items, nil
}

func item(r edgedb.ItemsByBarcodeRow) sale.Item {
	return sale.Item{ID: r.ItemID, SKU: r.SKU, Name: r.Name, Unit: r.Unit, Category: r.Category, TaxCode: r.TaxCode,
		Price: money.Amount(r.Price), AgeRestricted: r.AgeRestricted}
}

// Listing is an item as lists show it.
type Listing struct {
	ItemID        uuid.UUID     `json:"item_id"`
	SKU           string        `json:"sku"`
	Name          string        `json:"name"`
	Unit          string        `json:"unit"`
	Barcodes      []string      `json:"barcodes"`
	Price         money.Amount  `json:"price"`
	PriceSource   string        `json:"price_source"`
	TaxCode       string        `json:"tax_code"`
	Category      string        `json:"category"`
	AgeRestricted bool          `json:"age_restricted"`
	OnHand        sale.Quantity `json:"on_hand"`
}

// Search lists items by sku, above the cursor after. words are looked for in
// name, sku and category without regard to case and diacritics, so "nuoc suoi"
// finds "Nước suối". A barcode narrows it to the items that a scan could mean.
func (c *Catalog) Search(ctx context.Context, words, code, after string, limit int32) ([]Listing, error) {
	ids, err := c.IDs(ctx, code)
	if err != nil {
		return nil, err
	}
	rows, err := edgedb.New().SearchItems(ctx, c.db, edgedb.SearchItemsParams{After: after, Words: patterns(words), Barcode: code,
		ItemIds: ids, Lim: limit})
	if err != nil {
		return nil, postgres.Fault(err)
	}
	entries := make([]Listing, len(rows))
	for i, r := range rows {
		entries[i] = Listing{ItemID: r.ItemID, SKU: r.SKU, Name: r.Name, Unit: r.Unit, Barcodes: r.Barcodes, Price: money.Amount(r.Price),
			PriceSource: r.PriceSource, TaxCode: r.TaxCode, Category: r.Category, AgeRestricted: r.AgeRestricted,
			OnHand: sale.Quantity(r.OnHandMilli)}
	}
	return entries, nil
}

// IDs are the ids of the items that a barcode could mean; none for no barcode.
func (c *Catalog) IDs(ctx context.Context, code string) ([]uuid.UUID, error) {
	if code == "" {
		return []uuid.UUID{}, nil
	}
	items, err := c.matches(ctx, code)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(items))
	for i := range items {
		ids[i] = items[i].ID
	}
	return ids, nil
}

// patterns turns a search into LIKE patterns that must all match.
func patterns(words string) []string {
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	list := []string{"%"} // LIKE ALL of an empty array is true, but an explicit "anything" reads better in a plan
	for w := range strings.FieldsSeq(folded(words)) {
		list = append(list, "%"+escape.Replace(w)+"%")
	}
	return list
}

// folded is text in lower case without diacritics; đ, which Unicode does not
// count as a d with a mark, becomes d.
func folded(text string) string {
	strip := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	plain, _, err := transform.String(strip, strings.ToLower(text))
	if err != nil {
		plain = strings.ToLower(text)
	}
	return strings.ReplaceAll(plain, "đ", "d")
}
