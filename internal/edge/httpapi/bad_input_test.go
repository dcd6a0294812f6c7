package httpapi_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
)

// What is sent to the till's API by mistake or on purpose. Each is a clear
// refusal, and the basket stays as it was.
func TestBodiesThatAreNotWhatTheyShouldBe(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	items, payments := path(b, "/items"), path(b, "/payments")
	const anyCode = ""
	for name, c := range map[string]struct {
		path, body string
		status     int
		code       string
	}{
		"nothing":                      {items, "", 400, "body_required"},
		"cut off":                      {items, `{"barcode":"8934588063145"`, 400, "json_malformed"},
		"single quotes":                {items, `{'barcode':'8934588063145'}`, 400, "json_malformed"},
		"a comment":                    {items, `{"barcode":"8934588063145"} // water`, 400, "json_trailing_data"},
		"two values":                   {items, `{"barcode":"8934588063145"}{"barcode":"8934588063145"}`, 400, "json_trailing_data"},
		"a name twice":                 {items, `{"barcode":"8934588063145","barcode":"8935012413307"}`, 400, "json_duplicate_key"},
		"an unknown name":              {items, `{"barcode":"8934588063145","price":1}`, 422, "validation_failed"},
		"a discount of his own":        {items, `{"barcode":"8934588063145","discount":6000}`, 422, "validation_failed"},
		"wrong case":                   {items, `{"Barcode":"8934588063145"}`, 422, "validation_failed"},
		"bad UTF-8":                    {items, "{\"barcode\":\"893\xff\"}", 400, "json_invalid_utf8"},
		"NUL":                          {items, `{"barcode":"893\u0000"}`, 400, "json_nul"},
		"a surrogate alone":            {items, `{"barcode":"\ud800"}`, 400, "json_malformed"},
		"an array":                     {items, `["8934588063145"]`, 422, "validation_failed"},
		"null":                         {items, `null`, 422, anyCode},
		"a number for the barcode":     {items, `{"barcode":8934588063145}`, 422, "validation_failed"},
		"deep nesting":                 {items, strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), 400, "json_too_deep"},
		"over 1 MiB":                   {items, `{"barcode":"` + strings.Repeat("8", 1<<20) + `"}`, 413, "body_too_large"},
		"neither barcode nor item":     {items, `{}`, 422, "item_missing"},
		"an item_id that is none":      {items, `{"item_id":"x"}`, 422, "validation_failed"},
		"an item_id nobody has":        {items, `{"item_id":"0199a3f0-5c1e-7d43-8a53-1f2e3d4c5b6a"}`, 404, "item_unknown"},
		"the nil item_id":              {items, `{"item_id":"00000000-0000-0000-0000-000000000000"}`, 422, "item_missing"},
		"a fraction of a đồng":         {payments, `{"method":"CASH","amount":1.5}`, 422, "validation_failed"},
		"money as a float":             {payments, `{"method":"CASH","amount":6000.0}`, 422, "validation_failed"},
		"money with an exponent":       {payments, `{"method":"CASH","amount":6e3}`, 422, "validation_failed"},
		"money as text":                {payments, `{"method":"CASH","amount":"6000"}`, 422, "validation_failed"},
		"negative money":               {payments, `{"method":"CASH","amount":-6000}`, 422, "validation_failed"},
		"no money":                     {payments, `{"method":"CASH","amount":0}`, 422, "validation_failed"},
		"2^63":                         {payments, `{"method":"CASH","amount":9223372036854775808}`, 422, "validation_failed"},
		"more than is due":             {payments, `{"method":"CASH","amount":6001}`, 422, "amount_exceeds_due"},
		"too small a note":             {payments, `{"method":"CASH","amount":6000,"tendered":5999}`, 422, "tendered_too_small"},
		"a negative note":              {payments, `{"method":"CASH","amount":6000,"tendered":-1}`, 422, "validation_failed"},
		"a note beyond all notes":      {payments, `{"method":"CASH","amount":6000,"tendered":9223372036854775807}`, 422, "amount_invalid"},
		"change for a QR":              {payments, `{"method":"QR","amount":6000,"tendered":10000}`, 422, "tendered_not_cash"},
		"a method nobody knows":        {payments, `{"method":"BITCOIN","amount":6000}`, 422, "validation_failed"},
		"a method in lower case":       {payments, `{"method":"cash","amount":6000}`, 422, "validation_failed"},
		"a card":                       {payments, `{"method":"CARD","amount":6000}`, 422, "method_unavailable"},
		"a voucher":                    {payments, `{"method":"VOUCHER","amount":6000}`, 422, "method_unavailable"},
		"a provider nobody knows":      {payments, `{"method":"QR","amount":6000,"provider":"momo"}`, 422, "method_unavailable"},
		"a provider of cash":           {payments, `{"method":"CASH","amount":6000,"provider":"fake"}`, 422, "provider_unexpected"},
		"no method":                    {payments, `{"amount":6000}`, 422, "validation_failed"},
		"no amount":                    {payments, `{"method":"CASH"}`, 422, "validation_failed"},
		"the nil payment id":           {payments, `{"id":"00000000-0000-0000-0000-000000000000","method":"CASH","amount":1}`, 422, "id_invalid"},
		"a payment id that is none":    {payments, `{"id":"1","method":"CASH","amount":1}`, 422, "validation_failed"},
		"a cashier with blanks":        {"/v1/transactions", `{"terminal_id":"T1","cashier_id":"C 1"}`, 422, "validation_failed"},
		"a cashier with a line break":  {"/v1/transactions", `{"terminal_id":"T1","cashier_id":"C1\n"}`, 422, "validation_failed"},
		"no cashier":                   {"/v1/transactions", `{"terminal_id":"T1"}`, 422, "validation_failed"},
		"no terminal":                  {"/v1/transactions", `{"cashier_id":"C1"}`, 422, "validation_failed"},
		"the nil transaction id":       {"/v1/transactions", `{"id":"00000000-0000-0000-0000-000000000000","terminal_id":"T1","cashier_id":"C1"}`, 422, "id_invalid"},
		"a status of his own":          {"/v1/transactions", `{"terminal_id":"T1","cashier_id":"C1","status":"PAID"}`, 422, "validation_failed"},
		"a body where none is asked":   {path(b, "/finalize"), `{"receipt_no":"S1-T1-0000009"}`, 409, "payment_incomplete"},
		"not even JSON where none is":  {path(b, "/finalize"), `receipt`, 400, "json_malformed"},
		"an outcome nobody can report": {"/v1/payments/" + newID() + "/simulate", `{"outcome":"CANCELLED"}`, 422, "validation_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := t1.post(c.path, c.body)
			if c.code == anyCode {
				require.GreaterOrEqual(t, a.status, 400, "%s", a.raw)
				require.Less(t, a.status, 500, "%s", a.raw)
				return
			}
			refused(t, a, c.status, c.code)
		})
	}
	require.Equal(t, b, t1.read(b), "the basket is as it was")
	require.Equal(t, int64(1), value[int64](s, "select count(*) from transactions"))
}

