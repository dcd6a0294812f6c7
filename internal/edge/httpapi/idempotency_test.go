package httpapi_test

import (
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tiem/internal/edge/catalog"
)

const keyHeader = "Idempotency-Key"

// retry is a call of a till that may be sent again.
type retry struct {
	name   string
	setUp  func(t1 *till) (path string, body any) // for a fresh basket
	other  func(body any) any                     // another body; nil: the call has none
	method string                                 // POST if empty
	status int
	count  string // SQL that counts the call's effects in the whole shop
}

func (r retry) call(c *till, path string, body any, headers ...string) answer {
	if r.method == "" {
		r.method = "POST"
	}
	return c.call(r.method, path, body, headers...)
}

func with(name string, value any) func(any) any {
	return func(body any) any {
		changed := maps.Clone(body.(object))
		changed[name] = value
		return changed
	}
}

var retries = []retry{
	{name: "create", status: 201, count: "select count(*) from transactions", other: with("id", newID()),
		setUp: func(t1 *till) (string, any) {
			return "/v1/transactions", object{"terminal_id": t1.id, "cashier_id": "C1"}
		}},
	{name: "add an item", status: 201, count: "select count(*) from line_items", other: with("quantity", "2"),
		setUp: func(t1 *till) (string, any) { return path(t1.open(), "/items"), object{"barcode": water} }},
	{name: "change a line", method: "PATCH", status: 200, count: "select sum(version - 1) from transactions", other: with("quantity", "3"),
		setUp: func(t1 *till) (string, any) {
			return path(t1.scan(t1.open(), water), "/items/1"), object{"quantity": "2"}
		}},
	{name: "remove a line", method: "DELETE", status: 200, count: "select count(*) from line_items where removed_at is not null",
		setUp: func(t1 *till) (string, any) { return path(t1.scan(t1.open(), water), "/items/1"), nil }},
	{name: "pay in cash", status: 201, count: "select count(*) from payments", other: with("amount", 5_000),
		setUp: func(t1 *till) (string, any) {
			return path(t1.scan(t1.open(), water), "/payments"), object{"method": "CASH", "amount": 3_000, "tendered": 10_000}
		}},
	{name: "pay by QR", status: 201, count: "select count(*) from payments", other: with("amount", 5_000),
		setUp: func(t1 *till) (string, any) {
			return path(t1.scan(t1.open(), water), "/payments"), object{"method": "QR", "amount": 3_000}
		}},
	{name: "cancel a payment", status: 200, count: "select count(*) from payments where status = 'CANCELLED'",
		setUp: func(t1 *till) (string, any) {
			return "/v1/payments/" + t1.cash(t1.scan(t1.open(), water), 6_000, 6_000).ID + "/cancel", nil
		}},
	{name: "simulate", status: 200, count: "select count(*) from outbox where type = 'PaymentCaptured'", other: with("outcome", "FAILED"),
		setUp: func(t1 *till) (string, any) {
			return "/v1/payments/" + t1.qr(t1.scan(t1.open(), water), 6_000).ID + "/simulate", object{"outcome": "CAPTURED"}
		}},
	{name: "finalize", status: 200, count: "select count(*) from outbox where type = 'SaleRecorded'",
		setUp: func(t1 *till) (string, any) {
			b := t1.scan(t1.open(), water)
			t1.cash(b, 6_000, 10_000)
			return path(b, "/finalize"), nil
		}},
	{name: "void", status: 200, count: "select count(*) from transactions where status = 'VOIDED'",
		setUp: func(t1 *till) (string, any) { return path(t1.scan(t1.open(), water), "/void"), nil }},
	{name: "void for a reason", status: 200, count: "select count(*) from outbox where type = 'BasketVoided'", other: with("reason", "không đủ tiền"),
		setUp: func(t1 *till) (string, any) {
			return path(t1.scan(t1.open(), water), "/void"), object{"reason": "khách đổi ý"}
		}},
	{name: "suspend", status: 200, count: "select count(*) from audit_log where action = 'basket.suspended'",
		setUp: func(t1 *till) (string, any) { return path(t1.scan(t1.open(), water), "/suspend"), nil }},
	{name: "resume", status: 200, count: "select count(*) from audit_log where action = 'basket.resumed'",
		setUp: func(t1 *till) (string, any) {
			b := t1.scan(t1.open(), water)
			ok[basket](t1.t, 200, t1.post(path(b, "/suspend"), nil))
			return path(b, "/resume"), object{"terminal_id": t1.id}
		}},
}

