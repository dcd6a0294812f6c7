package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/internal/postgres"
)

// print sends a receipt to the till's printer.
func (c *till) print(b basket, query ...string) string {
	c.t.Helper()
	a := c.post(path(b, "/receipt"+strings.Join(query, "")), nil)
	require.Equal(c.t, 200, a.status, "%s", a.raw)
	require.Equal(c.t, "text/plain; charset=utf-8", a.header.Get("Content-Type"))
	require.Equal(c.t, "no-store", a.header.Get("Cache-Control"), "a receipt from a cache would be a second original")
	return string(a.raw)
}

func TestTheFirstReceiptIsTheOriginalAndLaterOnesAreCopies(t *testing.T) {
	s := openShop(t)
	s.at("2026-11-22T09:30:00+07:00")
	t1, t2 := s.till("T1"), s.till("T2")
	b := t1.open()
	t1.scan(b, water, "2")
	b = t1.scan(b, banana, "0.355")
	t1.cash(b, b.Totals.Due, 50_000)
	b = t1.finalize(b)
	events := s.head()

	s.at("2026-11-22T09:31:00+07:00")
	original := t1.print(b)
	require.Equal(t, `               CỬA HÀNG S1
             PHIẾU THANH TOÁN
Số:                          S1-T1-0000001
Ngày:                  22/11/2026 09:30:00
Quầy: T1                      Thu ngân: C1
------------------------------------------
Nước tinh khiết Aquafina 500 ml
  2 chai × 6.000                    12.000
Chuối già
  0,355 kg × 24.900                  8.840
------------------------------------------
TỔNG CỘNG                         20.840 đ
Đã gồm thuế GTGT                     1.310
  REDUCED_5 5% của 8.419               421
  STANDARD 8% của 11.111               889
------------------------------------------
Tiền mặt                            50.000
Tiền thối lại                       29.160
------------------------------------------
            Cảm ơn quý khách!
`, original)

	s.at("2026-11-23T00:15:00+07:00")
	t1, t2 = t1.with("C1"), t2.with("C1") // the sessions of the morning are over
	mark := func(n, till, at string) string {
		return strings.Repeat("*", 42) + "\n             BẢN SAO / COPY " + n + "\n   Quầy / Till " + till + ", " + at + "\n" + strings.Repeat("*", 42) + "\n"
	}
	require.Equal(t, mark("1", "T2", "23/11/2026 00:15:00")+original+mark("1", "T2", "23/11/2026 00:15:00"), t2.print(b, "?lang=vi"))
	s.at("2026-11-23T00:16:00+07:00")
	english := t1.print(b, "?lang=en")
	require.True(t, strings.HasPrefix(english, mark("2", "T1", "23/11/2026 00:16:00")), "%s", english)
	require.Contains(t, english, "TOTAL                             20.840 đ\n")

	require.Equal(t, events, s.head(), "a print is no event")
	require.Equal(t, b, t1.read(b), "and no change of the sale")
	require.Equal(t, "0 T1 2026-11-22 02:31:00+00, 1 T2 2026-11-22 17:15:00+00, 2 T1 2026-11-22 17:16:00+00", value[string](s,
		"select string_agg(copy_no || ' ' || terminal_id || ' ' || (printed_at at time zone 'UTC') || '+00', ', ' order by copy_no) from receipt_prints where transaction_id = $1", b.ID))
	require.Equal(t, []string{"0 C1", "1 C1", "2 C1"}, column(t, s, "select copy_no || ' ' || cashier_id from receipt_prints order by copy_no"))
	require.Equal(t, []string{"receipt.reprinted T2 C1", "receipt.reprinted T1 C1"}, s.done(b), "a copy is on record, the original is not")
	require.Equal(t, []string{`{"copy_no":1,"receipt_no":"S1-T1-0000001"}`, `{"copy_no":2,"receipt_no":"S1-T1-0000001"}`},
		column(t, s, "select detail::text from audit_log where action = 'receipt.reprinted' order by id"))
	require.Contains(t, t1.print(t1.sell(water)), "S1-T1-0000002", "each sale counts its own prints")
	requireInvariants(t, s)
}

