package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/hq/hqtest"
	"tiem/internal/wire"
)

const ingestion = "/v1/ingestion/events"

func TestABatchAndItsAnswer(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Load(tea)
	shop.Sell(one(tea))
	strange := shop.AppendRaw("FromTheFuture", 1, shop.Events[0].AggregateID, "{}")

	a := s.call(t, "POST", ingestion, s.tokens["S1"], shop.All())
	require.Equal(t, http.StatusOK, a.status, "%v", a.body)
	require.Equal(t, map[string]any{
		"accepted": 4.0, "duplicates": 0.0, "received_upto": 5.0, "chain_hash": shop.HashAt(5).String(),
		"errors": []any{map[string]any{
			"id": 5.0, "event_id": strange.EventID.String(), "code": "unknown_type", "message": "this HQ does not know events of type FromTheFuture",
		}},
	}, a.body)

	a = s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(1, 4))
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, []any{}, a.body["errors"], "an empty list, not null")
	require.InDelta(t, 4, a.body["duplicates"], 0)
}

func TestARefusedBatchIsAProblem(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	shop.Sell(one(tea))
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(1, 2)).status)

	gap := s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(4, 6))
	s.requireProblem(t, gap, http.StatusConflict, "gap")
	require.InDelta(t, 3, gap.body["expected_id"], 0)
	require.Equal(t, shop.HashAt(2).String(), gap.body["chain_hash"])

	flipped := shop.Batch(3, 4)
	flipped.Events[0].Payload += " "
	s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S1"], flipped), http.StatusUnprocessableEntity, "hash_mismatch")
	fenced := shop.Batch(3, 4)
	fenced.Epoch = 2
	s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S1"], fenced), http.StatusConflict, "fenced")
	holed := shop.Batch(3, 5)
	holed.Events = append(holed.Events[:1], holed.Events[2])
	s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S1"], holed), http.StatusUnprocessableEntity, "batch_invalid")
}

func TestWhoMaySend(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	for name, c := range map[string]struct {
		token  string
		status int
		code   string
	}{
		"nobody":        {"", http.StatusUnauthorized, "token_missing"},
		"a stranger":    {"00112233445566778899aabbccddeeff", http.StatusUnauthorized, "token_invalid"},
		"a script":      {hqToken, http.StatusUnauthorized, "token_invalid"},
		"another store": {s.tokens["S2"], http.StatusForbidden, "store_forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			s.requireProblem(t, s.call(t, "POST", ingestion, c.token, shop.All()), c.status, c.code)
		})
	}
	rotated, err := s.app.Fleet.Rotate(t.Context(), "S1")
	require.NoError(t, err)
	s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S1"], shop.All()), http.StatusUnauthorized, "token_invalid")
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, rotated, shop.All()).status)
}

func TestBodiesThatAreNoBatch(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	shop.Sell(one(tea))
	data, err := wire.EncodeBatch(shop.All())
	require.NoError(t, err)
	good := string(data)
	swap := func(old, replacement string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, replacement, 1)
	}
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"nothing":               {"", http.StatusBadRequest, "body_required"},
		"no JSON":               {"{", http.StatusBadRequest, "json_malformed"},
		"trailing data":         {good + "{}", http.StatusBadRequest, "json_trailing_data"},
		"a duplicate name":      {swap(`"epoch":1`, `"epoch":1,"epoch":1`), http.StatusBadRequest, "json_duplicate_key"},
		"an unknown name":       {swap(`"epoch":1`, `"epoch":1,"colour":1`), http.StatusBadRequest, "batch_invalid"},
		"another case":          {swap(`"epoch":1`, `"Epoch":1`), http.StatusBadRequest, "batch_invalid"},
		"bad UTF-8":             {swap(`"S1"`, "\"S\xff\""), http.StatusBadRequest, "json_invalid_utf8"},
		"NUL":                   {swap(`"S1"`, `"S\u0000"`), http.StatusBadRequest, "json_nul"},
		"a list":                {"[]", http.StatusBadRequest, "batch_invalid"},
		"a fractional id":       {swap(`"first_id":1`, `"first_id":1.5`), http.StatusBadRequest, "batch_invalid"},
		"an overflowing id":     {swap(`"first_id":1`, `"first_id":9223372036854775808`), http.StatusBadRequest, "batch_invalid"},
		"a negative id":         {swap(`"first_id":1`, `"first_id":-1`), http.StatusUnprocessableEntity, "batch_invalid"},
		"upper-case hex":        {swap(shop.HashAt(3).String(), strings.ToUpper(shop.HashAt(3).String())), http.StatusBadRequest, "batch_invalid"},
		"a short hash":          {swap(shop.HashAt(3).String(), "abc"), http.StatusBadRequest, "batch_invalid"},
		"payload as an object":  {swap(`"payload":"`, `"payload":{},"x":"`), http.StatusBadRequest, "batch_invalid"},
		"no events":             {`{"store_id":"S1","epoch":1,"first_id":1,"prev_hash":"` + wire.Hash{}.String() + `","events":[]}`, http.StatusUnprocessableEntity, "batch_invalid"},
		"deep nesting":          {strings.Repeat("[", 100) + strings.Repeat("]", 100), http.StatusBadRequest, "json_too_deep"},
		"4 MiB and one byte":    {good + strings.Repeat(" ", wire.MaxBatchBytes), http.StatusRequestEntityTooLarge, "body_too_large"},
		"1 MiB is not too much": {good + strings.Repeat(" ", 2<<20), http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.call(t, "POST", ingestion, s.tokens["S1"], c.body)
			if c.status == http.StatusOK {
				require.Equal(t, c.status, a.status)
				return
			}
			s.requireProblem(t, a, c.status, c.code)
		})
	}
	s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S1"], good, "Content-Type", "text/csv"),
		http.StatusUnsupportedMediaType, "unsupported_media_type")
	s.requireProblem(t, s.call(t, "GET", ingestion, s.tokens["S1"], nil), http.StatusMethodNotAllowed, "method_not_allowed")
	s.requireProblem(t, s.call(t, "POST", ingestion, "", "{"), http.StatusUnauthorized, "token_missing")
}

// 4 MiB of empty events are refused by their number, as a batch that is a little
// too long is, and no sooner than a token of another store.
func TestABatchOfTooManyEvents(t *testing.T) {
	s := setup(t)
	shop := hqtest.NewShop("S1")
	for range 167 {
		shop.Sell(one(tea))
	}
	empty := `{"events":[{}` + strings.Repeat(",{}", (wire.MaxBatchBytes-200)/3) + `],"store_id":"S1","epoch":1,"first_id":1,"prev_hash":"` + wire.Hash{}.String() + `"}`
	for _, body := range []any{shop.All(), empty} {
		a := s.call(t, "POST", ingestion, s.tokens["S1"], body)
		s.requireProblem(t, a, http.StatusUnprocessableEntity, "batch_invalid")
		require.Equal(t, "events", a.body["field"])
		s.requireProblem(t, s.call(t, "POST", ingestion, s.tokens["S2"], body), http.StatusForbidden, "store_forbidden")
	}
	require.Equal(t, http.StatusOK, s.call(t, "POST", ingestion, s.tokens["S1"], shop.Batch(1, 500)).status)
}
