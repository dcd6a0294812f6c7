package sale_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

var because = sale.Say{CashierID: "C1", Reason: "hộp móp", At: later}

func TestADiscountIsSetOnALine(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water, beer)
	before := b.Version
	line, done, err := b.SetDiscount(2, 4_000, because)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{14_000, 4_000, 10_000, 16_000}, []money.Amount{line.Gross, line.Discount, line.Amount, b.Total()})
	require.Equal(t, "hộp móp", line.DiscountReason)
	require.Equal(t, sale.Override{LineNo: 2, Kind: sale.DiscountGiven, After: 4_000, Reason: "hộp móp", CashierID: "C1", At: later}, *done)
	require.Equal(t, before+1, b.Version)

	_, done, err = b.SetDiscount(2, 4_000, because)
	require.NoError(t, err)
	require.Nil(t, done, "it is so already")
	require.Equal(t, before+1, b.Version)

	_, done, err = b.SetDiscount(2, 14_000, because)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{4_000, 14_000}, []money.Amount{done.Before, done.After}, "it is set, not added")
	require.Equal(t, money.Amount(6_000), b.Total(), "all of a line may be given away")

	line, _, err = b.SetDiscount(2, 0, because)
	require.NoError(t, err)
	require.Empty(t, line.DiscountReason, "no discount, no reason")
	require.Equal(t, money.Amount(20_000), b.Total())
	require.Len(t, b.Overrides, 3)
}

func TestADiscountFitsItsLine(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water)
	_, err := b.ChangeQuantity(1, 2*sale.One)
	require.NoError(t, err)
	_, _, err = b.SetDiscount(1, 12_001, because)
	requireCode(t, err, fault.Invalid, "discount_too_large")
	_, _, err = b.SetDiscount(1, -1, because)
	requireCode(t, err, fault.Invalid, "amount_invalid")
	_, _, err = b.SetDiscount(1, 9_000, because)
	require.NoError(t, err)
	before := *b

	_, _, err = b.OverridePrice(1, 4_000, because)
	requireCode(t, err, fault.Invalid, "discount_too_large")
	require.Equal(t, "unit_price", fault.As(err).Field)
	require.Equal(t, before, *b, "a refusal changes nothing")
	_, _, err = b.OverridePrice(1, 4_500, because)
	require.NoError(t, err)
	require.Zero(t, b.Total())
}

// What was said about one of a thing is not said about a hundred.
func TestALineWhosePriceWasChangedKeepsItsQuantity(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *sale.Transaction, to, back money.Amount) error{
		"discount": func(b *sale.Transaction, _, back money.Amount) error {
			_, _, err := b.SetDiscount(1, back, because)
			return err
		},
		"price": func(b *sale.Transaction, to, _ money.Amount) error {
			_, _, err := b.OverridePrice(1, to, because)
			return err
		},
	} {
		b := basket()
		scan(t, b, beer, beer)
		require.NoError(t, change(b, 100, 13_900), name)
		before := *b
		for _, q := range []sale.Quantity{240 * sale.One, sale.One, 1} {
			_, err := b.ChangeQuantity(1, q)
			requireCode(t, err, fault.Conflict, "line_overridden")
		}
		require.Equal(t, before, *b, "a refusal changes nothing")
		_, err := b.ChangeQuantity(2, 2*sale.One)
		require.NoError(t, err, "another line of the same item may be changed")
		require.NoError(t, change(b, 14_000, 0), name)
		_, err = b.ChangeQuantity(1, 240*sale.One)
		require.NoError(t, err, "once it is taken back")
		scan(t, b, water)
		require.NoError(t, change(b, 100, 13_900), name)
		_, err = b.RemoveLine(1, later)
		require.NoError(t, err, "it may be struck out")
	}
}

// A discount makes room for more than any amount that could be paid, and may not
// be taken back then; nor does it make a line of more than that.
func TestDiscountsDoNotMakeFortunes(t *testing.T) {
	t.Parallel()
	b := basket()
	gold := water
	gold.Price = money.Max
	scan(t, b, gold)
	_, _, err := b.SetDiscount(1, money.Max-1, because)
	require.NoError(t, err)
	gold.Price--
	scan(t, b, gold)
	require.Equal(t, money.Max, b.Total())
	before := *b
	for _, less := range []money.Amount{money.Max - 2, 1, 0} {
		_, _, err = b.SetDiscount(1, less, because)
		requireCode(t, err, fault.Invalid, "amount_too_large")
		require.Equal(t, "amount", fault.As(err).Field)
	}
	require.Equal(t, before, *b, "a refusal changes nothing")
	_, _, err = b.SetDiscount(1, money.Max, because)
	require.NoError(t, err)

	b = basket()
	_, err = b.AddItem(beer, "", 1001, at)
	require.NoError(t, err)
	_, _, err = b.OverridePrice(1, money.Max/2, because)
	require.NoError(t, err)
	_, _, err = b.SetDiscount(1, money.Max/2, because)
	require.NoError(t, err)
	_, _, err = b.OverridePrice(1, money.Max, because)
	requireCode(t, err, fault.Invalid, "amount_too_large")
	require.Equal(t, "unit_price", fault.As(err).Field)
}

