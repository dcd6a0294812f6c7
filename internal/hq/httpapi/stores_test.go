package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/hq"
	"tiem/internal/hq/hqdb"
	"tiem/internal/hq/hqtest"
	"tiem/internal/postgres/postgrestest"
)

func TestStoresAreForScripts(t *testing.T) {
	s := setup(t)
	for _, call := range [][2]string{
		{"GET", "/v1/stores"}, {"POST", "/v1/stores"}, {"GET", "/v1/stores/S1/events"}, {"GET", "/v1/quarantine"},
	} {
		for _, token := range []string{s.tokens["S1"], "wrong"} {
			s.requireProblem(t, s.call(t, call[0], call[1], token, nil), http.StatusUnauthorized, "token_invalid")
		}
		s.requireProblem(t, s.call(t, call[0], call[1], "", nil), http.StatusUnauthorized, "token_missing")
	}
}

func TestWithoutHQTokenNoScriptGetsIn(t *testing.T) {
	s := setup(t)
	s.app = hq.New(postgrestest.New(t, hqdb.Migrations), hq.Config{}, nil)
	s.url = serve(t, s.app)
	for _, token := range []string{"", "x", hqToken} {
		s.requireProblem(t, s.call(t, "GET", "/v1/stores", token, nil), http.StatusUnauthorized, "token_invalid")
	}
}

func TestAddAndListStores(t *testing.T) {
	s := setup(t)
	a := s.call(t, "POST", "/v1/stores", hqToken, `{"store_id":"S3","name":"Lê Lợi"}`)
	require.Equal(t, http.StatusCreated, a.status, "%v", a.body)
	require.Equal(t, "Lê Lợi", a.body["name"])
	token, _ := a.body["token"].(string)
	require.Len(t, token, 64)

	shop := hqtest.NewShop("S3")
	shop.Sell(one(tea))
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, token, shop.All()).status)

	s.requireProblem(t, s.call(t, "POST", "/v1/stores", hqToken, `{"store_id":"S3","name":"Lê Lợi"}`), http.StatusConflict, "store_exists")
	s.requireProblem(t, s.call(t, "POST", "/v1/stores", hqToken, `{"store_id":"S-3","name":"x"}`), http.StatusUnprocessableEntity, "validation_failed")
	s.requireProblem(t, s.call(t, "POST", "/v1/stores", hqToken, `{"store_id":"S4"}`), http.StatusUnprocessableEntity, "validation_failed")

	page := s.call(t, "GET", "/v1/stores?limit=2", hqToken, nil)
	require.Equal(t, http.StatusOK, page.status)
	require.Len(t, page.body["items"], 2)
	require.Equal(t, "S2", page.body["next"])
	page = s.call(t, "GET", "/v1/stores?limit=9999&after=S2", hqToken, nil)
	require.NotContains(t, page.body, "next")
	items, _ := page.body["items"].([]any)
	require.Len(t, items, 1)
	store, _ := items[0].(map[string]any)
	require.Equal(t, "S3", store["store_id"])
	require.InDelta(t, 3, store["received_upto"], 0)
	require.Equal(t, shop.HashAt(3).String(), store["chain_hash"])
	require.NotContains(t, store, "token")
	s.requireProblem(t, s.call(t, "GET", "/v1/stores?limit=0", hqToken, nil), http.StatusUnprocessableEntity, "validation_failed")
}

