package sale_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// settle is what a provider reports; it must be heard.
func settle(t testing.TB, b *sale.Transaction, n int, reported sale.PaymentStatus) {
	t.Helper()
	_, changed, exception, err := b.Settle(id(n), reported, later)
	require.NoError(t, err)
	require.True(t, changed)
	require.False(t, exception)
}

func TestWhatMayBeTendered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		tender sale.Tender
		code   string // "" is accepted
		change money.Amount
	}{
		{"the exact sum in cash", sale.Tender{Method: sale.Cash, Amount: 20_000}, "", 0},
		{"a note of 50 000", sale.Tender{Method: sale.Cash, Amount: 20_000, Tendered: 50_000}, "", 30_000},
		{"a part of it", sale.Tender{Method: sale.Cash, Amount: 1, Tendered: 1}, "", 0},
		{"all of it by QR", sale.Tender{Method: sale.QR, Amount: 20_000}, "", 0},
		{"nothing", sale.Tender{Method: sale.Cash, Amount: 0}, "amount_invalid", 0},
		{"less than nothing", sale.Tender{Method: sale.Cash, Amount: -1}, "amount_invalid", 0},
		{"a đồng too much", sale.Tender{Method: sale.Cash, Amount: 20_001}, "amount_exceeds_due", 0},
		{"too much by QR", sale.Tender{Method: sale.QR, Amount: 20_001}, "amount_exceeds_due", 0},
		{"a note that is too small", sale.Tender{Method: sale.Cash, Amount: 20_000, Tendered: 19_999}, "tendered_too_small", 0},
		{"a negative note", sale.Tender{Method: sale.Cash, Amount: 20_000, Tendered: -5}, "tendered_too_small", 0},
		{"the largest note", sale.Tender{Method: sale.Cash, Amount: 20_000, Tendered: money.Max}, "", money.Max - 20_000},
		{"a note beyond all notes", sale.Tender{Method: sale.Cash, Amount: 20_000, Tendered: money.Max + 1}, "amount_invalid", 0},
		{"change for a QR", sale.Tender{Method: sale.QR, Amount: 20_000, Tendered: 50_000}, "tendered_not_cash", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := basket()
			scan(t, b, water, beer) // 20 000
			c.tender.ID = id(1)
			p, err := b.Pay(c.tender, later)
			if c.code != "" {
				requireCode(t, err, fault.Invalid, c.code)
				require.Empty(t, b.Payments)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.change, p.Change)
			require.Equal(t, p.Amount+p.Change, p.Tendered)
			require.Equal(t, money.Amount(20_000)-p.Amount, b.Due())
			if c.tender.Method == sale.Cash {
				require.Equal(t, sale.Captured, p.Status)
				require.Equal(t, later, *p.CapturedAt)
			} else {
				require.Equal(t, sale.Pending, p.Status)
				require.Nil(t, p.CapturedAt)
			}
		})
	}
}

func TestAnEmptyBasketTakesNoMoney(t *testing.T) {
	t.Parallel()
	_, err := basket().Pay(sale.Tender{ID: id(1), Method: sale.Cash, Amount: 1}, at)
	requireCode(t, err, fault.Conflict, "transaction_empty")
	free := basket()
	scan(t, free, bag)
	_, err = free.Pay(sale.Tender{ID: id(1), Method: sale.Cash, Amount: 1}, at)
	requireCode(t, err, fault.Invalid, "amount_exceeds_due")
}

func TestWhatIsDueCountsEveryPaymentThatMayCome(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water, beer)
	pay(t, b, 1, sale.QR, 5_000)
	pay(t, b, 2, sale.QR, 5_000)
	pay(t, b, 3, sale.Cash, 1_000)
	settle(t, b, 2, sale.Unknown)
	require.Equal(t, money.Amount(9_000), b.Due(), "PENDING, UNKNOWN and CAPTURED")
	settle(t, b, 1, sale.Expired)
	require.Equal(t, money.Amount(14_000), b.Due())
	settle(t, b, 2, sale.Failed)
	require.Equal(t, money.Amount(19_000), b.Due())
}

