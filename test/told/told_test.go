// Package told_test holds the two sides of the wire against each other without
// either of them running: what the edge tells of a basket, HQ must take. Neither
// may import the other, so this stands outside of both.
package told_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/edge/checkout"
	"tiem/internal/hq/projection"
	"tiem/internal/money"
	"tiem/internal/pricing"
	"tiem/internal/sale"
	"tiem/internal/wire"
)

var (
	today = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	rates = pricing.RateTable{{TaxCode: "STANDARD", ValidFrom: "2025-07-01", RateBP: 800}, {TaxCode: "EXCISE", ValidFrom: "2025-07-01", RateBP: 1000}}
)

func someID(n int) uuid.UUID {
	return uuid.Must(uuid.FromString(fmt.Sprintf("00000000-0000-7000-8000-%012d", n)))
}

// opened is a fresh basket of C1's.
func opened() *sale.Transaction {
	return &sale.Transaction{ID: someID(1), StoreID: "S1", TerminalID: "T1", CashierID: "C1", OpenedBy: "C1", Status: sale.Draft, Currency: "VND", CreatedAt: today, Version: 1}
}

// requireAccepted demands that HQ takes the event that the edge would make of this.
func requireAccepted(t require.TestingT, b *sale.Transaction, eventType string, payload any) (size int) {
	text, err := wire.EncodePayload(payload)
	require.NoError(t, err)
	event := wire.Event{StoreID: "S1", Epoch: 1, ID: 1, EventID: someID(2), AggregateID: b.ID, Type: eventType, Version: 1, OccurredAt: today, TerminalID: "T1",
		CashierID: "C1", BusinessDate: "2026-11-22", Payload: text}
	if refusal := projection.Read(&event).Refusal; refusal != nil {
		require.Fail(t, "HQ refuses what the edge sells", "%s: %s %s", eventType, refusal.Code, refusal.Message)
	}
	require.NoError(t, event.Validate())
	return len(text)
}

// requireToldOf gives the basket up, and sells it, and HQ takes either.
func requireToldOf(t *rapid.T, b *sale.Transaction) {
	void := *b
	void.Payments = slices.Clone(b.Payments)
	cancelled, err := void.Void()
	require.NoError(t, err)
	requireAccepted(t, &void, wire.TypeBasketVoided, checkout.BasketVoidedOf(&void, cancelled, "khách đổi ý", "M1", today))
	if len(b.Live()) == 0 {
		return
	}
	if due := b.Due(); due > 0 {
		_, err := b.Pay(sale.Tender{ID: someID(3), Method: sale.Cash, Amount: due}, today)
		require.NoError(t, err)
	}
	require.NoError(t, b.CheckPayable())
	totals, err := pricing.Compute(b, rates.On("2026-11-22"))
	require.NoError(t, err)
	b.Finalize("C1", "S1-T1-0000001", "2026-11-22", today)
	requireAccepted(t, b, wire.TypeSaleRecorded, checkout.SaleRecordedOf(b, totals, today))
}

// Whatever was done to a basket, also to amounts at the end of all money: what
// the edge lets through, HQ takes. Else a sale would stand in quarantine that
// nobody can undo.
func TestHQTakesWhatTheEdgeLetsThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for range 10 { // baskets, so that a run meets what few of them come to
			b := opened()
			anyEdits(t, b)
			requireToldOf(t, b)
		}
	})
}

