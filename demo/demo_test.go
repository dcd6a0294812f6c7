package demo_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tiem/demo"
	"tiem/internal/barcode"
	"tiem/internal/edge/catalog"
	"tiem/internal/sale"
)

var taxCodes = []string{"STANDARD", "EXCISE", "REDUCED_5", "ZERO", "EXEMPT"}

// The demo's categories by their SKU's prefix.
var categories = map[string]string{
	"NUOC": "Nước giải khát",
	"TRCF": "Trà và cà phê",
	"SUA":  "Sữa và chế phẩm từ sữa",
	"BIA":  "Bia và đồ uống có cồn",
	"THLA": "Thuốc lá",
	"MIAL": "Mì phở ăn liền",
	"BKEO": "Bánh kẹo",
	"SNCK": "Snack và trái cây sấy",
	"GIVI": "Gia vị và nước chấm",
	"KHO":  "Bột bún và đồ khô",
	"HOP":  "Đồ hộp và thịt chế biến",
	"TUOI": "Rau quả trứng và gạo",
	"QUAY": "Đồ ăn uống tại quầy",
	"CSCN": "Chăm sóc cá nhân",
	"GDUN": "Đồ dùng gia đình",
	"YTE":  "Vật tư y tế",
	"SACH": "Sách báo và văn phòng phẩm",
}

// items is the catalogue as a store reads it; it must raise no warning either:
// no shared barcode, no wrong check digit, no code of a shop's own.
func items(t *testing.T) []catalog.Row {
	t.Helper()
	rows, problems, err := catalog.ReadCSV(bytes.NewReader(demo.Catalogue), taxCodes)
	require.NoError(t, err)
	require.Empty(t, problems)
	return rows
}

func TestCatalogueIsLargeAndInOrder(t *testing.T) {
	t.Parallel()
	rows := items(t)
	require.GreaterOrEqual(t, len(rows), 320)
	sku := regexp.MustCompile(`^([A-Z]+)-[0-9]{4}$`)
	names, used := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		match := sku.FindStringSubmatch(row.SKU)
		require.NotNil(t, match, row.SKU)
		require.Equal(t, categories[match[1]], row.Category, row.SKU)
		require.False(t, names[row.Name], "%s is there twice", row.Name)
		names[row.Name], used[match[1]] = true, true
	}
	require.Len(t, used, len(categories))
}

func TestCatalogueHoldsTheItemsOfTheDocuments(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"8934588063145": "Aquafina 500 ml", "8935049501503": "Coca-Cola lon 330 ml",
		"8934563138165": "Hảo Hảo tôm chua cay", "8938556329004": "Pocari Sweat 500 ml",
	}
	for _, row := range items(t) {
		for _, code := range row.Barcodes {
			if name, ok := want[code]; ok {
				require.Contains(t, row.Name, name)
				delete(want, code)
			}
		}
	}
	require.Empty(t, want)
}

func TestCatalogueBarcodesAreGood(t *testing.T) {
	t.Parallel()
	gtins := map[string]string{}
	for _, row := range items(t) {
		for _, code := range row.Barcodes {
			ok, known := barcode.CheckDigit(code)
			require.True(t, ok && known, "%s %s", row.SKU, code)
			require.False(t, barcode.RestrictedCirculation(code), "%s %s", row.SKU, code)
			require.Empty(t, gtins[barcode.Trimmed(code)], "%s is on %s, too", code, row.SKU)
			gtins[barcode.Trimmed(code)] = row.SKU
		}
	}
	require.GreaterOrEqual(t, len(gtins), 300)
}

// Letters that Vietnamese has, and what brands, sizes and shares need. A letter
// of another alphabet, or of a broken encoding, shows here.
const nameLetters = "abcdefghijklmnopqrstuvwxyz0123456789 .,%&!+-\"" +
	"àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ"

func TestCatalogueNamesAreVietnamese(t *testing.T) {
	t.Parallel()
	rows, accented := items(t), 0
	for _, row := range rows {
		for _, r := range strings.ToLower(row.Name) {
			require.Contains(t, nameLetters, string(r), row.Name)
		}
		if strings.ContainsFunc(row.Name, func(r rune) bool { return r > '~' }) {
			accented++
		}
	}
	require.Greater(t, accented*100, len(rows)*95, "names without any accent")
}

// Beer, cider and tobacco carry excise, hence no reduced VAT, and an age.
func TestCatalogueTaxCodes(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	for _, row := range items(t) {
		count[row.TaxCode]++
		excise := row.Category == categories["BIA"] || row.Category == categories["THLA"]
		require.Equal(t, excise, row.TaxCode == "EXCISE", row.Name)
		require.Equal(t, excise, row.AgeRestricted, row.Name)
	}
	for _, code := range []string{"STANDARD", "EXCISE", "REDUCED_5", "EXEMPT"} {
		require.GreaterOrEqual(t, count[code], 3, code)
	}
	require.Zero(t, count["ZERO"], "0 % is for exports and international transport; a shop sells nothing at it")
}

func TestCataloguePricesAndStock(t *testing.T) {
	t.Parallel()
	sources, loose := map[string]int{}, 0
	for _, row := range items(t) {
		sources[row.PriceSource]++
		require.Zero(t, row.Price%100, "%s: no coin for %s", row.Name, row.Price)
		require.True(t, row.Price >= 1000 && row.Price <= 2_000_000, row.Name)
		require.Positive(t, row.OpeningStock, row.Name)
		if row.Unit == "kg" {
			require.Empty(t, row.Barcodes, "%s is weighed: its label is not a product's barcode", row.Name)
		}
		if row.OpeningStock%sale.One != 0 {
			require.Equal(t, "kg", row.Unit, row.Name)
			loose++
		}
	}
	require.GreaterOrEqual(t, sources["observed"], 35)
	require.GreaterOrEqual(t, sources["estimate"], 250)
	require.GreaterOrEqual(t, loose, 10)
}
