package sale_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

var (
	at    = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	later = at.Add(time.Minute)
)

// The shelf of these tests.
var (
	water  = sale.Item{ID: id(1), SKU: "WATER", Name: "Nước suối", Unit: "chai", Category: "Nước", TaxCode: "STANDARD", Price: 6_000}
	beer   = sale.Item{ID: id(2), SKU: "BEER", Name: "Bia", Unit: "lon", Category: "Bia", TaxCode: "EXCISE", Price: 14_000, AgeRestricted: true}
	banana = sale.Item{ID: id(3), SKU: "BANANA", Name: "Chuối", Unit: "kg", Category: "Tươi", TaxCode: "REDUCED_5", Price: 24_900}
	bag    = sale.Item{ID: id(4), SKU: "BAG", Name: "Túi", Unit: "cái", Category: "Khác", TaxCode: "STANDARD", Price: 0}
)

func id(n int) uuid.UUID {
	return uuid.Must(uuid.FromString(fmt.Sprintf("00000000-0000-7000-8000-%012d", n)))
}

// basket is a fresh DRAFT at till T1.
func basket() *sale.Transaction {
	return &sale.Transaction{ID: id(100), StoreID: "S1", TerminalID: "T1", CashierID: "C1", OpenedBy: "C1", Status: sale.Draft, Currency: "VND", CreatedAt: at, Version: 1}
}

// scan adds items, one unit of each, and must succeed.
func scan(t testing.TB, b *sale.Transaction, items ...sale.Item) {
	t.Helper()
	for _, item := range items {
		_, err := b.AddItem(item, "", sale.One, at)
		require.NoError(t, err)
	}
}

// pay adds a payment, which must succeed.
func pay(t testing.TB, b *sale.Transaction, n int, method sale.Method, amount money.Amount) *sale.Payment {
	t.Helper()
	p, err := b.Pay(sale.Tender{ID: id(n), Method: method, Amount: amount}, at)
	require.NoError(t, err)
	return p
}

// requireCode demands a refusal with this code and kind, and a sentence for people.
func requireCode(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
	require.NotEmpty(t, fault.As(err).Message)
}

func TestAScanBecomesALineWithAFrozenPrice(t *testing.T) {
	t.Parallel()
	b := basket()
	item := banana
	line, err := b.AddItem(item, "893", 355, later)
	require.NoError(t, err)
	item.Price = 99_000 // the catalogue changes; the basket does not
	require.Equal(t, sale.Line{LineNo: 1, ItemID: banana.ID, SKU: "BANANA", Name: "Chuối", Unit: "kg", Category: "Tươi", Barcode: "893",
		Quantity: 355, UnitPrice: 24_900, Gross: 8_840, Amount: 8_840, TaxCode: "REDUCED_5", AddedAt: later}, *line)
	changed, err := b.ChangeQuantity(1, 2*sale.One)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{24_900, 49_800, 49_800}, []money.Amount{changed.UnitPrice, changed.Gross, changed.Amount})
	require.EqualValues(t, 3, b.Version, "every change is a version")
}

func TestTheSameItemAgainIsANewLine(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water, beer, water)
	require.Len(t, b.Lines, 3)
	require.Equal(t, []int32{1, 2, 3}, []int32{b.Lines[0].LineNo, b.Lines[1].LineNo, b.Lines[2].LineNo})
	require.True(t, b.Lines[1].AgeRestricted)
	require.Equal(t, money.Amount(26_000), b.Total())
}

func TestALineNumberIsNeverReused(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water, beer)
	removed, err := b.RemoveLine(2, later)
	require.NoError(t, err)
	require.Equal(t, later, *removed.RemovedAt, "a removed line stays on record")
	require.Equal(t, money.Amount(6_000), b.Total())
	scan(t, b, banana)
	require.EqualValues(t, 3, b.Lines[2].LineNo)
	require.Len(t, b.Lines, 3)
	require.Len(t, b.Live(), 2)

	_, err = b.RemoveLine(2, later)
	requireCode(t, err, fault.NotFound, "line_not_found")
	_, err = b.ChangeQuantity(2, sale.One)
	requireCode(t, err, fault.NotFound, "line_not_found")
	for _, n := range []int32{0, -1, 99} {
		_, err = b.ChangeQuantity(n, sale.One)
		requireCode(t, err, fault.NotFound, "line_not_found")
	}
	require.Equal(t, later, *b.Lines[1].RemovedAt)
}

