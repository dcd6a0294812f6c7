package pricing_test

import (
	"testing"
	"time"

	"github.com/gofrs/uuid/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/money"
	"tiem/internal/pricing"
	"tiem/internal/sale"
)

// The contract's rules of a sale hold after any row of edits, discounts and
// overridden prices among them, whether an edit was let through or refused.
func TestSumsAddUpAfterAnyEdits(t *testing.T) {
	t.Parallel()
	codes := []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO"}
	rates := vietnam.On(today)
	rapid.Check(t, func(t *rapid.T) {
		b := &sale.Transaction{Status: sale.Draft, TerminalID: "T1", CashierID: "C1", OpenedBy: "C1"}
		say := sale.Say{CashierID: "C1", Reason: "hộp móp"}
		amount := rapid.Int64Range(0, 3_000_000)
		for range rapid.IntRange(1, 30).Draw(t, "edits") {
			line := rapid.Int32Range(1, b.LastLineNo+1).Draw(t, "line")
			switch rapid.IntRange(0, 5).Draw(t, "edit") {
			case 0, 1:
				item := sale.Item{ID: uuid.Must(uuid.NewV4()), Price: money.Amount(amount.Draw(t, "price")), TaxCode: rapid.SampledFrom(codes).Draw(t, "code")}
				_, _ = b.AddItem(item, "", sale.Quantity(rapid.IntRange(0, 3_000).Draw(t, "quantity")), time.Time{})
			case 2:
				_, _ = b.ChangeQuantity(line, sale.Quantity(rapid.IntRange(0, 3_000).Draw(t, "quantity")))
			case 3:
				_, _ = b.RemoveLine(line, time.Time{})
			case 4:
				_, _, _ = b.SetDiscount(line, money.Amount(amount.Draw(t, "discount")), say)
			case 5:
				_, _, _ = b.OverridePrice(line, money.Amount(amount.Draw(t, "override")), say)
			}
			requireSums(t, b, rates)
		}
	})
}

func requireSums(t *rapid.T, b *sale.Transaction, rates pricing.Rates) {
	totals, err := pricing.Compute(b, rates)
	require.NoError(t, err)
	var gross, discount, amounts, parts money.Amount
	for _, l := range b.Live() {
		require.Equal(t, l.Quantity.Times(l.UnitPrice), l.Gross)
		require.True(t, 0 <= l.Discount && l.Discount <= l.Gross)
		gross, discount, amounts = gross+l.Gross, discount+l.Discount, amounts+l.Gross-l.Discount
	}
	for _, part := range totals.TaxLines {
		base, tax := money.TaxIncluded(part.Base+part.Tax, part.RateBP)
		require.Equal(t, []money.Amount{part.Base, part.Tax}, []money.Amount{base, tax})
		parts += part.Base + part.Tax
	}
	require.Equal(t, []money.Amount{gross, discount, amounts}, []money.Amount{totals.Gross, totals.Discount, totals.Total})
	require.Equal(t, totals.Total, parts)
	require.Equal(t, totals.Total, totals.Subtotal+totals.Tax)
}
