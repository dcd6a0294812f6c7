package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/outbox"
	"tiem/internal/edge/staff"
	"tiem/internal/postgres/postgrestest"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// What the test shop sells, with the barcodes that its tills scan.
const (
	water    = "8934588063145" // 6 000, STANDARD
	beer     = "8935012413307" // 14 000, EXCISE, from 18; a second code: beerPack
	beerPack = "8935012413338"
	banana   = "2100001000000" // 24 900 a kilogram, REDUCED_5
	salt     = "8936017360016" // 5 000, EXEMPT
	rice     = "8936079120016" // 20 000, ZERO
	bag      = "2000000000008" // free of charge, STANDARD
	lastCake = "8936036021028" // 10 000, one left
	shared   = "8938505974194" // on two items: gum (5 000) and a box of gum (90 000)
	cola     = "0036000291452" // 12 000: a UPC-A with a zero in front, as a scanner sends it
)

var shelf = []catalog.Row{
	{SKU: "NUOC-0001", Name: "Nước tinh khiết Aquafina 500 ml", Unit: "chai", Barcodes: []string{water}, Price: 6_000, TaxCode: "STANDARD", Category: "Nước giải khát", OpeningStock: 500 * sale.One},
	{SKU: "BIA-0001", Name: "Bia Sài Gòn", Unit: "lon", Barcodes: []string{beer, beerPack}, Price: 14_000, TaxCode: "EXCISE", Category: "Bia", AgeRestricted: true, OpeningStock: 240 * sale.One},
	{SKU: "TUOI-0001", Name: "Chuối già", Unit: "kg", Barcodes: []string{banana}, Price: 24_900, TaxCode: "REDUCED_5", Category: "Tươi sống", OpeningStock: 20_500},
	{SKU: "MUOI-0001", Name: "Muối i-ốt", Unit: "gói", Barcodes: []string{salt}, Price: 5_000, TaxCode: "EXEMPT", Category: "Gia vị", OpeningStock: 90 * sale.One},
	{SKU: "GAO-0001", Name: "Gạo xuất khẩu", Unit: "kg", Barcodes: []string{rice}, Price: 20_000, TaxCode: "ZERO", Category: "Gạo"},
	{SKU: "TUI-0001", Name: "Túi", Unit: "cái", Barcodes: []string{bag}, Price: 0, TaxCode: "STANDARD", Category: "Khác", OpeningStock: 1000 * sale.One},
	{SKU: "BANH-0001", Name: "Bánh bông lan", Unit: "cái", Barcodes: []string{lastCake}, Price: 10_000, TaxCode: "STANDARD", Category: "Bánh", OpeningStock: sale.One},
	{SKU: "KEO-0001", Name: "Kẹo cao su", Unit: "thanh", Barcodes: []string{shared}, Price: 5_000, TaxCode: "STANDARD", Category: "Kẹo", OpeningStock: 40 * sale.One},
	{SKU: "KEO-0020", Name: "Kẹo cao su, hộp 20", Unit: "hộp", Barcodes: []string{shared}, Price: 90_000, TaxCode: "STANDARD", Category: "Kẹo", OpeningStock: 2 * sale.One},
	{SKU: "COLA-0001", Name: "Cola nhập khẩu", Unit: "lon", Barcodes: []string{cola}, Price: 12_000, TaxCode: "STANDARD", Category: "Nước giải khát", OpeningStock: 24 * sale.One},
}

// shop is a store edge on a database of its own: store S1, tills T1 to T5,
// cashier C1, and the shelf. Its clock is the test's. Everybody's PIN is pin.
type shop struct {
	t   *testing.T
	app *edge.App
	url string // of the database
	cfg edge.Config

	mu  sync.Mutex
	now time.Time // zero: the machine's clock
}

func openShop(t *testing.T, change ...func(*edge.Config)) *shop {
	t.Helper()
	t.Parallel()
	cfg := edge.Config{Addr: "127.0.0.1:0", DatabaseURL: postgrestest.NewURL(t, edgedb.Migrations), StoreID: "S1", Timezone: "Asia/Ho_Chi_Minh",
		Currency: "VND", DayStart: "00:00", Demo: true, SyncProtocol: "http", SyncTimeout: time.Second, SyncRetryMin: time.Millisecond,
		SyncRetryMax: time.Second, SyncBatch: 50, SyncBatchBacklog: 500, HealthInterval: time.Second, HealthFailures: 3}
	cfg.Log.Level, cfg.Log.Format = "error", "json"
	for _, f := range change {
		f(&cfg)
	}
	app, err := edge.Attach(t.Context(), cfg, nil, true)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, app.Close()) })
	s := &shop{t: t, app: app, url: cfg.DatabaseURL, cfg: cfg}
	s.tune(app)
	s.hire("C1", staff.Cashier)
	s.load(shelf...)
	return s
}

// tune gives an App the test's clock, and PINs that are not slow.
func (s *shop) tune(app *edge.App) {
	app.Desk.Now, app.Sessions.Now, app.People.Now, app.Terminals.Now = s.clock, s.clock, s.clock, s.clock
	app.People.Cost = staff.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}
}