// The state machine of a payment, every from × every report.
func TestEveryReportInEveryState(t *testing.T) {
	t.Parallel()
	const (
		changes   = "changes"
		repeats   = "repeats"   // the state is this already
		exception = "exception" // money for a payment that was given up
		refused   = "refused"   // 409 payment_settled
	)
	reports := []sale.PaymentStatus{sale.Captured, sale.Failed, sale.Expired, sale.Unknown}
	for from, want := range map[sale.PaymentStatus][4]string{
		sale.Pending:   {changes, changes, changes, changes},
		sale.Unknown:   {changes, changes, refused, repeats},
		sale.Captured:  {repeats, refused, refused, refused},
		sale.Failed:    {exception, repeats, refused, refused},
		sale.Expired:   {exception, refused, repeats, refused},
		sale.Cancelled: {exception, refused, refused, refused},
	} {
		for i, reported := range reports {
			t.Run(string(from)+" hears "+string(reported), func(t *testing.T) {
				t.Parallel()
				b := basket()
				scan(t, b, water)
				pay(t, b, 1, sale.QR, 6_000)
				b.Payments[0].Status = from
				before := b.Version
				p, changed, odd, err := b.Settle(id(1), reported, later)
				require.Equal(t, want[i] == changes, changed)
				require.Equal(t, want[i] == exception, odd)
				if want[i] == refused {
					requireCode(t, err, fault.Conflict, "payment_settled")
				} else {
					require.NoError(t, err)
					require.Equal(t, id(1), p.ID)
				}
				if want[i] == changes {
					require.Equal(t, reported, b.Payments[0].Status)
					require.Equal(t, before+1, b.Version)
					require.Equal(t, reported == sale.Captured, b.Payments[0].CapturedAt != nil, "only a capture has a time")
					return
				}
				require.Equal(t, from, b.Payments[0].Status)
				require.Equal(t, before, b.Version)
				require.Nil(t, b.Payments[0].CapturedAt)
			})
		}
	}
}

// Cancelling: PENDING, or CASH that was taken in an unpaid basket.
func TestCancellingInEveryState(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method sale.Method
		from   sale.PaymentStatus
		basket sale.Status
		code   string
	}{
		{sale.QR, sale.Pending, sale.Draft, ""},
		{sale.QR, sale.Unknown, sale.Draft, "payment_not_cancellable"},
		{sale.QR, sale.Captured, sale.Draft, "payment_not_cancellable"},
		{sale.QR, sale.Failed, sale.Draft, "payment_not_cancellable"},
		{sale.QR, sale.Expired, sale.Draft, "payment_not_cancellable"},
		{sale.QR, sale.Cancelled, sale.Draft, ""},
		{sale.Cash, sale.Captured, sale.Draft, ""},
		{sale.Cash, sale.Cancelled, sale.Draft, ""},
		{sale.Cash, sale.Captured, sale.Paid, "transaction_paid"},
		{sale.Cash, sale.Captured, sale.Suspended, "transaction_suspended"},
		{sale.Cash, sale.Cancelled, sale.Paid, ""}, // pressed twice, the second time too late: still no mistake
		{sale.QR, sale.Pending, sale.Voided, "transaction_voided"},
	} {
		t.Run(string(c.method)+" "+string(c.from)+" in "+string(c.basket), func(t *testing.T) {
			t.Parallel()
			b := basket()
			scan(t, b, water)
			pay(t, b, 1, c.method, 6_000)
			b.Payments[0].Status, b.Status = c.from, c.basket
			before := b.Version
			_, err := b.CancelPayment(id(1))
			if c.code != "" {
				requireCode(t, err, fault.Conflict, c.code)
				require.Equal(t, c.from, b.Payments[0].Status)
				require.Equal(t, before, b.Version)
				return
			}
			require.NoError(t, err)
			require.Equal(t, sale.Cancelled, b.Payments[0].Status)
			require.Equal(t, c.from != sale.Cancelled, b.Version == before+1, "twice is not a second change")
		})
	}
	_, err := basket().CancelPayment(id(1))
	requireCode(t, err, fault.NotFound, "payment_not_found")
	_, _, _, err = basket().Settle(id(1), sale.Captured, at)
	requireCode(t, err, fault.NotFound, "payment_not_found")
}

