package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/postgres"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// store is an empty shop S1 that loads catalogues.
type store struct {
	t  *testing.T
	db *postgres.DB
	*Loader
}

func newStore(t *testing.T) store {
	t.Helper()
	db := postgrestest.New(t, edgedb.Migrations)
	require.NoError(t, edgedb.New().InsertOutboxHead(t.Context(), db, "S1"))
	now := time.Date(2026, 11, 22, 17, 30, 0, 0, time.UTC) // past midnight in Saigon
	return store{t, db, &Loader{DB: db, Log: &outbox.Log{}, StoreID: "S1", Now: func() time.Time { return now },
		Day: sale.Calendar{Zone: time.FixedZone("Saigon", 7*3600)}}}
}

// load reads and loads a file as the seed command does.
func (s store) load(text string) Loaded {
	s.t.Helper()
	codes, err := s.TaxCodes(s.t.Context())
	require.NoError(s.t, err)
	rows, problems, err := ReadCSV(strings.NewReader(text), codes)
	require.NoError(s.t, err)
	require.Empty(s.t, errorsOf(problems))
	done, err := s.Load(s.t.Context(), rows, false)
	require.NoError(s.t, err)
	return done
}

func (s store) count(table string) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), "select count(*) from "+table).Scan(&n))
	return n
}

// state is everything that a load may change, as text.
func (s store) state() (text string) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), `select concat_ws(E'\n',
		(select string_agg(c::text, E'\n' order by sku) from local_catalog c), (select string_agg(b::text, E'\n' order by b::text) from catalog_barcodes b),
		(select string_agg(i::text, E'\n' order by item_id) from local_inventory i), (select string_agg(u::text, ' ' order by unit) from units u),
		(select string_agg(o::text, E'\n' order by id) from outbox o), (select h::text from outbox_head h))`).Scan(&text))
	return text
}

func (s store) events() []outbox.Entry {
	s.t.Helper()
	entries, err := s.Log.List(s.t.Context(), s.db, outbox.All, 0, 1000)
	require.NoError(s.t, err)
	report, err := s.Log.Verify(s.t.Context(), s.db)
	require.NoError(s.t, err)
	require.Zero(s.t, report.BadID)
	return entries
}

func (s store) item(sku string) Listing {
	s.t.Helper()
	list, err := New(s.db).Search(s.t.Context(), "", "", "", 5000)
	require.NoError(s.t, err)
	for _, item := range list {
		if item.SKU == sku {
			return item
		}
	}
	require.Fail(s.t, "not in the catalogue", sku)
	return Listing{}
}

// generated is a catalogue of n items with an opening stock each.
func generated(n int) string {
	var b strings.Builder
	b.WriteString(csvHead)
	for i := range n {
		fmt.Fprintf(&b, "SKU-%04d,cái,89350000%05d,Hàng số %d,%d,estimate,STANDARD,Khác,no,%d.5\n", i, i, i, 1000+i, 1+i%90)
	}
	return b.String()
}

const oneItem = csvHead + "NUOC-0001,chai,8934588063145|8934588063152,Nước Aquafina,6000,observed,STANDARD,Nước giải khát,no,48\n"

func TestLoadOpensTheShelf(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	require.Equal(t, Loaded{Items: 1200, Barcodes: 1200, Opened: 1200, Events: 3}, s.load(generated(1200)))
	events := s.events()
	require.Len(t, events, 3)
	moved := map[string]sale.Quantity{}
	for i, e := range events {
		require.Equal(t, []any{wire.TypeInventoryAdjusted, "S1", "", "", "2026-11-23", events[0].AggregateID},
			[]any{e.Type, e.StoreID, e.TerminalID, e.CashierID, e.BusinessDate, e.AggregateID})
		var opening wire.InventoryAdjusted
		require.NoError(t, json.Unmarshal([]byte(e.Payload), &opening, json.RejectUnknownMembers(true)))
		require.Equal(t, []any{wire.ReasonOpening, e.AggregateID}, []any{opening.Reason, opening.Reference})
		require.Len(t, opening.Movements, []int{500, 500, 200}[i], "at most 500 movements an event")
		require.LessOrEqual(t, len(e.Payload), wire.MaxPayload)
		for _, m := range opening.Movements {
			require.NotContains(t, moved, m.SKU, "each item is opened once")
			require.Equal(t, m.Quantity, m.BalanceAfter)
			require.Equal(t, ItemID(m.SKU), m.ItemID)
			moved[m.SKU] = m.Quantity
		}
	}
	list, err := New(s.db).Search(t.Context(), "", "", "", 5000)
	require.NoError(t, err)
	require.Len(t, list, 1200)
	for _, item := range list {
		require.Equal(t, moved[item.SKU], item.OnHand, "opening + movements = on hand")
	}
	require.Equal(t, sale.Quantity(1500), moved["SKU-0000"])
}

func TestLoadingTwiceAddsNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(generated(600))
	before := s.state()
	require.Equal(t, Loaded{Items: 600, Barcodes: 600}, s.load(generated(600)))
	require.Equal(t, before, s.state(), "no stock, no event, not even a time")
}

func TestADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(oneItem)
	before := s.state()
	rows, _, err := ReadCSV(strings.NewReader(generated(600)), testTaxCodes)
	require.NoError(t, err)
	done, err := s.Load(t.Context(), rows, true)
	require.NoError(t, err)
	require.Equal(t, Loaded{Items: 600, Barcodes: 600, Opened: 600, Events: 2, DryRun: true}, done, "it says what would happen")
	require.Equal(t, before, s.state())
}

func TestAnItemChanges(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(oneItem)
	done := s.load(csvHead + "NUOC-0001,lon,8935000000001,Nước đắt hơn,9000,estimate,EXCISE,Bia,yes,99\n")
	require.Equal(t, Loaded{Items: 1, Barcodes: 1}, done)
	require.Equal(t, Listing{ItemID: ItemID("NUOC-0001"), SKU: "NUOC-0001", Name: "Nước đắt hơn", Unit: "lon", Barcodes: []string{"8935000000001"},
		Price: 9000, PriceSource: "estimate", TaxCode: "EXCISE", Category: "Bia", AgeRestricted: true, OnHand: 48 * sale.One}, s.item("NUOC-0001"),
		"everything but the stock, which was opened once")
	require.Len(t, s.events(), 1)
	c := New(s.db)
	_, err := c.ByBarcode(t.Context(), "8934588063145")
	require.Equal(t, "barcode_unknown", fault.CodeOf(err), "barcodes are replaced, not collected")
	list, err := c.Search(t.Context(), "dat hon", "", "", 10)
	require.NoError(t, err)
	require.Len(t, list, 1, "the new name is found")
	list, err = c.Search(t.Context(), "aquafina", "", "", 10)
	require.NoError(t, err)
	require.Empty(t, list, "the old one is not")
}

func TestWhatAFileLeavesOutStays(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(oneItem)
	s.load(csvHead + "BIA-0001,lon,8935012413307,Bia,14000,,EXCISE,Bia,yes,\n")
	require.Equal(t, 2, s.count("local_catalog"))
	require.Equal(t, sale.Quantity(0), s.item("BIA-0001").OnHand)
	// Opening stock that comes later is still an opening, once.
	require.Equal(t, Loaded{Items: 1, Barcodes: 1, Opened: 1, Events: 1}, s.load(csvHead+"BIA-0001,lon,8935012413307,Bia,14000,,EXCISE,Bia,yes,24\n"))
	require.Equal(t, 24*sale.One, s.item("BIA-0001").OnHand)
	require.Len(t, s.events(), 2)
	require.NotEqual(t, s.events()[0].AggregateID, s.events()[1].AggregateID, "a load's own id")
}

// Stock that was sold before it was opened: the opening comes on top.
func TestOpeningOfWhatWasSoldAlready(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(csvHead + "BIA-0001,lon,,Bia,14000,,EXCISE,Bia,yes,\n")
	_, err := s.db.Exec(t.Context(), "update local_inventory set on_hand_milli = -3000")
	require.NoError(t, err)
	s.load(csvHead + "BIA-0001,lon,,Bia,14000,,EXCISE,Bia,yes,24\n")
	require.Equal(t, 21*sale.One, s.item("BIA-0001").OnHand)
	require.Contains(t, s.events()[0].Payload, `"balance_after":"21"`)
}