func TestQuantitiesOfALine(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water)
	before := b.Version
	for _, q := range []sale.Quantity{0, -1, -sale.One, sale.MaxQuantity + 1} {
		_, err := b.AddItem(water, "", q, at)
		requireCode(t, err, fault.Invalid, "quantity_invalid")
		_, err = b.ChangeQuantity(1, q)
		requireCode(t, err, fault.Invalid, "quantity_invalid")
	}
	require.Equal(t, before, b.Version, "a refusal changes nothing")
	require.Len(t, b.Lines, 1)
	for _, q := range []sale.Quantity{1, sale.MaxQuantity} {
		_, err := b.AddItem(water, "", q, at)
		require.NoError(t, err)
	}
}

func TestABasketHoldsFiveHundredLines(t *testing.T) {
	t.Parallel()
	b := basket()
	for range sale.MaxLines {
		scan(t, b, water) // an ordinary item: its 500 lines are far below 200 KiB
	}
	_, err := b.AddItem(water, "", sale.One, at)
	requireCode(t, err, fault.Invalid, "basket_too_large")
	_, err = b.RemoveLine(250, later)
	require.NoError(t, err)
	line, err := b.AddItem(water, "", sale.One, at)
	require.NoError(t, err, "a removed line makes room")
	require.EqualValues(t, 501, line.LineNo)
	_, err = b.AddItem(water, "", sale.One, at)
	requireCode(t, err, fault.Invalid, "basket_too_large")
}

func TestABasketOfLongNamesIsFullEarlier(t *testing.T) {
	t.Parallel()
	b := basket()
	wordy := water
	wordy.Name = strings.Repeat(`"`, 200) // in JSON twice as long
	lines := 0
	for ; lines < sale.MaxLines; lines++ {
		if _, err := b.AddItem(wordy, "", sale.One, at); err != nil {
			requireCode(t, err, fault.Invalid, "basket_too_large")
			break
		}
	}
	require.Less(t, lines, sale.MaxPayloadBytes/500, "a line has 400 bytes of name, and its numbers: 200 KiB is the limit")
	require.Greater(t, lines, sale.MaxPayloadBytes/800)
}

func TestATotalBeyondAllMoneyIsRefusedAtTheScan(t *testing.T) {
	t.Parallel()
	b := basket()
	gold := water
	gold.Price = money.Max / 2
	scan(t, b, gold)
	_, err := b.AddItem(gold, "", 2001, at)
	requireCode(t, err, fault.Invalid, "amount_too_large")
	_, err = b.ChangeQuantity(1, 2001)
	requireCode(t, err, fault.Invalid, "amount_too_large")
	_, err = b.AddItem(gold, "", sale.MaxQuantity, at)
	requireCode(t, err, fault.Invalid, "amount_too_large")
	require.Equal(t, money.Max/2, b.Total())
	scan(t, b, gold)
	require.Equal(t, money.Max, b.Total(), "exactly all of it is sold")
	_, err = b.ChangeQuantity(1, 999)
	require.NoError(t, err, "less is always possible")
}

func TestOnlyTheHolderChangesABasket(t *testing.T) {
	t.Parallel()
	b := basket()
	require.NoError(t, b.HeldBy("T1"))
	requireCode(t, b.HeldBy("T2"), fault.Forbidden, "basket_held_elsewhere")
	requireCode(t, b.HeldBy(""), fault.Forbidden, "basket_held_elsewhere")
}

// changes are everything that may be asked of a transaction.
var changes = map[string]func(b *sale.Transaction) error{
	"add":      func(b *sale.Transaction) error { _, err := b.AddItem(beer, "", sale.One, later); return err },
	"quantity": func(b *sale.Transaction) error { _, err := b.ChangeQuantity(1, 2*sale.One); return err },
	"remove":   func(b *sale.Transaction) error { _, err := b.RemoveLine(1, later); return err },
	"pay": func(b *sale.Transaction) error {
		_, err := b.Pay(sale.Tender{ID: id(9), Method: sale.Cash, Amount: 1}, later)
		return err
	},
	"finalize": func(b *sale.Transaction) error { return b.CheckPayable() },
	"void":     func(b *sale.Transaction) error { _, err := b.Void(); return err },
	"suspend":  func(b *sale.Transaction) error { return b.Suspend() },
	"resume":   func(b *sale.Transaction) error { _, err := b.Resume("T1", "C2", later); return err },
	"take":     func(b *sale.Transaction) error { _, err := b.Resume("T2", "C2", later); return err },
	"discount": func(b *sale.Transaction) error { _, _, err := b.SetDiscount(1, 500, because); return err },
	"price":    func(b *sale.Transaction) error { _, _, err := b.OverridePrice(1, 500, because); return err },
}

