package httpapi_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
)

// page is any list of the API.
type page[T any] struct {
	Items []T `json:"items"`
	Next  any `json:"next"` // a cursor: the text or number that after takes
}

type listing struct {
	ItemID        string   `json:"item_id"`
	SKU           string   `json:"sku"`
	Name          string   `json:"name"`
	Unit          string   `json:"unit"`
	Barcodes      []string `json:"barcodes"`
	Price         int64    `json:"price"`
	TaxCode       string   `json:"tax_code"`
	Category      string   `json:"category"`
	AgeRestricted bool     `json:"age_restricted"`
	OnHand        string   `json:"on_hand"`
}

func TestTheCatalogueAsTillsSeeIt(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	t1.sell(beer)
	got := ok[page[listing]](t, 200, t1.get("/v1/catalog/items?barcode="+beerPack))
	require.Equal(t, []listing{{ItemID: itemID("BIA-0001"), SKU: "BIA-0001", Name: "Bia Sài Gòn", Unit: "lon", Barcodes: []string{beer, beerPack},
		Price: 14_000, TaxCode: "EXCISE", Category: "Bia", AgeRestricted: true, OnHand: "239"}}, got.Items)
	require.Nil(t, got.Next)
	require.Len(t, ok[page[listing]](t, 200, t1.get("/v1/catalog/items?barcode="+shared)).Items, 2, "all that a scan may mean")
	require.NotContains(t, string(t1.get("/v1/catalog/items?barcode=4711").raw), "null")
	require.Empty(t, ok[page[listing]](t, 200, t1.get("/v1/catalog/items?barcode=4711")).Items)
	refused(t, t1.get("/v1/catalog/items?barcode="+url.QueryEscape("８９３")), 422, "barcode_invalid")
	require.Len(t, ok[page[listing]](t, 200, t1.get("/v1/catalog/items")).Items, len(shelf))
}

