package receipt

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"tiem/internal/money"
	"tiem/internal/pricing"
	"tiem/internal/sale"
)

var update = flag.Bool("update", false, "write the golden files")

var saigon = time.FixedZone("+07", 7*60*60)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// oddSale has what receipts have: a weight, a struck-out line, a name that is too
// long and typed with combining marks, a discount, two ways to pay, a payment
// that failed, and VAT of three kinds.
func oddSale() Receipt {
	finalized, removed := at("2026-11-22T02:31:00Z"), at("2026-11-22T02:30:30Z")
	t := &sale.Transaction{StoreID: "S1", TerminalID: "T1", CashierID: "C1", Status: sale.Paid, Currency: "VND", ReceiptNo: "S1-T1-0000001",
		BusinessDate: "2026-11-22", FinalizedAt: &finalized,
		Lines: []sale.Line{
			{LineNo: 1, Name: "Nước tinh khiết Aquafina 500 ml", Unit: "chai", Quantity: 2 * sale.One, UnitPrice: 6_000, Gross: 12_000, Amount: 12_000, TaxCode: "STANDARD"},
			{LineNo: 2, Name: "Gạch đi", Unit: "cái", Quantity: sale.One, UnitPrice: 99_000, Gross: 99_000, Amount: 99_000, TaxCode: "STANDARD", RemovedAt: &removed},
			{LineNo: 3, Name: "Chuối già hương", Unit: "kg", Quantity: 355, UnitPrice: 24_900, Gross: 8_840, Discount: 840, Amount: 8_000, TaxCode: "REDUCED_5"},
			{LineNo: 4, Name: norm.NFD.String("Bia Sài Gòn Special lon 330 ml, thùng hai mươi bốn lon có quà tặng kèm"), Unit: "thùng", Quantity: 3 * sale.One,
				UnitPrice: 412_000, Gross: 1_236_000, Amount: 1_236_000, TaxCode: "EXCISE"},
		},
		Payments: []sale.Payment{
			{Method: sale.QR, Provider: "vietqr", Status: sale.Failed, Amount: 1_000_000, Tendered: 1_000_000},
			{Method: sale.QR, Provider: "vietqr", Status: sale.Captured, Amount: 1_000_000, Tendered: 1_000_000},
			{Method: sale.Cash, Status: sale.Captured, Amount: 256_000, Tendered: 500_000, Change: 244_000},
		}}
	return Receipt{Sale: t, Zone: saigon, Print: Print{TerminalID: "T1", At: finalized},
		Totals: pricing.Totals{Gross: 1_256_840, Discount: 840, Subtotal: 1_142_366, Tax: 113_634, Total: 1_256_000, Paid: 1_256_000, Change: 244_000,
			TaxLines: []pricing.TaxLine{
				{TaxCode: "EXCISE", RateBP: 1000, Base: 1_123_636, Tax: 112_364},
				{TaxCode: "REDUCED_5", RateBP: 500, Base: 7_619, Tax: 381},
				{TaxCode: "STANDARD", RateBP: 800, Base: 11_111, Tax: 889},
			}}}
}

func TestReceiptGolden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		copyNo   int32
		language Language
	}{"original.vi": {0, Vietnamese}, "original.en": {0, English}, "copy.vi": {1, Vietnamese}, "copy.en": {12, English}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := oddSale()
			if c.copyNo > 0 {
				r.Print = Print{CopyNo: c.copyNo, TerminalID: "T2", At: at("2026-11-22T17:05:09Z")}
			}
			text := r.Text(c.language)
			file := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), text)
		})
	}
}

func TestOnlyACopyIsMarkedAtBothEnds(t *testing.T) {
	t.Parallel()
	r := oddSale()
	require.NotContains(t, r.Text(Vietnamese), "COPY")
	r.Print.CopyNo = 3
	for _, language := range []Language{Vietnamese, English, "xx"} {
		text := r.Text(language)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for _, mark := range [][]string{lines[:4], lines[len(lines)-4:]} {
			require.Equal(t, strings.Repeat("*", Width), mark[0])
			require.Equal(t, "BẢN SAO / COPY 3", strings.TrimSpace(mark[1]))
			require.Equal(t, "Quầy / Till T1, 22/11/2026 09:31:00", strings.TrimSpace(mark[2]))
			require.Equal(t, strings.Repeat("*", Width), mark[3])
		}
	}
}

func TestAnAmountIsWrittenAsTheShopWritesIt(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		a    money.Amount
		code string
	}{
		"0": {0, "VND"}, "999": {999, "VND"}, "1.000": {1000, "VND"}, "25.000": {25_000, "VND"}, "100.000.000.000": {money.Max, "VND"},
		"-840": {-840, "VND"}, "-1.234.567": {-1_234_567, "VND"}, "0,05": {5, "USD"}, "-0,50": {-50, "USD"}, "1.234,56": {123_456, "USD"},
		"1,500": {1500, "KWD"}, "12.345": {12_345, "QQQ"},
	} {
		require.Equal(t, want, amount(c.a, c.code))
	}
	require.Equal(t, "25.000 đ", withCurrency(25_000, "VND"))
	require.Equal(t, "250,00 USD", withCurrency(25_000, "USD"))
}