func TestAPriceIsOverriddenAndTheScannedOneStays(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, beer, bag)
	_, err := b.ChangeQuantity(1, 1_500)
	require.NoError(t, err)
	line, done, err := b.OverridePrice(1, 9_999, because)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{9_999, 14_999, 14_999, 14_000}, []money.Amount{line.UnitPrice, line.Gross, line.Amount, *line.ListPrice})
	require.Equal(t, "hộp móp", line.PriceReason)
	require.Equal(t, sale.Override{LineNo: 1, Kind: sale.PriceOverridden, Before: 14_000, After: 9_999, Reason: "hộp móp", CashierID: "C1", At: later}, *done)
	_, done, err = b.OverridePrice(1, 9_999, because)
	require.NoError(t, err)
	require.Nil(t, done)

	line, _, err = b.OverridePrice(1, 20_000, because)
	require.NoError(t, err)
	require.Equal(t, money.Amount(14_000), *line.ListPrice, "still the catalogue's at the scan")
	line, done, err = b.OverridePrice(1, 14_000, because)
	require.NoError(t, err)
	require.Nil(t, line.ListPrice, "at its own price a line is not overridden")
	require.Empty(t, line.PriceReason)
	require.Equal(t, money.Amount(20_000), done.Before)
	_, done, err = b.OverridePrice(1, 14_000, because)
	require.NoError(t, err)
	require.Nil(t, done)

	line, _, err = b.OverridePrice(2, 500, because)
	require.NoError(t, err)
	require.Zero(t, *line.ListPrice, "what is free may cost something")
	for _, price := range []money.Amount{-1, money.Max + 1} {
		_, _, err = b.OverridePrice(1, price, because)
		requireCode(t, err, fault.Invalid, "amount_invalid")
	}
	_, _, err = b.OverridePrice(1, money.Max, because)
	requireCode(t, err, fault.Invalid, "amount_too_large")
	require.Equal(t, "unit_price", fault.As(err).Field)
}

func TestPricesAreNotChangedWithoutALineAReasonOrRoom(t *testing.T) {
	t.Parallel()
	b := basket()
	scan(t, b, water, beer)
	_, err := b.RemoveLine(2, later)
	require.NoError(t, err)
	change := map[string]func(line int32, amount money.Amount, say sale.Say) error{
		"discount": func(line int32, amount money.Amount, say sale.Say) error {
			_, _, err := b.SetDiscount(line, amount, say)
			return err
		},
		"price": func(line int32, amount money.Amount, say sale.Say) error {
			_, _, err := b.OverridePrice(line, amount, say)
			return err
		},
	}
	for name, f := range change {
		for _, line := range []int32{0, 2, 3} {
			requireCode(t, f(line, 1, because), fault.NotFound, "line_not_found")
		}
		requireCode(t, f(1, 1, sale.Say{CashierID: "C1"}), fault.Invalid, "reason_invalid")
		requireCode(t, f(1, 1, sale.Say{Reason: "thẻ 4111 1111 1111 1111"}), fault.Invalid, "looks_like_card_number")
		require.Empty(t, b.Overrides, name)
	}
	p := pay(t, b, 1, sale.QR, 1_000)
	for _, status := range []sale.PaymentStatus{sale.Pending, sale.Unknown, sale.Captured} {
		p.Status = status
		for _, f := range change {
			requireCode(t, f(1, 1, because), fault.Conflict, "payments_exist")
		}
	}
	p.Status = sale.Failed
	for n := range sale.MaxOverrides {
		require.NoError(t, change["discount"](1, money.Amount(n+1), because))
	}
	for _, f := range change {
		requireCode(t, f(1, 1_000, because), fault.Invalid, "too_many_overrides")
	}
	require.NoError(t, change["discount"](1, sale.MaxOverrides, because), "what is so already is no change")
}

// overridesTellTheLines: read in order, the overrides of a line lead from what
// was scanned to what it is.
func overridesTellTheLines(t *rapid.T, b *sale.Transaction) {
	discount, price := map[int32]money.Amount{}, map[int32]money.Amount{}
	for _, l := range b.Lines {
		price[l.LineNo] = l.UnitPrice
		if l.ListPrice != nil {
			require.NotEqual(t, l.UnitPrice, *l.ListPrice)
			price[l.LineNo] = *l.ListPrice
		}
		require.Equal(t, l.ListPrice == nil, l.PriceReason == "")
		require.Equal(t, l.Discount == 0, l.DiscountReason == "")
	}
	for _, o := range b.Overrides {
		was := discount
		if o.Kind == sale.PriceOverridden {
			was = price
		}
		require.Equal(t, was[o.LineNo], o.Before)
		was[o.LineNo] = o.After
	}
	for _, l := range b.Lines {
		require.Equal(t, []money.Amount{l.Discount, l.UnitPrice}, []money.Amount{discount[l.LineNo], price[l.LineNo]})
	}
}

func TestABasketOfRemovedLinesIsFullSomeTime(t *testing.T) {
	t.Parallel()
	b := basket()
	wordy := water
	wordy.Name = strings.Repeat(`"`, 200)
	lines := 0
	for ; lines < 2*sale.MaxRecordBytes/600; lines++ {
		line, err := b.AddItem(wordy, "", sale.One, at)
		if err != nil {
			requireCode(t, err, fault.Invalid, "basket_too_large")
			break
		}
		_, err = b.RemoveLine(line.LineNo, later)
		require.NoError(t, err)
	}
	require.Less(t, lines, sale.MaxRecordBytes/600)
	require.Greater(t, lines, sale.MaxLines, "a removed line makes room for a while")
}