func TestSearch(t *testing.T) {
	s := openShop(t)
	s.load(
		catalog.Row{SKU: "LAVIE-0001", Name: "Nước suối La Vie", Unit: "chai", Price: 6_000, TaxCode: "STANDARD", Category: "Nước giải khát"},
		catalog.Row{SKU: "DUONG-0001", Name: "Đường trắng Biên Hoà", Unit: "kg", Price: 25_000, TaxCode: "STANDARD", Category: "Gia vị"},
		catalog.Row{SKU: "SALE-0001", Name: "Giảm 100% đường", Unit: "gói", Price: 9_000, TaxCode: "STANDARD", Category: "Khuyến mãi"},
		catalog.Row{SKU: "SALE_0002", Name: `Gạch_dưới và \ chéo`, Unit: "gói", Price: 9_000, TaxCode: "STANDARD", Category: "Khuyến mãi"},
	)
	t1 := s.till("T1")
	for query, want := range map[string][]string{
		"nuoc suoi": {"LAVIE-0001"},
		"Nước suối": {"LAVIE-0001"},
		"NƯỚC SUỐI": {"LAVIE-0001"},
		"suối nước": {"LAVIE-0001"}, // words, in any order
		"Nu\u031bo\u031b\u0301c suo\u0302\u0301i": {"LAVIE-0001"}, // decomposed, as some keyboards send it
		"  la   vie ":        {"LAVIE-0001"},
		"duong":              {"DUONG-0001", "SALE-0001"},
		"đường":              {"DUONG-0001", "SALE-0001"},
		"DUONG trang":        {"DUONG-0001"},
		"duong-0001":         {"DUONG-0001"}, // by sku
		"giai khat aquafina": {"NUOC-0001"},  // by category and name
		"%":                  {"SALE-0001"},
		"100%":               {"SALE-0001"},
		"_":                  {"SALE_0002"},
		"sale_":              {"SALE_0002"},
		`\`:                  {"SALE_0002"},
		"%%":                 {},
		"' or 1=1 --":        {},
		"không có gì":        {},
	} {
		got := ok[page[listing]](t, 200, t1.get("/v1/catalog/items?q="+url.QueryEscape(query)))
		require.Equal(t, want, skus(got.Items), "%q", query)
	}
	refused(t, t1.get("/v1/catalog/items?q=%00"), 400, "url_invalid")
	refused(t, t1.get("/v1/catalog/items?q=%ff"), 400, "url_invalid")
	refused(t, t1.get("/v1/catalog/items?q="+fmt.Sprintf("%0101d", 0)), 422, "validation_failed")
}

func skus(items []listing) []string {
	list := []string{}
	for _, item := range items {
		list = append(list, item.SKU)
	}
	return list
}

// Walking a list by its cursor meets everything exactly once, ascending.
func TestPages(t *testing.T) {
	s := openShop(t)
	rows := make([]catalog.Row, 1010)
	for i := range rows {
		rows[i] = catalog.Row{SKU: fmt.Sprintf("P-%04d", i), Name: "Hàng", Unit: "cái", Price: 1_000, TaxCode: "STANDARD", Category: "Khác"}
	}
	s.load(rows...)
	t1 := s.till("T1")
	for range 18 {
		t1.sell(bag)
	}
	for name, c := range map[string]struct {
		list  string
		key   func(item map[string]any) any
		total int
	}{
		"items":     {"/v1/catalog/items?", func(item map[string]any) any { return item["sku"] }, len(shelf) + len(rows)},
		"inventory": {"/v1/inventory?", func(item map[string]any) any { return item["sku"] }, len(shelf) + len(rows)},
		"outbox":    {"/v1/outbox?", func(item map[string]any) any { return item["id"] }, 37}, // one OPENING, and two events a bag
		"search":    {"/v1/catalog/items?q=hang&", func(item map[string]any) any { return item["sku"] }, len(rows)},
	} {
		t.Run(name, func(t *testing.T) {
			get := func(query string) page[map[string]any] {
				return ok[page[map[string]any]](t, 200, t1.get(c.list+query))
			}
			require.Len(t, get("").Items, min(50, c.total), "50 by default")
			for _, limit := range []string{"501", "100000", "3000000000"} {
				require.Len(t, get("limit="+limit).Items, min(500, c.total), "more than 500 are 500")
			}
			for _, limit := range []string{"0", "-1", "x", "1.5", "99999999999999999999"} {
				refused(t, t1.get(c.list+"limit="+limit), 422, "validation_failed")
			}
			for _, limit := range []int{7, 37, 500} {
				var seen []any
				for cursor := ""; ; {
					p := get(fmt.Sprintf("limit=%d%s", limit, cursor))
					for _, item := range p.Items {
						seen = append(seen, c.key(item))
					}
					if p.Next == nil {
						break
					}
					require.Len(t, p.Items, limit, "only the last page is shorter")
					cursor = "&after=" + url.QueryEscape(fmt.Sprint(p.Next))
				}
				require.Len(t, seen, c.total)
				require.True(t, slices.IsSortedFunc(seen, func(a, b any) int {
					if a, ok := a.(float64); ok {
						return int(a - b.(float64))
					}
					return slices.Compare([]byte(a.(string)), []byte(b.(string)))
				}), "ascending")
				require.Len(t, slices.CompactFunc(seen, func(a, b any) bool { return a == b }), c.total, "each once")
			}
		})
	}
}

func TestTheOutboxAsTillsSeeIt(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	t1.sell(water)
	type entry struct {
		ID              int64  `json:"id"`
		Type            string `json:"type"`
		StoreID         string `json:"store_id"`
		Epoch           int64  `json:"epoch"`
		EventID         string `json:"event_id"`
		AggregateID     string `json:"aggregate_id"`
		Version         int    `json:"version"`
		OccurredAt      string `json:"occurred_at"`
		CreatedAt       string `json:"created_at"`
		BusinessDate    string `json:"business_date"`
		PublishedAt     any    `json:"published_at"`
		PublishAttempts int    `json:"publish_attempts"`
		LastError       any    `json:"last_error"`
		Hash            string `json:"hash"`
		Payload         string `json:"payload"`
	}
	list := func(query string) []entry { return ok[page[entry]](t, 200, t1.get("/v1/outbox"+query)).Items }
	all := list("")
	require.Len(t, all, 4)
	events := s.events(0)
	for i, e := range all {
		require.Equal(t, []any{events[i].ID, events[i].Type, "S1", int64(1), events[i].EventID.String(), events[i].AggregateID.String(), events[i].BusinessDate, events[i].Hash.String(), events[i].Payload},
			[]any{e.ID, e.Type, e.StoreID, e.Epoch, e.EventID, e.AggregateID, e.BusinessDate, e.Hash, e.Payload})
		require.NotEmpty(t, e.OccurredAt)
		require.NotEmpty(t, e.CreatedAt)
		require.Nil(t, e.PublishedAt)
	}
	for _, name := range []string{"published_at", "last_error", "publish_attempts"} {
		require.Contains(t, string(t1.get("/v1/outbox?limit=1").raw), `"`+name+`":`)
	}
	s.exec("update outbox set published_at = now(), publish_attempts = 2 where id <= 3")
	s.exec("update sync_cursors set position = 3 where name = 'uplink.published'")
	require.Len(t, list("?state=pending"), 1)
	require.Len(t, list("?state=published"), 3)
	require.Len(t, list("?state=all"), 4)
	require.Len(t, list("?state=published&after=2"), 1)
	require.Empty(t, list("?state=pending&after=4"))
	require.NotNil(t, list("?state=published")[0].PublishedAt)
	refused(t, t1.get("/v1/outbox?state=lost"), 422, "validation_failed")
	refused(t, t1.get("/v1/outbox?after=-1"), 422, "validation_failed")
}

func TestTheStatusOfAShopWithoutALine(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	t1.sell(water)
	type status struct {
		StoreID              string  `json:"store_id"`
		Connectivity         string  `json:"connectivity"`
		Since                string  `json:"since"`
		Protocol             string  `json:"protocol"`
		FallbackActive       bool    `json:"fallback_active"`
		Head                 int64   `json:"head"`
		Acked                int64   `json:"acked"`
		PendingEvents        int64   `json:"pending_events"`
		OldestPendingSeconds float64 `json:"oldest_pending_seconds"`
		CatalogVersion       int64   `json:"catalog_version"`
	}
	got := ok[status](t, 200, t1.get("/v1/status"))
	require.NotEmpty(t, got.Since)
	require.Positive(t, got.OldestPendingSeconds)
	require.Less(t, got.OldestPendingSeconds, 60.0)
	got.Since, got.OldestPendingSeconds = "", 0
	require.Equal(t, status{StoreID: "S1", Connectivity: "OFFLINE", Protocol: "http", Head: 4, PendingEvents: 4}, got)
	s.exec("update sync_cursors set position = 4")
	got = ok[status](t, 200, t1.get("/v1/status"))
	require.Equal(t, []any{int64(4), int64(0), 0.0}, []any{got.Acked, got.PendingEvents, got.OldestPendingSeconds})
}