// Invariant B: the same key gives the same answer, byte by byte, and one effect.
func TestAKeyAgainIsTheSameAnswer(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	for _, r := range retries {
		t.Run(r.name, func(t *testing.T) {
			path, body := r.setUp(t1)
			before := value[int64](s, r.count)
			key := newID()
			first := r.call(t1, path, body, keyHeader, key)
			require.Equal(t, r.status, first.status, "%s", first.raw)
			require.Equal(t, before+1, value[int64](s, r.count))
			head := s.head()
			for range 3 {
				again := r.call(t1, path, body, keyHeader, key)
				require.Equal(t, first.status, again.status)
				require.Equal(t, string(first.raw), string(again.raw), "byte by byte")
				require.Equal(t, first.header.Get("Content-Type"), again.header.Get("Content-Type"))
			}
			require.Equal(t, before+1, value[int64](s, r.count), "one effect")
			require.Equal(t, head, s.head(), "and no second event")

			if r.other != nil {
				p := refused(t, r.call(t1, path, r.other(body), keyHeader, key), 409, "idempotency_conflict")
				require.Equal(t, keyHeader, p["field"])
			}
			refused(t, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1", "id": newID()}, keyHeader, key), 409, "idempotency_conflict")
			require.Equal(t, before+1, value[int64](s, r.count))
		})
	}
	requireInvariants(t, s)
}

// Pressed twice at the same moment: the second waits for the first and gets its answer.
func TestDuplicatesAtTheSameMoment(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	for _, r := range retries {
		t.Run(r.name, func(t *testing.T) {
			for range 3 {
				path, body := r.setUp(t1)
				before := value[int64](s, r.count)
				key := newID()
				answers := together(8, func(int) answer { return r.call(t1, path, body, keyHeader, key) })
				for _, a := range answers {
					require.Equal(t, r.status, a.status, "%s", a.raw)
					require.Equal(t, string(answers[0].raw), string(a.raw))
				}
				require.Equal(t, before+1, value[int64](s, r.count), "one effect")
			}
		})
	}
	requireInvariants(t, s)
}

// together calls f n times at once and returns all answers.
func together(n int, f func(i int) answer) []answer {
	answers := make([]answer, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			answers[i] = f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return answers
}

func TestAFailureIsNotRemembered(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	key := newID()
	refused(t, t1.post(path(b, "/finalize"), nil, keyHeader, key), 409, "payment_incomplete")
	refused(t, t1.post(path(b, "/finalize"), nil, keyHeader, key), 409, "payment_incomplete")
	t1.cash(b, 6_000, 6_000)
	require.Equal(t, "PAID", ok[basket](t, 200, t1.post(path(b, "/finalize"), nil, keyHeader, key)).Status, "the same key may be tried again")

	key = newID()
	b = t1.open()
	refused(t, t1.post(path(b, "/items"), object{"barcode": "404"}, keyHeader, key), 404, "barcode_unknown")
	ok[basket](t, 201, t1.post(path(b, "/items"), object{"barcode": water}, keyHeader, key))
	refused(t, t1.post(path(b, "/items"), object{"barcode": "404"}, keyHeader, key), 409, "idempotency_conflict")
	require.Len(t, t1.read(b).Lines, 1)
	require.Equal(t, int64(2), value[int64](s, "select count(*) from idempotency_keys"))
}

// A retry is answered with what happened then, whatever has changed since.
func TestARetryDoesNotSeeTheWorldOfToday(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	created := t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}, keyHeader, "create")
	b := ok[basket](t, 201, created)
	scanned := t1.post(path(b, "/items"), object{"barcode": water}, keyHeader, "scan")
	ok[basket](t, 201, scanned)
	paid := t1.post(path(b, "/payments"), object{"method": "QR", "amount": 6_000}, keyHeader, "pay")
	p := ok[payment](t, 201, paid)

	s.load(catalog.Row{SKU: "NUOC-0001", Name: "Nước", Unit: "chai", Price: 9_000, TaxCode: "STANDARD", Category: "Nước"}) // the barcode is gone
	t1.simulate(p, "CAPTURED")
	t1.finalize(b)

	for key, want := range map[string]struct {
		first answer
		again answer
	}{
		"create": {created, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}, keyHeader, "create")},
		"scan":   {scanned, t1.post(path(b, "/items"), object{"barcode": water}, keyHeader, "scan")},
		"pay":    {paid, t1.post(path(b, "/payments"), object{"method": "QR", "amount": 6_000}, keyHeader, "pay")},
	} {
		require.Equal(t, want.first.status, want.again.status, "%s: %s", key, want.again.raw)
		require.Equal(t, string(want.first.raw), string(want.again.raw), key)
	}
}