// anyEdits is what cashiers may try, in any order, refused or not.
func anyEdits(t *rapid.T, b *sale.Transaction) {
	say := sale.Say{CashierID: "C1", Reason: "hộp móp", At: today}
	ends := rapid.SampledFrom([]int64{0, 1, int64(money.Max) / 3, int64(money.Max) / 2, int64(money.Max) - 1, int64(money.Max)})
	amount := rapid.OneOf(ends, ends, rapid.Int64Range(0, 50_000), rapid.Int64Range(0, int64(money.Max)))
	quantity := rapid.OneOf(rapid.SampledFrom([]int64{1_000, 2_000, 3_000}), rapid.Int64Range(1, 3_000), rapid.Int64Range(1, int64(sale.MaxQuantity)))
	if rapid.Bool().Draw(t, "a fortune is given away") { // that is where the ends of all money are near
		_, err := b.AddItem(sale.Item{ID: someID(9), SKU: "X", Price: money.Max / 3, TaxCode: "STANDARD"}, "", 3*sale.One, today)
		require.NoError(t, err)
		_, _, err = b.SetDiscount(1, b.Lines[0].Gross-money.Amount(rapid.Int64Range(0, 2).Draw(t, "left")), say)
		require.NoError(t, err)
	}
	for range rapid.IntRange(1, 20).Draw(t, "edits") {
		line := rapid.Int32Range(1, 3).Draw(t, "line") // few, so that much happens to each
		switch rapid.IntRange(0, 7).Draw(t, "edit") {
		case 0:
			item := sale.Item{ID: someID(9), SKU: "X", Price: money.Amount(amount.Draw(t, "price")), TaxCode: rapid.SampledFrom([]string{"STANDARD", "EXCISE"}).Draw(t, "code")}
			_, _ = b.AddItem(item, "", sale.Quantity(quantity.Draw(t, "quantity")), today)
		case 1, 2:
			_, _ = b.ChangeQuantity(line, sale.Quantity(quantity.Draw(t, "quantity")))
		case 3:
			if removed, err := b.RemoveLine(line, today); err == nil {
				removed.ChangedBy = rapid.SampledFrom([]string{"C1", ""}).Draw(t, "by")
			}
		case 4:
			_, _, _ = b.SetDiscount(line, money.Amount(amount.Draw(t, "discount")), say)
		case 5: // nearly all of a line is given away: that makes room for others
			if i := int(line) - 1; i < len(b.Lines) {
				_, _, _ = b.SetDiscount(line, b.Lines[i].Gross-money.Amount(rapid.Int64Range(0, 2).Draw(t, "left")), say)
			}
		case 6:
			_, _, _ = b.OverridePrice(line, money.Amount(amount.Draw(t, "override")), say)
		case 7: // half the price, or half as much again: of a line that was given away, that may be a fortune
			if i := int(line) - 1; i < len(b.Lines) {
				_, _, _ = b.OverridePrice(line, b.Lines[i].UnitPrice*money.Amount(rapid.Int64Range(1, 3).Draw(t, "halves"))/2, say)
			}
		}
	}
}

// A void is never refused for size, so the limits of everything that it tells of
// must fit into one event together, the longest of each.
func TestTheLargestBasketIsVoided(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("😀", sale.MaxReason)
	for name, words := range map[string]string{"long names": strings.Repeat(`"`, 200), "short names": "x"} {
		b := opened()
		const acting = "C123456789abcdef"
		item := sale.Item{ID: someID(9), SKU: "X", Name: words, Unit: "x", Category: "x", TaxCode: "STANDARD", Price: 1}
		strike := func(line *sale.Line) {
			_, err := b.RemoveLine(line.LineNo, today.Add(123_456*time.Microsecond))
			require.NoError(t, err)
			line.ChangedBy = acting
		}
		for {
			line, err := b.AddItem(item, "", sale.One, today)
			if err != nil {
				break
			}
			if len(b.Live()) > 150 { // what is live counts more, so most is struck out
				strike(line)
			}
		}
		for n := range sale.MaxOverrides {
			_, done, err := b.OverridePrice(int32(n%50)+1, money.Amount(100_000_000+n), sale.Say{CashierID: acting, Reason: longest, At: today.Add(123_456 * time.Microsecond)})
			require.NoError(t, err)
			done.ApprovedBy = "M123456789abcdef"
		}
		for i := range b.Lines {
			if line := &b.Lines[i]; line.LineNo > 50 && line.RemovedAt == nil {
				strike(line)
			}
		}
		for n := range sale.MaxPayments {
			_, err := b.Pay(sale.Tender{ID: someID(100 + n), Method: sale.Cash, Amount: 10_000_000}, today)
			require.NoError(t, err)
		}
		cancelled, err := b.Void()
		require.NoError(t, err)
		require.Len(t, cancelled, sale.MaxPayments)
		size := requireAccepted(t, b, wire.TypeBasketVoided, checkout.BasketVoidedOf(b, cancelled, longest, "M123456789abcdef", today))
		require.Greater(t, size, sale.MaxRecordBytes, name)
		require.Less(t, size, wire.MaxPayload*9/10, "%s: there is room left for what is added later", name)
		t.Logf("%s: %d lines, %d bytes", name, len(b.Lines), size)
	}
}