func (s *shop) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.IsZero() {
		return time.Now()
	}
	return s.now
}

// at sets the shop's clock, RFC 3339.
func (s *shop) at(text string) {
	s.t.Helper()
	now, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(s.t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now.Local() // as time.Now is
}

func (s *shop) load(rows ...catalog.Row) {
	s.t.Helper()
	rows = slices.Clone(rows) // the shelf is every test's
	for i := range rows {
		rows[i].PriceSource = "observed"
	}
	_, err := s.app.Loader.Load(s.t.Context(), rows, false)
	require.NoError(s.t, err)
}

// exec changes the database behind the shop's back.
func (s *shop) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.app.DB.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

// value reads one value from the database.
func value[T any](s *shop, sql string, args ...any) T {
	s.t.Helper()
	var v T
	require.NoError(s.t, s.app.DB.QueryRow(s.t.Context(), sql, args...).Scan(&v))
	return v
}

// events are the outbox's events above an id, the whole chain verified.
func (s *shop) events(after int64) []wire.Event {
	s.t.Helper()
	report, err := s.app.Outbox.Verify(s.t.Context(), s.app.DB)
	require.NoError(s.t, err)
	require.Zero(s.t, report.BadID, report.Problem)
	entries, err := s.app.Outbox.List(s.t.Context(), s.app.DB, outbox.All, after, 100_000)
	require.NoError(s.t, err)
	events := make([]wire.Event, len(entries))
	for i, e := range entries {
		require.Equal(s.t, after+int64(i)+1, e.ID)
		events[i] = e.Event
	}
	return events
}

// head is the id of the last event.
func (s *shop) head() int64 {
	s.t.Helper()
	at, err := s.app.Outbox.Where(s.t.Context(), s.app.DB)
	require.NoError(s.t, err)
	return at.Head
}

func payload[T any](s *shop, e wire.Event) T {
	s.t.Helper()
	var into T
	require.NoError(s.t, json.Unmarshal([]byte(e.Payload), &into, json.RejectUnknownMembers(true)))
	return into
}

const pin = "482619"

// hire adds a person.
func (s *shop) hire(id string, role staff.Role) {
	s.t.Helper()
	require.NoError(s.t, s.app.People.AddWithPIN(s.t.Context(), id, "Lan", role, pin))
}

// till is a terminal that calls the API with its token and its cashier's session.
type till struct {
	*shop
	id, token        string
	cashier, session string // empty: nobody is signed in
}

// till is a new terminal where C1 is signed in.
func (s *shop) till(id string) *till {
	s.t.Helper()
	token, err := s.app.Terminals.Add(s.t.Context(), id, "Till "+id, false)
	require.NoError(s.t, err)
	return (&till{shop: s, id: id, token: token}).with("C1")
}

// with is the same terminal with somebody else, or the same person once more,
// signed in.
func (c *till) with(cashier string) *till {
	c.t.Helper()
	opened := ok[struct {
		Token string `json:"session_token"`
	}](c.t, 201, c.post("/v1/sessions", object{"terminal_id": c.id, "cashier_id": cashier, "pin": pin}))
	other := *c
	other.cashier, other.session = cashier, opened.Token
	return &other
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	raw    []byte
}

// call sends one request. A body that is a string goes out as it is; headers
// are pairs. It may be used by several goroutines.
func (c *till) call(method, path string, body any, headers ...string) answer {
	return c.callIn(c.t.Context(), method, path, body, headers...)
}

// callIn is call in a context of its own.
func (c *till) callIn(ctx context.Context, method, path string, body any, headers ...string) answer {
	text, ok := body.(string)
	if !ok && body != nil {
		data, err := json.Marshal(body, json.Deterministic(true)) // a retry is the same bytes
		if err != nil {
			panic(err)
		}
		text = string(data)
	}
	request := httptest.NewRequest(method, path, strings.NewReader(text))
	if body == nil {
		request = httptest.NewRequest(method, path, http.NoBody)
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.session != "" {
		request.Header.Set("X-Session", c.session)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	c.app.Handler().ServeHTTP(recorder, request.WithContext(ctx))
	return answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

func (c *till) get(path string) answer { return c.call(http.MethodGet, path, nil) }

func (c *till) post(path string, body any, headers ...string) answer {
	return c.call(http.MethodPost, path, body, headers...)
}

type object = map[string]any

// ok decodes an answer that must have this status.
func ok[T any](t testing.TB, status int, a answer) T {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.raw)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	var into T
	require.NoError(t, json.Unmarshal(a.raw, &into), "%s", a.raw)
	return into
}

// refused demands a problem (RFC 9457) that a client can act on and that tells
// nothing of our inside.
func refused(t testing.TB, a answer, status int, code string) object {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.raw)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	var p object
	require.NoError(t, json.Unmarshal(a.raw, &p))
	require.Equal(t, code, p["code"], "%s", a.raw)
	require.EqualValues(t, status, p["status"])
	require.NotEmpty(t, p["detail"])
	require.NotEmpty(t, p["title"])
	require.NotEmpty(t, p["request_id"])
	require.Equal(t, a.header.Get("X-Request-Id"), p["request_id"])
	lower := strings.ToLower(string(a.raw))
	for _, inside := range []string{"select ", "insert ", "update ", "sqlstate", "pgx", "postgres", "_pkey", "goroutine", ".go:", "tiem/internal"} {
		require.NotContains(t, lower, inside, "an answer tells our inside")
	}
	return p
}

// What the contract says that a transaction looks like; names beside these are free.
type (
	basket struct {
		ID           string    `json:"id"`
		StoreID      string    `json:"store_id"`
		TerminalID   string    `json:"terminal_id"`
		CashierID    string    `json:"cashier_id"`
		Status       string    `json:"status"`
		Currency     string    `json:"currency"`
		Lines        []line    `json:"lines"`
		Payments     []payment `json:"payments"`
		Totals       totals    `json:"totals"`
		ReceiptNo    string    `json:"receipt_no"`
		BusinessDate string    `json:"business_date"`
		CreatedAt    time.Time `json:"created_at"`
		FinalizedAt  time.Time `json:"finalized_at"`
		Version      int       `json:"version"`
	}
	line struct {
		LineNo    int       `json:"line_no"`
		ItemID    string    `json:"item_id"`
		SKU       string    `json:"sku"`
		Barcode   string    `json:"barcode"`
		Quantity  string    `json:"quantity"`
		UnitPrice int64     `json:"unit_price"`
		Gross     int64     `json:"gross"`
		Amount    int64     `json:"amount"`
		TaxCode   string    `json:"tax_code"`
		RemovedAt time.Time `json:"removed_at"`
	}
	payment struct {
		ID        string    `json:"id"`
		Method    string    `json:"method"`
		Provider  string    `json:"provider"`
		Status    string    `json:"status"`
		Amount    int64     `json:"amount"`
		Tendered  int64     `json:"tendered"`
		Change    int64     `json:"change"`
		QRPayload string    `json:"qr_payload"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	taxLine struct {
		TaxCode string `json:"tax_code"`
		RateBP  int    `json:"rate_bp"`
		Base    int64  `json:"base"`
		Tax     int64  `json:"tax"`
	}
	totals struct {
		Gross    int64     `json:"gross"`
		Discount int64     `json:"discount"`
		Subtotal int64     `json:"subtotal"`
		Tax      int64     `json:"tax"`
		Total    int64     `json:"total"`
		Paid     int64     `json:"paid"`
		Due      int64     `json:"due"`
		Change   int64     `json:"change"`
		TaxLines []taxLine `json:"tax_lines"`
	}
)

// The steps of a sale, each of which must succeed.

func (c *till) open() basket {
	c.t.Helper()
	return ok[basket](c.t, 201, c.post("/v1/transactions", object{"terminal_id": c.id, "cashier_id": c.cashier}))
}

func path(b basket, rest string) string { return "/v1/transactions/" + b.ID + rest }

func (c *till) scan(b basket, barcode string, quantity ...string) basket {
	c.t.Helper()
	body := object{"barcode": barcode}
	if len(quantity) > 0 {
		body["quantity"] = quantity[0]
	}
	return ok[basket](c.t, 201, c.post(path(b, "/items"), body))
}

func (c *till) cash(b basket, amount, tendered int64) payment {
	c.t.Helper()
	return ok[payment](c.t, 201, c.post(path(b, "/payments"), object{"method": "CASH", "amount": amount, "tendered": tendered}))
}

func (c *till) qr(b basket, amount int64) payment {
	c.t.Helper()
	return ok[payment](c.t, 201, c.post(path(b, "/payments"), object{"method": "QR", "amount": amount}))
}

func (c *till) simulate(p payment, outcome string) payment {
	c.t.Helper()
	return ok[payment](c.t, 200, c.post("/v1/payments/"+p.ID+"/simulate", object{"outcome": outcome}))
}

func (c *till) finalize(b basket) basket {
	c.t.Helper()
	return ok[basket](c.t, 200, c.post(path(b, "/finalize"), nil))
}

func (c *till) read(b basket) basket {
	c.t.Helper()
	return ok[basket](c.t, 200, c.get(path(b, "")))
}

// sell rings up one unit of each barcode for exact cash.
func (c *till) sell(barcodes ...string) basket {
	c.t.Helper()
	b := c.open()
	for _, code := range barcodes {
		b = c.scan(b, code)
	}
	if b.Totals.Due > 0 {
		c.cash(b, b.Totals.Due, b.Totals.Due)
	}
	return c.finalize(b)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func itemID(sku string) string { return catalog.ItemID(sku).String() }

// onHand is an item's stock in thousandths.
func (s *shop) onHand(sku string) int64 {
	s.t.Helper()
	return value[int64](s, "select on_hand_milli from local_inventory join local_catalog using (item_id) where sku = $1", sku)
}

func receipt(terminal string, n int) string { return fmt.Sprintf("S1-%s-%07d", terminal, n) }