func TestWhatEachStateRefuses(t *testing.T) {
	t.Parallel()
	const yes = ""
	for status, want := range map[sale.Status]map[string]string{
		sale.Draft: {"add": yes, "quantity": yes, "remove": yes, "pay": yes, "finalize": "payment_incomplete", "void": yes, "suspend": yes,
			"resume": "transaction_not_suspended", "take": yes, "discount": yes, "price": yes},
		sale.Suspended: {"add": "transaction_suspended", "quantity": "transaction_suspended", "remove": "transaction_suspended",
			"pay": "transaction_suspended", "finalize": "transaction_suspended", "void": yes, "suspend": "transaction_suspended", "resume": yes, "take": yes,
			"discount": "transaction_suspended", "price": "transaction_suspended"},
		sale.Paid: {"add": "transaction_paid", "quantity": "transaction_paid", "remove": "transaction_paid", "pay": "transaction_paid",
			"finalize": "transaction_paid", "void": "transaction_paid", "suspend": "transaction_paid", "resume": "transaction_paid", "take": "transaction_paid",
			"discount": "transaction_paid", "price": "transaction_paid"},
		sale.Voided: {"add": "transaction_voided", "quantity": "transaction_voided", "remove": "transaction_voided", "pay": "transaction_voided",
			"finalize": "transaction_voided", "void": "transaction_voided", "suspend": "transaction_voided", "resume": "transaction_voided",
			"take": "transaction_voided", "discount": "transaction_voided", "price": "transaction_voided"},
		"NONSENSE": {"add": "status_unknown", "void": "status_unknown"},
	} {
		for name, code := range want {
			t.Run(string(status)+" "+name, func(t *testing.T) {
				t.Parallel()
				b := basket()
				scan(t, b, water)
				b.Status = status
				before := *b
				err := changes[name](b)
				if code == yes {
					require.NoError(t, err)
					require.Equal(t, before.Version+1, b.Version)
					return
				}
				require.Equal(t, code, fault.CodeOf(err))
				require.Equal(t, before, *b, "a refusal changes nothing")
				if status != "NONSENSE" {
					require.Equal(t, fault.Conflict, fault.KindOf(err))
				}
			})
		}
	}
}

func TestSuspendAndResumeMoveABasketToAnotherTill(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water, beer)
	require.NoError(t, b.Suspend())
	require.Equal(t, sale.Suspended, b.Status)
	takenOver, err := b.Resume("T2", "C2", later)
	require.NoError(t, err)
	require.False(t, takenOver)
	require.Equal(t, sale.Draft, b.Status)
	require.Equal(t, []string{"C2", "C1"}, []string{b.CashierID, b.OpenedBy}, "it does not become one's own")
	require.NoError(t, b.HeldBy("T2"))
	require.Error(t, b.HeldBy("T1"))
	require.Equal(t, money.Amount(20_000), b.Total(), "what was scanned stays")
	scan(t, b, banana)
	require.EqualValues(t, 3, b.Lines[2].LineNo)
}

func TestABasketOfADeadTillIsTakenOver(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water)
	pay(t, b, 1, sale.Cash, 1_000)
	takenOver, err := b.Resume("T2", "C2", at)
	require.NoError(t, err)
	require.True(t, takenOver)
	require.Equal(t, money.Amount(5_000), b.Due(), "what was paid stays paid")
	requireCode(t, b.HeldBy("T1"), fault.Forbidden, "basket_held_elsewhere")

	// Another hand that reaches for it at the same moment does not get it.
	for _, since := range []time.Duration{0, sale.ResumeGrace - 1} {
		_, err = b.Resume("T3", "C3", at.Add(since))
		requireCode(t, err, fault.Conflict, "transaction_resumed_elsewhere")
		require.NoError(t, b.HeldBy("T2"))
	}
	_, err = b.Resume("T2", "C2", at)
	requireCode(t, err, fault.Conflict, "transaction_not_suspended")
	_, err = b.Resume("T3", "C3", at.Add(sale.ResumeGrace))
	require.NoError(t, err)
	_, err = b.Resume("T1", "C1", at.Add(-time.Hour))
	require.NoError(t, err, "a clock that was set back keeps nobody from a basket")
	require.NoError(t, b.Suspend())
	_, err = b.Resume("T2", "C2", at.Add(-time.Hour))
	require.NoError(t, err, "who suspends it lets go of it")
}