func TestLinesAreFrozenOnlyWhileAPaymentHoldsItsAmount(t *testing.T) {
	t.Parallel()
	for status, frozen := range map[sale.PaymentStatus]bool{
		sale.Pending: true, sale.Unknown: true, sale.Captured: true,
		sale.Failed: false, sale.Expired: false, sale.Cancelled: false,
	} {
		for _, name := range []string{"add", "quantity", "remove"} {
			t.Run(string(status)+" "+name, func(t *testing.T) {
				t.Parallel()
				b := basket()
				scan(t, b, water, beer)
				pay(t, b, 1, sale.QR, 6_000)
				b.Payments[0].Status = status
				err := changes[name](b)
				if frozen {
					requireCode(t, err, fault.Conflict, "payments_exist")
					require.Equal(t, money.Amount(20_000), b.Total())
				} else {
					require.NoError(t, err)
				}
			})
		}
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		method sale.Method
		status sale.PaymentStatus
		code   string
		after  sale.PaymentStatus
	}{
		{"gives cash back", sale.Cash, sale.Captured, "", sale.Cancelled},
		{"cancels a QR that nobody paid yet", sale.QR, sale.Pending, "", sale.Cancelled},
		{"is refused when the QR was paid", sale.QR, sale.Captured, "payment_captured", sale.Captured},
		{"is refused when nobody knows", sale.QR, sale.Unknown, "payment_captured", sale.Unknown},
		{"leaves a failed QR as it is", sale.QR, sale.Failed, "", sale.Failed},
		{"leaves an expired QR as it is", sale.QR, sale.Expired, "", sale.Expired},
		{"leaves a cancelled QR as it is", sale.QR, sale.Cancelled, "", sale.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := basket()
			scan(t, b, water, beer)
			pay(t, b, 1, sale.Cash, 1_000)
			pay(t, b, 2, c.method, 6_000)
			b.Payments[1].Status = c.status
			cancelled, err := b.Void()
			require.Equal(t, c.after, b.Payments[1].Status)
			if c.code != "" {
				requireCode(t, err, fault.Conflict, c.code)
				require.Equal(t, sale.Captured, b.Payments[0].Status, "refused is refused as a whole")
				require.Equal(t, sale.Draft, b.Status)
				return
			}
			require.NoError(t, err)
			require.Equal(t, sale.Voided, b.Status)
			require.Equal(t, sale.Cancelled, b.Payments[0].Status)
			want := 1
			if c.status != c.after {
				want = 2
			}
			require.Len(t, cancelled, want, "the caller writes down what was cancelled")
		})
	}
}

// A void tells of every payment that it cancels, so there is an end to them,
// also of those that came to nothing.
func TestABasketTakesFiveHundredPayments(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water)
	for n := range sale.MaxPayments {
		pay(t, b, n+1, sale.Cash, 1)
		if n%2 == 0 {
			_, err := b.CancelPayment(id(n + 1))
			require.NoError(t, err)
		}
	}
	before := *b
	_, err := b.Pay(sale.Tender{ID: id(501), Method: sale.Cash, Amount: 1}, at)
	requireCode(t, err, fault.Invalid, "too_many_payments")
	require.Equal(t, before, *b)
	cancelled, err := b.Void()
	require.NoError(t, err)
	require.Len(t, cancelled, 250)
}

