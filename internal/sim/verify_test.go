package sim

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

// served is a shop behind both APIs, read only.
type served struct {
	*shop

	mu        sync.Mutex
	pending   int64
	statuses  int
	onStatus  func(n int) // before the n-th answer of /v1/status
	pages     int
	unmarked  int64 // an event without published_at
	open      []OpenBasket
	watermark func(*wire.StoreSync)
}

func serve(t *testing.T, s *shop) (*served, *EdgeClient, *HQClient) {
	t.Helper()
	v := &served{shop: s}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	edge, hq := NewEdgeClient(server.URL, "t"), NewHQClient(server.URL, "t")
	t.Cleanup(edge.Close)
	t.Cleanup(hq.Close)
	return v, edge, hq
}

func (v *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	switch path := r.URL.Path; {
	case path == "/v1/status":
		if v.statuses++; v.onStatus != nil {
			v.onStatus(v.statuses)
		}
		v.answer(w, EdgeStatus{StoreID: "S1", Head: int64(len(v.edge)), PendingEvents: v.pending})
	case path == "/v1/outbox":
		v.pages++
		now := time.Now()
		var items []OutboxEntry
		for _, e := range v.edge {
			entry := OutboxEntry{Event: e, PublishedAt: &now}
			if e.ID == v.unmarked {
				entry.PublishedAt = nil
			}
			if e.ID > after && len(items) < limit {
				items = append(items, entry)
			}
		}
		v.answer(w, map[string]any{"items": items, "next": 7})
	case path == "/v1/stores/S1/events":
		var items []HQEvent
		for _, e := range v.hq {
			if e.ID > after && len(items) < limit {
				items = append(items, e)
			}
		}
		v.answer(w, map[string]any{"items": items, "next": "7"})
	case path == "/v1/stores/S1/sync":
		last := v.hq[len(v.hq)-1]
		sync := wire.StoreSync{StoreID: "S1", ReceivedUpto: last.ID, ChainHash: last.Hash}
		if v.watermark != nil {
			v.watermark(&sync)
		}
		v.answer(w, sync)
	case path == "/v1/inventory" && r.URL.Query().Get("after") == "":
		v.answer(w, page[StockEntry]{Items: v.shelf()[:1], Next: "COLA"})
	case path == "/v1/inventory":
		v.answer(w, page[StockEntry]{Items: v.shelf()[1:]})
	case path == "/v1/transactions":
		v.answer(w, page[OpenBasket]{Items: v.open})
	case strings.HasPrefix(path, "/v1/transactions/"):
		b := v.baskets[uuid.FromStringOrNil(path[len("/v1/transactions/"):])]
		if b == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		v.answer(w, b)
	default:
		w.WriteHeader(http.StatusTeapot)
	}
}

func (v *served) answer(w http.ResponseWriter, value any) { _ = json.MarshalWrite(w, value) }

func TestVerifyWalksAlongBothLogs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for range 250 { // over several pages
		s.sell("T1", CashExact, sale.One)
	}
	s.mirror()
	v, edge, hq := serve(t, s)
	report, err := Verify(t.Context(), edge, hq, VerifyOptions{Ledger: s.ledger, Complete: true})
	require.NoError(t, err)
	require.True(t, report.OK)
	require.Nil(t, report.Difference)
	require.Equal(t, "S1", report.StoreID)
	require.EqualValues(t, 14+3*250, report.Figures.Events)
	require.Equal(t, 254, report.Figures.Acked)
	require.Equal(t, 2, v.pages)
}