func TestQuantitiesAndRates(t *testing.T) {
	t.Parallel()
	for want, q := range map[string]sale.Quantity{"1": sale.One, "0,355": 355, "12,5": 12_500, "9.999,999": sale.MaxQuantity} {
		require.Equal(t, want, quantity(q))
	}
	for want, bp := range map[string]int32{"0%": 0, "8%": 800, "8,5%": 850, "0,01%": 1, "100%": 10_000} {
		require.Equal(t, want, percent(bp))
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "Tiem": 4, "Tiệm": 4, norm.NFD.String("Tiệm"): 4, norm.NFD.String("Thuốc lá Ngựa Trắng"): 19, "x̊̃": 1, "日本": 4, "ＡＢ": 4,
		"×·đ": 3,
	} {
		require.Equal(t, want, cells(text), "%q", text)
	}
}

func TestWhatAPrinterMustNotGetIsTakenOut(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Kẹo p0<2 mở két", clean("Kẹo\x1bp0<2\r\n mở\tkét\u200d\ufeff"), "ESC p opens the drawer")
	require.Equal(t, "Nước", clean(norm.NFD.String("Nước")))
	require.Equal(t, "a?b", clean("a\xffb"))
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		limit int
		want  []string
	}{
		{"", 5, nil},
		{"một hai ba", 7, []string{"một hai", "ba"}},
		{"một hai ba", 6, []string{"một", "hai ba"}},
		{"không dấu cách", 20, []string{"không dấu cách"}},
		{"dàiquáđỗi x", 4, []string{"dàiq", "uáđỗ", "i x"}},
		{"日本語", 5, []string{"日本", "語"}},
		{"日", 1, []string{"日"}}, // cannot fit; it must not loop
		{"ab x̊̃x̊̃", 3, []string{"ab", "x̊̃x̊̃"}},
		{"x̊̃x̊̃", 1, []string{"x̊̃", "x̊̃"}},
	} {
		require.Equal(t, c.want, wrap(c.text, c.limit), "%q at %d", c.text, c.limit)
	}
}

// Whatever the names and amounts, no line is wider than the paper, no figure is
// cut, and nothing but line ends controls the printer.
func TestEverythingFitsOnThePaper(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringN(1, 200, -1), rapid.StringOf(rapid.RuneFrom([]rune("aạ\u0300\u0323 đ日\x1b\u200d")))).Draw(t, "name")
		price := money.Amount(rapid.Int64Range(0, int64(money.Max)).Draw(t, "price"))
		q := sale.Quantity(rapid.Int64Range(1, int64(sale.MaxQuantity)).Draw(t, "quantity"))
		line := sale.Line{Name: name, Unit: rapid.StringN(1, 20, -1).Draw(t, "unit"), Quantity: q, UnitPrice: price, Gross: q.Times(price)}
		r := wideSale(line)
		r.Sale.Payments[1].Provider = rapid.StringN(0, 60, -1).Draw(t, "provider")
		r.Print.CopyNo = rapid.Int32Range(0, 1<<30).Draw(t, "copy")
		requireFits(t, r.Text(rapid.SampledFrom([]Language{Vietnamese, English}).Draw(t, "language")), line)
	})
}

// What the property above has found once.
func TestALineThatDidNotFit(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]sale.Line{
		"the unit has a NUL":                        {Name: "A", Unit: "\x00", Quantity: 1},
		"the total touches a unit price of its own": {Name: "A", Unit: "AAAAAAAA", Quantity: 1, UnitPrice: 10_000_000_000, Gross: 10_000_000},
	} {
		requireFits(t, wideSale(line).Text(Vietnamese), line, name)
	}
}

// wideSale is oddSale with a line of the test's and the longest names of store
// and till.
func wideSale(line sale.Line) Receipt {
	r := oddSale()
	r.Sale.Lines[0] = line
	r.Sale.StoreID, r.Sale.TerminalID = strings.Repeat("W", 16), strings.Repeat("M", 16)
	return r
}

func requireFits(t require.TestingT, text string, of sale.Line, about ...any) {
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, cells(strings.TrimSuffix(line, "\n")), Width, "%q", line)
	}
	require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }), about...)
	require.Contains(t, text, amount(of.Gross, "VND")+"\n", about...)
	require.Contains(t, squeezed(text), squeezed(clean(of.Name)), "all of the name")
}

// squeezed is text without blanks and line ends.
func squeezed(text string) string { return strings.Join(strings.Fields(text), "") }