// A row that the database refuses takes the whole load with it.
func TestNothingIsHalfApplied(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(oneItem)
	before := s.state()
	rows, _, err := ReadCSV(strings.NewReader(generated(600)), testTaxCodes)
	require.NoError(t, err)
	for name, spoil := range map[string]func(r *Row){
		"an unknown tax code": func(r *Row) { r.TaxCode = "LUXURY" },
		"a negative price":    func(r *Row) { r.Price = -1 },
		"a price too high":    func(r *Row) { r.Price = money.Max + 1 },
		"no name":             func(r *Row) { r.Name = "" },
		"a barcode twice":     func(r *Row) { r.Barcodes = []string{"1", "1"} },
		"no unit":             func(r *Row) { r.Unit = "" },
	} {
		spoilt := append([]Row{}, rows...)
		spoil(&spoilt[599])
		_, err := s.Load(t.Context(), spoilt, false)
		require.Error(t, err, name)
		require.Equal(t, before, s.state(), name)
	}
}

func TestOneBarcodeOnTwoItems(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(csvHead +
		"KEO-1,thanh,8938505974194,Kẹo,5000,,STANDARD,Kẹo,,\n" +
		"KEO-20,hộp,8938505974194,Kẹo hộp 20,90000,,STANDARD,Kẹo,,\n")
	_, err := New(s.db).ByBarcode(t.Context(), "8938505974194")
	require.Equal(t, "barcode_ambiguous", fault.CodeOf(err))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	candidates, ok := fault.As(err).Details["candidates"].([]Candidate)
	require.True(t, ok)
	require.Equal(t, []Candidate{{ItemID: ItemID("KEO-1"), SKU: "KEO-1", Name: "Kẹo", Unit: "thanh", Price: 5000},
		{ItemID: ItemID("KEO-20"), SKU: "KEO-20", Name: "Kẹo hộp 20", Unit: "hộp", Price: 90_000}}, candidates)
}

// The same code with and without a zero in front, on two items: the exact text
// decides; a third spelling is ambiguous.
func TestLeadingZeros(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.load(csvHead +
		"A,cái,0036000291452,Ngoại,5000,,STANDARD,Khác,,\n" +
		"B,cái,36000291452,Trong tiệm,6000,,STANDARD,Khác,,\n" +
		"C,cái,000,Số không,7000,,STANDARD,Khác,,\n")
	c := New(s.db)
	for code, sku := range map[string]string{"0036000291452": "A", "36000291452": "B", "000": "C", "0": "C", "00000": "C"} {
		item, err := c.ByBarcode(t.Context(), code)
		require.NoError(t, err, code)
		require.Equal(t, sku, item.SKU, code)
	}
	_, err := c.ByBarcode(t.Context(), "036000291452")
	require.Equal(t, "barcode_ambiguous", fault.CodeOf(err))
}

// The id of an item is the same in every shop, for ever: HQ adds by it.
func TestItemIDsNeverChange(t *testing.T) {
	t.Parallel()
	require.Equal(t, "83f04066-fe43-5afa-bf68-1afa2c01bf8a", ItemID("NUOC-0001").String())
	require.NotEqual(t, ItemID("nuoc-0001"), ItemID("NUOC-0001"))
}

func TestTaxCodesOfTheSchema(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	codes, err := s.TaxCodes(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, testTaxCodes, codes)
	var rates string
	require.NoError(t, s.db.QueryRow(t.Context(), "select string_agg(tax_code || ' ' || valid_from || ' ' || rate_bp, E'\n' order by tax_code, valid_from) from tax_rates").Scan(&rates))
	require.Equal(t, `EXCISE 1970-01-01 1000
EXEMPT 1970-01-01 0
REDUCED_5 1970-01-01 500
STANDARD 1970-01-01 1000
STANDARD 2025-07-01 800
STANDARD 2027-01-01 1000
ZERO 1970-01-01 0`, rates)
}

// loadShop2015 loads the whole 2015 shop.
func (s store) loadShop2015() Loaded {
	s.t.Helper()
	rows, _ := readShop(s.t, shopFile(s.t, "shop2015_products.csv"), shopFile(s.t, "shop2015_units.csv"))
	done, err := s.Load(s.t.Context(), rows, false)
	require.NoError(s.t, err)
	return done
}

func TestTheShopOf2015Loads(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	require.Equal(t, Loaded{Items: 214, Barcodes: 137}, s.loadShop2015())
	require.Equal(t, []int{214, 137, 214}, []int{s.count("local_catalog"), s.count("catalog_barcodes"), s.count("local_inventory")})
	require.Empty(t, s.events(), "it has no stock")
	before := s.state()
	s.loadShop2015()
	require.Equal(t, before, s.state(), "seeding twice changes nothing")
}