func TestWrongMediaType(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "nonsense"} {
		refused(t, t1.post(path(b, "/items"), object{"barcode": water}, "Content-Type", media), 415, "unsupported_media_type")
	}
	ok[basket](t, 201, t1.post(path(b, "/items"), object{"barcode": water}, "Content-Type", "application/json; charset=UTF-8"))
}

// A scanner's mistakes. The catalogue never guesses: a wrong guess sells another product.
func TestBarcodes(t *testing.T) {
	s := openShop(t)
	s.load(
		catalog.Row{SKU: "EAN8", Name: "Kẹo nhỏ", Unit: "gói", Barcodes: []string{"96385074"}, Price: 1_000, TaxCode: "STANDARD", Category: "Kẹo"},
		catalog.Row{SKU: "CODE-128", Name: "Hàng của tiệm", Unit: "cái", Barcodes: []string{"TIEM-7/a"}, Price: 1_000, TaxCode: "STANDARD", Category: "Khác"},
		catalog.Row{SKU: "ZEROS-1", Name: "Số không", Unit: "cái", Barcodes: []string{"00042"}, Price: 1_000, TaxCode: "STANDARD", Category: "Khác"},
		catalog.Row{SKU: "ZEROS-2", Name: "Không số không", Unit: "cái", Barcodes: []string{"42"}, Price: 2_000, TaxCode: "STANDARD", Category: "Khác"},
	)
	t1 := s.till("T1")
	b := t1.open()
	for name, c := range map[string]struct{ code, sku string }{
		"as printed":                             {water, "NUOC-0001"},
		"the second code of the item":            {beerPack, "BIA-0001"},
		"UPC-A as the catalogue has it":          {cola, "COLA-0001"},
		"UPC-A without the scanner's zero":       {cola[1:], "COLA-0001"},
		"a spreadsheet ate the zeros":            {strings.TrimLeft(cola, "0"), "COLA-0001"},
		"a GTIN-14 that is the unit's with zero": {"0" + water, "NUOC-0001"},
		"EAN-8":                                  {"96385074", "EAN8"},
		"letters of our own label":               {"TIEM-7/a", "CODE-128"},
		"the exact text before the trimmed one":  {"00042", "ZEROS-1"},
		"the other exact text":                   {"42", "ZEROS-2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := t1.scan(b, c.code)
			last := b.Lines[len(b.Lines)-1]
			require.Equal(t, []string{c.sku, c.code}, []string{last.SKU, last.Barcode}, "found, and kept as scanned")
		})
	}
	lines := len(t1.read(b).Lines)
	for name, c := range map[string]struct {
		code   string
		status int
		want   string
	}{
		"one digit missing":                   {water[:12], 404, "barcode_unknown"},
		"one digit too many":                  {water + "1", 404, "barcode_unknown"},
		"a GTIN-14 case is not the unit":      {"18934588063142", 404, "barcode_unknown"},
		"UPC-E is not guessed":                {"04252614", 404, "barcode_unknown"},
		"a price in the code, without a rule": {"2100001012345", 404, "barcode_unknown"},
		"letters":                             {"893458806314S", 404, "barcode_unknown"},
		"letters in another case":             {"tiem-7/a", 404, "barcode_unknown"},
		"two scans joined":                    {water + water, 404, "barcode_unknown"},
		"four scans joined":                   {water + water + water + water, 422, "barcode_invalid"},
		"4 KB":                                {strings.Repeat("8", 4096), 422, "barcode_invalid"},
		"full-width digits":                   {"８９３４５８８０６３１４５", 422, "barcode_invalid"},
		"Arabic digits":                       {"٨٩٣٤", 422, "barcode_invalid"},
		"a blank in it":                       {"8934588 063145", 422, "barcode_invalid"},
		"a line break behind it":              {water + "\n", 422, "barcode_invalid"},
		"a control character":                 {"\x1d" + water, 422, "barcode_invalid"},
		"a byte order mark":                   {"\ufeff" + water, 422, "barcode_invalid"},
		"Vietnamese letters":                  {"NƯỚC", 422, "barcode_invalid"},
		"a quote":                             {"' or 1=1 --", 422, "barcode_invalid"},
		"a LIKE wildcard":                     {"893%", 404, "barcode_unknown"},
		"nothing but zeros":                   {"0000", 404, "barcode_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			p := refused(t, t1.post(path(b, "/items"), object{"barcode": c.code}), c.status, c.want)
			require.Equal(t, "barcode", p["field"])
			require.NotEmpty(t, p["hint"], "the cashier is told what to do")
		})
	}
	// With an item_id the barcode decides nothing, but it is kept: so it must be one.
	for _, code := range []string{strings.Repeat("8", 4096), "８９３４", "\x1d" + water} {
		refused(t, t1.post(path(b, "/items"), object{"barcode": code, "item_id": itemID("NUOC-0001")}), 422, "barcode_invalid")
	}
	require.Len(t, t1.read(b).Lines, lines, "what was refused left no line")
}