func TestVerifyNamesTheFirstDifference(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plant     func(*served)
		invariant string
		id        int64
		says      string
	}{
		"HQ lacks the tail":  {func(v *served) { v.hq = v.hq[:9]; v.pending = 5 }, "edge=HQ", 10, "HQ does not have the event"},
		"HQ has more":        {func(v *served) { v.edge = v.edge[:13] }, "edge=HQ", 14, "HQ has an event that the edge does not have"},
		"the head lies":      {func(v *served) { v.edge[13].ID = 99 }, "D", 14, "gap or a repeat"},
		"HQ's watermark":     {func(v *served) { v.watermark = func(s *wire.StoreSync) { s.ReceivedUpto = 13 } }, "edge=HQ", 13, "HQ's watermark is not the edge's head"},
		"HQ's chain hash":    {func(v *served) { v.watermark = func(s *wire.StoreSync) { s.ChainHash[3] ^= 1 } }, "edge=HQ", 14, "HQ's watermark is not the edge's head"},
		"HQ's quarantine":    {func(v *served) { v.watermark = func(s *wire.StoreSync) { s.Quarantined = 1 } }, "edge=HQ", 14, "1 quarantined"},
		"an unmarked event":  {func(v *served) { v.unmarked = 3 }, "edge=HQ", 3, "a published_at"},
		"the shelf":          {func(v *served) { v.stock[rice.ItemID]++ }, "C", 0, "item GAO"},
		"a lost transaction": {func(v *served) { delete(v.baskets, v.ledger.sales[2].TransactionID) }, "A", 9, "the edge's transaction is not what its log says"},
		"another receipt":    {func(v *served) { v.baskets[v.ledger.sales[2].TransactionID].ReceiptNo = "S1-T1-0000009" }, "A", 9, "is: PAID S1-T1-0000009"},
		"an open basket":     {func(v *served) { v.open = []OpenBasket{{ID: newID(), Status: sale.Draft}} }, "A", 0, "the basket is still open"},
		"a silent end": {func(v *served) {
			id := newID()
			v.ledger.doubt(id)
			v.baskets[id] = &Basket{Transaction: sale.Transaction{ID: id, Status: sale.Voided}}
		}, "A", 0, "has ended at the edge, but its log does not say so"},
		"a broken promise": {func(v *served) { v.ledger.sales[0].Total-- }, "A", 2, "not what the cashier saw"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, edge, hq := serve(t, newShop(t))
			c.plant(v)
			report, err := Verify(t.Context(), edge, hq, VerifyOptions{Ledger: v.ledger, Complete: true})
			var d *DifferenceError
			require.ErrorAs(t, err, &d)
			require.Equal(t, d, report.Difference)
			require.False(t, report.OK)
			require.Equal(t, 1, fault.ExitCode(err))
			require.Equal(t, c.invariant, d.Invariant, d.Error())
			require.Equal(t, c.id, d.ID, d.Error())
			require.Contains(t, d.Error(), c.says)
		})
	}
}

func TestVerifyWaitsForTheDrain(t *testing.T) {
	t.Parallel()
	v, edge, hq := serve(t, newShop(t))
	all := v.hq
	v.hq, v.pending = slices.Clone(all[:9]), 5
	v.onStatus = func(n int) {
		if n == 3 {
			v.hq, v.pending = all, 0
		}
	}
	report, err := Verify(t.Context(), edge, hq, VerifyOptions{Wait: time.Minute})
	require.NoError(t, err)
	require.Positive(t, report.Drained)
	require.Zero(t, report.Pending)
}

// A shop that sells while it is compared is compared again, and what was only
// half read is no difference.
func TestVerifyStartsAgainWhenTheShopSells(t *testing.T) {
	t.Parallel()
	for name, restless := range map[string]int{"once": 2, "all the time": 1 << 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, edge, hq := serve(t, newShop(t))
			v.onStatus = func(n int) {
				if n > 1 && n <= restless {
					v.sell("T2", ByQR, sale.One)
					v.mirror()
				}
			}
			report, err := Verify(t.Context(), edge, hq, VerifyOptions{})
			if name == "once" {
				require.NoError(t, err)
				require.EqualValues(t, 17, report.Figures.Events)
				return
			}
			require.Equal(t, "shop_busy", fault.CodeOf(err))
			require.False(t, report.OK)
		})
	}
}