func TestSyncIsForScriptsAndTheStoreItself(t *testing.T) {
	s := setup(t)
	fresh := s.call(t, "GET", "/v1/stores/S1/sync", hqToken, nil)
	require.Equal(t, http.StatusOK, fresh.status)
	require.NotContains(t, fresh.body, "last_seen", "a script is not the store")
	heard := s.call(t, "GET", "/v1/stores/S2/sync", s.tokens["S2"], nil)
	require.Contains(t, heard.body, "last_seen", "a store that asks was heard")

	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	shop.AppendRaw("FromTheFuture", 1, shop.Events[0].AggregateID, "{}")
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()).status)
	for _, token := range []string{hqToken, s.tokens["S1"]} {
		a := s.call(t, "GET", "/v1/stores/S1/sync", token, nil)
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, "S1", a.body["store_id"])
		require.InDelta(t, 1, a.body["epoch"], 0)
		require.InDelta(t, 4, a.body["received_upto"], 0)
		require.InDelta(t, 1, a.body["quarantined"], 0)
		require.Equal(t, shop.HashAt(4).String(), a.body["chain_hash"])
		require.Contains(t, a.body, "last_seen")
	}
	s.requireProblem(t, s.call(t, "GET", "/v1/stores/S1/sync", s.tokens["S2"], nil), http.StatusForbidden, "store_forbidden")
	s.requireProblem(t, s.call(t, "GET", "/v1/stores/S9/sync", hqToken, nil), http.StatusNotFound, "store_unknown")
	s.requireProblem(t, s.call(t, "GET", "/v1/stores/S1/sync", "", nil), http.StatusUnauthorized, "token_missing")
}

func TestEventsPage(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	shop.AppendRaw("FromTheFuture", 1, shop.Events[0].AggregateID, "{}")
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()).status)

	a := s.call(t, "GET", "/v1/stores/S1/events?after=1&limit=2", hqToken, nil)
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "3", a.body["next"])
	items, _ := a.body["items"].([]any)
	first, _ := items[0].(map[string]any)
	require.Equal(t, shop.Events[1].EventID.String(), first["event_id"])
	require.Equal(t, shop.HashAt(2).String(), first["hash"])
	require.Equal(t, "APPLIED", first["state"])
	require.Equal(t, "InventoryAdjusted", first["type"])

	a = s.call(t, "GET", "/v1/stores/S1/events?after=3", hqToken, nil)
	items, _ = a.body["items"].([]any)
	last, _ := items[0].(map[string]any)
	require.Equal(t, "QUARANTINED", last["state"])
	require.NotContains(t, a.body, "next")
	s.requireProblem(t, s.call(t, "GET", "/v1/stores/S9/events", hqToken, nil), http.StatusNotFound, "store_unknown")
	s.requireProblem(t, s.call(t, "GET", "/v1/stores/S1/events?after=x", hqToken, nil), http.StatusUnprocessableEntity, "validation_failed")

	q := s.call(t, "GET", "/v1/quarantine?store_id=S1", hqToken, nil)
	items, _ = q.body["items"].([]any)
	require.Len(t, items, 1)
	item, _ := items[0].(map[string]any)
	require.Equal(t, "unknown_type", item["code"])
	require.Empty(t, s.call(t, "GET", "/v1/quarantine?after=S1:4", hqToken, nil).body["items"])
	s.requireProblem(t, s.call(t, "GET", "/v1/quarantine?after=nonsense", hqToken, nil), http.StatusUnprocessableEntity, "cursor_invalid")
}

func TestALargerLimitIsClamped(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	for range 501 {
		shop.AppendRaw("FromTheFuture", 1, uuid.Must(uuid.NewV7()), "{}")
	}
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(1, 500)).status)
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(501, 501)).status)
	a := s.call(t, "GET", "/v1/stores/S1/events?limit=501", hqToken, nil)
	require.Len(t, a.body["items"], 500)
	require.Equal(t, "500", a.body["next"])
	require.Len(t, s.call(t, "GET", "/v1/stores/S1/events", hqToken, nil).body["items"], 50)
}

func TestMetricsCountResultsWithoutStores(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	shop.AppendRaw("FromTheFuture", 1, shop.Events[0].AggregateID, "{}")
	for range 2 {
		require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()).status)
	}
	metrics := s.text(t, "/metrics")
	require.Contains(t, metrics, `tiem_events_received_total{result="accepted"} 3`)
	require.Contains(t, metrics, `tiem_events_received_total{result="duplicate"} 3`)
	require.Contains(t, metrics, `tiem_events_received_total{result="error"} 2`)
	require.Contains(t, metrics, "tiem_quarantined 1\n")
	require.Contains(t, metrics, "tiem_ingest_seconds_count 2\n")
	require.NotContains(t, metrics, `"S1"`)
}