func TestAKeyBelongsToOneTill(t *testing.T) {
	s := openShop(t)
	t1, t2 := s.till("T1"), s.till("T2")
	first := ok[basket](t, 201, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}, keyHeader, "morning"))
	second := ok[basket](t, 201, t2.post("/v1/transactions", object{"terminal_id": "T2", "cashier_id": "C1"}, keyHeader, "morning"))
	require.NotEqual(t, first.ID, second.ID)
	refused(t, t2.post(path(first, "/items"), object{"barcode": water}, keyHeader, "noon"), 403, "basket_held_elsewhere")
	ok[basket](t, 201, t1.post(path(first, "/items"), object{"barcode": water}, keyHeader, "noon"))
	// A key of one till never answers another one, not even for the very same request.
	refused(t, t2.post(path(first, "/items"), object{"barcode": water}, keyHeader, "noon"), 403, "basket_held_elsewhere")
}

func TestKeysThatAreNone(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	long := ""
	for range 129 {
		long += "k"
	}
	for _, key := range []string{"", " ", "a b", long, "khoá", "a\x7f"} {
		p := refused(t, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}, keyHeader, key), 400, "idempotency_key_invalid")
		require.Equal(t, keyHeader, p["field"])
	}
	require.Zero(t, value[int64](s, "select count(*) from transactions"))
	ok[basket](t, 201, t1.post("/v1/transactions", object{"terminal_id": "T1", "cashier_id": "C1"}, keyHeader, long[:128]))
}

// A QR payment without an id of its own: the till's retry, under its key, finds the payment that was begun.
func TestARetriedQRIsOnePayment(t *testing.T) {
	s := openShop(t)
	t1 := s.till("T1")
	b := t1.scan(t1.open(), water)
	p := ok[payment](t, 201, t1.post(path(b, "/payments"), object{"method": "QR", "amount": 6_000}, keyHeader, "qr"))
	// The program died after the PENDING was committed and before the provider answered.
	s.exec("update idempotency_keys set body = (body::jsonb - 'qr_payload' - 'reference' - 'expires_at')::text where key = 'qr'")
	s.exec("update payments set qr_payload = '', reference = '', expires_at = null, updated_at = $1", time.Now())
	again := ok[payment](t, 201, t1.post(path(b, "/payments"), object{"method": "QR", "amount": 6_000}, keyHeader, "qr"))
	require.Equal(t, []string{p.ID, p.QRPayload}, []string{again.ID, again.QRPayload})
	require.Equal(t, int64(1), value[int64](s, "select count(*) from payments"))
}