// Whatever a cashier does in whatever order, what is claimed never exceeds the
// total, money is conserved, and line numbers only grow.
func TestAnyOrderOfActionsKeepsTheBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := basket()
		next := 0
		payment := func() int { return rapid.IntRange(1, max(1, next)).Draw(t, "payment") }
		lastLine, version := int32(0), b.Version
		for range rapid.IntRange(1, 40).Draw(t, "actions") {
			switch rapid.IntRange(0, 9).Draw(t, "action") {
			case 0, 1:
				item := rapid.SampledFrom([]sale.Item{water, beer, banana, bag}).Draw(t, "item")
				if line, err := b.AddItem(item, "", sale.Quantity(rapid.IntRange(0, 5_000).Draw(t, "quantity")), at); err == nil {
					require.Greater(t, line.LineNo, lastLine)
					lastLine = line.LineNo
				}
			case 2:
				_, _ = b.ChangeQuantity(rapid.Int32Range(0, lastLine+1).Draw(t, "line"), sale.Quantity(rapid.IntRange(0, 5_000).Draw(t, "quantity")))
			case 3:
				_, _ = b.RemoveLine(rapid.Int32Range(0, lastLine+1).Draw(t, "line"), later)
			case 4:
				next++
				_, _ = b.Pay(sale.Tender{ID: id(next), Method: rapid.SampledFrom([]sale.Method{sale.Cash, sale.QR}).Draw(t, "method"),
					Amount: money.Amount(rapid.Int64Range(-1, 60_000).Draw(t, "amount")), Tendered: money.Amount(rapid.Int64Range(0, 90_000).Draw(t, "tendered"))}, at)
			case 5:
				_, _ = b.CancelPayment(id(payment()))
			case 6:
				_, _, _, _ = b.Settle(id(payment()), rapid.SampledFrom([]sale.PaymentStatus{sale.Captured, sale.Failed, sale.Expired, sale.Unknown}).Draw(t, "report"), later)
			case 7:
				_, _, _ = b.SetDiscount(rapid.Int32Range(0, lastLine+1).Draw(t, "line"), money.Amount(rapid.Int64Range(-1, 90_000).Draw(t, "discount")), because)
			case 8:
				_, _, _ = b.OverridePrice(rapid.Int32Range(0, lastLine+1).Draw(t, "line"), money.Amount(rapid.Int64Range(-1, 30_000).Draw(t, "price")), because)
			case 9:
				_ = b.Suspend()
				_, _ = b.Resume(rapid.SampledFrom([]string{"T1", "T2"}).Draw(t, "till"), "C2", later)
			}
			require.GreaterOrEqual(t, b.Version, version)
			version = b.Version
			keepsTheBooks(t, b)
		}
	})
}

func keepsTheBooks(t *rapid.T, b *sale.Transaction) {
	var total, claimed, captured, tendered, change money.Amount
	for _, l := range b.Live() {
		require.Equal(t, l.Gross-l.Discount, l.Amount)
		require.Equal(t, l.Quantity.Times(l.UnitPrice), l.Gross)
		require.True(t, 0 <= l.Discount && l.Discount <= l.Gross)
		total += l.Amount
	}
	for _, p := range b.Payments {
		require.Positive(t, int64(p.Amount))
		switch p.Status {
		case sale.Captured:
			captured, tendered, change = captured+p.Amount, tendered+p.Tendered, change+p.Change
			claimed += p.Amount
		case sale.Pending, sale.Unknown:
			claimed += p.Amount
		case sale.Failed, sale.Expired, sale.Cancelled:
		}
	}
	overridesTellTheLines(t, b)
	require.Equal(t, total, b.Total())
	require.Equal(t, total-claimed, b.Due())
	require.GreaterOrEqual(t, int64(b.Due()), int64(0), "more is claimed than is owed")
	require.Equal(t, captured, tendered-change)
	if b.CheckPayable() == nil {
		require.Equal(t, total, captured)
		require.NotEmpty(t, b.Live())
	}
}