func TestFinalizeWritesTheSaleDown(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water)
	pay(t, b, 1, sale.Cash, 6_000)
	require.NoError(t, b.CheckPayable())
	require.Equal(t, sale.Draft, b.Status, "asking changes nothing")
	before := b.Version
	b.Finalize("C2", "S1-T1-0000001", "2026-11-22", later)
	require.Equal(t, []any{sale.Paid, "C2", "C1", "S1-T1-0000001", "2026-11-22", later, before + 1},
		[]any{b.Status, b.CashierID, b.OpenedBy, b.ReceiptNo, b.BusinessDate, *b.FinalizedAt, b.Version})
}

// step is something that happens at the till.
type step func(t testing.TB, b *sale.Transaction)

func scans(items ...sale.Item) step {
	return func(t testing.TB, b *sale.Transaction) {
		t.Helper()
		scan(t, b, items...)
	}
}

func removes(line int32) step {
	return func(t testing.TB, b *sale.Transaction) {
		t.Helper()
		_, err := b.RemoveLine(line, later)
		require.NoError(t, err)
	}
}

func pays(n int, method sale.Method, amount money.Amount) step {
	return func(t testing.TB, b *sale.Transaction) {
		t.Helper()
		pay(t, b, n, method, amount)
	}
}

func reports(n int, outcome sale.PaymentStatus) step {
	return func(t testing.TB, b *sale.Transaction) {
		t.Helper()
		settle(t, b, n, outcome)
	}
}

func cancels(n int) step {
	return func(t testing.TB, b *sale.Transaction) {
		t.Helper()
		_, err := b.CancelPayment(id(n))
		require.NoError(t, err)
	}
}

// The till is told which payment it waits for.
func TestAnOpenPaymentIsNamed(t *testing.T) {
	t.Parallel()
	for _, status := range []sale.PaymentStatus{sale.Pending, sale.Unknown} {
		b := basket()
		scan(t, b, water)
		pay(t, b, 1, sale.Cash, 1_000)
		pay(t, b, 2, sale.QR, 5_000)
		b.Payments[1].Status = status
		err := b.CheckPayable()
		requireCode(t, err, fault.Conflict, "payment_incomplete")
		require.Equal(t, id(2), fault.As(err).Details["payment_id"])
	}
}

func TestWhatCanBeFinalized(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		code  string // "" is yes
		steps []step
	}{
		{"nothing was scanned", "transaction_empty", nil},
		{"everything was removed", "transaction_empty", []step{scans(water), removes(1)}},
		{"nothing was paid", "payment_incomplete", []step{scans(water)}},
		{"a đồng is missing", "payment_incomplete", []step{scans(water), pays(1, sale.Cash, 5_999)}},
		{"the QR is still pending", "payment_incomplete", []step{scans(water), pays(1, sale.QR, 6_000)}},
		{"nobody knows whether the QR was paid", "payment_incomplete", []step{scans(water), pays(1, sale.QR, 6_000), reports(1, sale.Unknown)}},
		{"the QR failed", "payment_incomplete", []step{scans(water), pays(1, sale.QR, 6_000), reports(1, sale.Failed)}},
		{"paid in cash", "", []step{scans(water), pays(1, sale.Cash, 6_000)}},
		{"paid by half and half", "", []step{scans(water, beer), pays(1, sale.QR, 5_000), reports(1, sale.Captured), pays(2, sale.Cash, 15_000)}},
		{"paid after a failed and a cancelled try", "", []step{scans(water), pays(1, sale.QR, 6_000), reports(1, sale.Failed),
			pays(2, sale.Cash, 6_000), cancels(2), pays(3, sale.Cash, 6_000)}},
		{"free of charge needs no payment", "", []step{scans(bag)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := basket()
			for _, happens := range c.steps {
				happens(t, b)
			}
			err := b.CheckPayable()
			require.Equal(t, c.code, fault.CodeOf(err))
			if c.code != "" {
				require.Equal(t, fault.Conflict, fault.KindOf(err))
			}
		})
	}
}