// A key that gave the first answer again would give a second original out.
func TestARetriedPrintIsACopyWhateverItsKey(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.sell(water)
	for i, copies := range []bool{false, true, true} {
		a := t1.post(path(b, "/receipt"), nil, "Idempotency-Key", "the-same-key")
		require.Equal(t, 200, a.status, "%s", a.raw)
		require.Equal(t, copies, strings.Contains(string(a.raw), "COPY"), "print %d", i)
	}
}

func TestTwoPrintsAtOnceAreOneOriginal(t *testing.T) {
	s := openShop(t)
	tills := []*till{s.till("T1"), s.till("T2"), s.till("T3"), s.till("T4")}
	b := tills[0].sell(water, beer)
	const each = 5
	texts := make([]answer, each*len(tills))
	var all sync.WaitGroup
	for i := range texts {
		all.Go(func() { texts[i] = tills[i%len(tills)].post(path(b, "/receipt"), nil) })
	}
	all.Wait()
	originals, marks := 0, map[string]bool{}
	for _, a := range texts {
		require.Equal(t, 200, a.status, "%s", a.raw)
		if _, after, marked := strings.Cut(string(a.raw), "COPY "); marked {
			number, _, _ := strings.Cut(after, "\n")
			marks[number] = true
		} else {
			originals++
		}
	}
	require.Equal(t, 1, originals)
	require.Len(t, marks, len(texts)-1, "each copy has a number of its own")
}

func TestWhatHasNoReceipt(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.open()
	t1.scan(b, water)
	p := refused(t, t1.post(path(b, "/receipt"), nil), 409, "not_paid")
	require.NotEmpty(t, p["hint"])
	t1.cash(b, 6_000, 6_000)
	refused(t, t1.post(path(b, "/receipt"), nil), 409, "not_paid")
	ok[basket](t, 200, t1.post(path(b, "/void"), nil))
	refused(t, t1.post(path(b, "/receipt"), nil), 409, "not_paid")
	refused(t, t1.post("/v1/transactions/"+newID()+"/receipt", nil), 404, "transaction_not_found")

	sold := t1.sell(water)
	refused(t, t1.post(path(sold, "/receipt?lang=fr"), nil), 422, "validation_failed")
	stranger := &till{shop: s, id: "T1", token: strings.Repeat("0", 64)}
	require.Equal(t, 401, stranger.post(path(sold, "/receipt"), nil).status)
	require.Equal(t, 405, t1.call(http.MethodGet, path(sold, "/receipt"), nil).status, "looking is not printing")
	require.Zero(t, value[int](s, "select count(*) from receipt_prints"), "a refusal is no print")
	require.NotContains(t, t1.print(sold), "COPY")
}

// The schema refuses what a bug might try.
func TestPrintsAreCountedOneByOneAndKept(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	open, sold := t1.open(), t1.sell(water)
	t1.print(sold)
	for statement, trigger := range map[string]string{
		"insert into receipt_prints values ('" + open.ID + "', 0, 'T1', now())": "receipt_prints_in_turn",
		"insert into receipt_prints values ('" + sold.ID + "', 2, 'T1', now())": "receipt_prints_in_turn",
		"insert into receipt_prints values ('" + sold.ID + "', 0, 'T1', now())": "receipt_prints_in_turn",
		"update receipt_prints set printed_at = now()":                          "receipt_prints_are_kept",
		"delete from receipt_prints":                                            "receipt_prints_are_kept",
		"truncate receipt_prints":                                               "receipt_prints_are_not_cut_off",
	} {
		_, err := s.app.DB.Exec(t.Context(), statement)
		require.Error(t, err, statement)
		require.Equal(t, trigger, postgres.Constraint(err), statement)
	}
}