func TestABarcodeOnTwoItemsIsAPersonsDecision(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	p := refused(t, t1.post(path(b, "/items"), object{"barcode": shared}), 409, "barcode_ambiguous")
	require.Equal(t, []any{
		object{"item_id": itemID("KEO-0001"), "sku": "KEO-0001", "name": "Kẹo cao su", "unit": "thanh", "price": 5_000.0},
		object{"item_id": itemID("KEO-0020"), "sku": "KEO-0020", "name": "Kẹo cao su, hộp 20", "unit": "hộp", "price": 90_000.0},
	}, p["candidates"])
	b = ok[basket](t, 201, t1.post(path(b, "/items"), object{"barcode": shared, "item_id": itemID("KEO-0020")}))
	require.Len(t, b.Lines, 1)
	require.Equal(t, []any{"KEO-0020", shared, int64(90_000)}, []any{b.Lines[0].SKU, b.Lines[0].Barcode, b.Lines[0].UnitPrice})
	b = ok[basket](t, 201, t1.post(path(b, "/items"), object{"item_id": itemID("KEO-0001")}))
	require.Equal(t, []any{"KEO-0001", ""}, []any{b.Lines[1].SKU, b.Lines[1].Barcode})
}

func TestQuantities(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	for _, q := range []string{"1", "0.001", "9999.999", "2.50", "007"} {
		t1.scan(b, water, q)
	}
	b = t1.read(b)
	require.Equal(t, []string{"1", "0.001", "9999.999", "2.5", "7"}, []string{b.Lines[0].Quantity, b.Lines[1].Quantity, b.Lines[2].Quantity, b.Lines[3].Quantity, b.Lines[4].Quantity})
	require.Equal(t, int64(6), b.Lines[1].Gross, "0.001 × 6 000")
	for q, code := range map[string]string{
		"0": "quantity_invalid", "0.000": "quantity_invalid", "-1": "quantity_invalid", "+1": "quantity_invalid", "1.2345": "quantity_invalid",
		"1,5": "quantity_invalid", "1.000,5": "quantity_invalid", "1e3": "quantity_invalid", "": "quantity_invalid", " 1": "quantity_invalid",
		"１": "quantity_invalid", "NaN": "quantity_invalid", "10000": "quantity_too_large", "99999999999999999999": "quantity_invalid",
	} {
		p := refused(t, t1.post(path(b, "/items"), object{"barcode": water, "quantity": q}), 422, code)
		require.Equal(t, "quantity", p["field"], "%q", q)
		refused(t, t1.call("PATCH", path(b, "/items/1"), object{"quantity": q}), 422, code)
	}
	for _, body := range []string{`{"barcode":"8934588063145","quantity":1}`, `{"barcode":"8934588063145","quantity":1.5}`, `{"barcode":"8934588063145","quantity":["1"]}`} {
		refused(t, t1.post(path(b, "/items"), body), 422, "validation_failed")
	}
	refused(t, t1.call("PATCH", path(b, "/items/1"), `{}`), 422, "validation_failed")
	for _, no := range []string{"0", "-1", "x", "1.5", "99999999999"} {
		refused(t, t1.call("PATCH", path(b, "/items/")+no, object{"quantity": "1"}), 422, "validation_failed")
	}
	require.Equal(t, b, t1.read(b))
}

// The door's limits hold on a real connection too: a body that says that it is
// small and goes on.
func TestAnEndlessBodyIsCut(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	server := httptest.NewServer(s.app.Handler())
	t.Cleanup(server.Close)
	endless := bytes.NewReader(append([]byte(`{"barcode":"`), bytes.Repeat([]byte("8"), 2<<20)...))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path(b, "/items"), struct{ *bytes.Reader }{endless})
	require.NoError(t, err)
	request.ContentLength = -1 // chunked: no length is announced
	request.Header.Set("Authorization", "Bearer "+t1.token)
	request.Header.Set("X-Session", t1.session)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}
