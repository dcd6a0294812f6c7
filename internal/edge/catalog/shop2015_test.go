package catalog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"tiem/internal/barcode"
	"tiem/internal/fault"
	"tiem/internal/money"
)

const (
	productHead = "id,barcode,name,type_id_as_stored,deleted_flag,barcode_len,check_digit_ok\n"
	unitHead    = "price_id,product_id,parent_price_id,unit_name,qty_in_parent,price_vnd,cumulative_factor\n"
)

// A case of 30 packs without a tax code: a shop of one product.
const (
	oneProduct = productHead + "7,8934563306847,Thùng Hảo TXCN (30),1,0,13,1\n"
	twoUnits   = unitHead + "50,7,,Thùng,1,92500,1\n51,7,50,Gói,30,4000,30\n"
)

func shopFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(text)
}

// readShop reads two files and holds the promise that every caller relies on.
func readShop(t *testing.T, products, units string) ([]Row, []Problem) {
	t.Helper()
	rows, problems, err := ReadShop2015(strings.NewReader(products), strings.NewReader(units), "STANDARD")
	require.NoError(t, err)
	if failed := len(errorsOf(problems)) > 0; failed == (rows != nil) {
		t.Fatalf("%d rows beside %v", len(rows), problems)
	}
	return rows, problems
}

// realShop is the 2015 shop, by SKU.
func realShop(t *testing.T) (map[string]Row, []Problem) {
	t.Helper()
	rows, problems := readShop(t, shopFile(t, "shop2015_products.csv"), shopFile(t, "shop2015_units.csv"))
	bySKU := map[string]Row{}
	for _, row := range rows {
		bySKU[row.SKU] = row
	}
	require.Len(t, bySKU, len(rows), "skus are unique")
	return bySKU, problems
}

// of are the problems with a code, each as "file line column".
func of(problems []Problem, code string) []string {
	var list []string
	for _, p := range problems {
		if p.Code == code {
			list = append(list, fmt.Sprintf("%s %d %s", p.File, p.Line, p.Column))
		}
	}
	return list
}

func TestShop2015Counts(t *testing.T) {
	t.Parallel()
	rows, problems := realShop(t)
	require.Empty(t, errorsOf(problems), "everything strange about it is a warning")
	require.Len(t, rows, 217-3, "217 units, less the one unit of each of 3 deleted products")
	coded, shared := 0, map[string]int{}
	for _, row := range rows {
		require.True(t, goodRow(row), "%+v", row)
		require.Equal(t, "STANDARD", row.TaxCode)
		require.Equal(t, "observed", row.PriceSource)
		require.Zero(t, row.OpeningStock)
		require.False(t, row.AgeRestricted)
		for _, code := range row.Barcodes {
			coded++
			shared[code]++
		}
	}
	require.Equal(t, 140-3, coded, "each product's code is on exactly one of its units")
	require.Len(t, shared, 134, "and three codes are on two products")
	found := map[string]int{}
	for _, p := range problems {
		found[p.Code]++
	}
	require.Equal(t, map[string]int{"tax_code_assumed": 1, "age_limit_unknown": 1, "product_deleted": 3, "barcode_check_digit": 21,
		"barcode_shared": 3, "barcode_same_gtin": 4, "price_too_small": 1, "price_unlike_parts": 1}, found)
}

// The data's own README: 21 invented check digits, 20 of them on what is sold.
func TestShop2015KeepsInventedCheckDigits(t *testing.T) {
	t.Parallel()
	rows, problems := realShop(t)
	require.Len(t, of(problems, "barcode_check_digit"), 21)
	require.Contains(t, of(problems, "barcode_check_digit"), "products 61 barcode")
	carton := rows["SHOP2015-60-161"]
	require.Equal(t, Row{Line: 94, SKU: "SHOP2015-60-161", Name: "Cây Era Xanh", Unit: "cây", Barcodes: []string{"8934603102081"},
		Price: 58_000, PriceSource: "observed", TaxCode: "STANDARD", Category: "Loại 8"}, carton)
	ok, known := barcode.CheckDigit(carton.Barcodes[0])
	require.True(t, known)
	require.False(t, ok)
}

func TestShop2015HasOneBarcodeOnTwoProducts(t *testing.T) {
	t.Parallel()
	rows, problems := realShop(t)
	require.Equal(t, []string{"products 115 barcode", "products 119 barcode", "products 125 barcode"}, of(problems, "barcode_shared"))
	require.Equal(t, rows["SHOP2015-117-254"].Barcodes, rows["SHOP2015-118-256"].Barcodes)
	require.Equal(t, []string{"8934822104337"}, rows["SHOP2015-118-256"].Barcodes)
	require.NotEqual(t, rows["SHOP2015-117-254"].Price, rows["SHOP2015-118-256"].Price)
}

// A case of Yomost has its pack's code with a zero in front; both stay as they are.
func TestShop2015KeepsLeadingZeros(t *testing.T) {
	t.Parallel()
	rows, problems := realShop(t)
	require.Len(t, of(problems, "barcode_same_gtin"), 4)
	require.Equal(t, []string{"08934841900286"}, rows["SHOP2015-105-228"].Barcodes)
	require.Equal(t, []string{"8934841900286"}, rows["SHOP2015-106-230"].Barcodes)
}

func TestShop2015PricesCasesAndPacks(t *testing.T) {
	t.Parallel()
	rows, _ := realShop(t)
	for sku, want := range map[string]struct {
		name, unit string
		price      money.Amount
		coded      bool
	}{
		"SHOP2015-36-88":   {"Thùng Miến Phú Hương LTT", "thùng", 386_000, true},
		"SHOP2015-36-89":   {"Thùng Miến Phú Hương LTT, hộp", "hộp", 97_000, false},
		"SHOP2015-36-90":   {"Thùng Miến Phú Hương LTT, gói", "gói", 9_000, false},
		"SHOP2015-37-91":   {"Hộp Miến Phú Hương LTT", "hộp", 97_000, true},
		"SHOP2015-2-20":    {"Thùng Hảo 100 lớn, gói", "gói", 2_500, false}, // gói in the file
		"SHOP2015-3-23":    {"Gói Hảo 100 Chua Cay", "gói", 3_000, true},
		"SHOP2015-120-259": {"Pepsi Lon", "thùng", 155_000, true}, // the one whose name does not say its unit: a GTIN-14
		"SHOP2015-120-260": {"Pepsi Lon, lon", "lon", 7_000, false},
	} {
		row := rows[sku]
		require.Equal(t, []any{want.name, want.unit, want.price, want.coded}, []any{row.Name, row.Unit, row.Price, len(row.Barcodes) == 1}, sku)
	}
	require.Equal(t, "Chưa phân loại", rows["SHOP2015-124-267"].Category, "it has no type")
}

// The carton of 94 đ: its thousands were left out, and the shop marked the
// product deleted and entered it again. It has no parts to be compared with.
func TestShop2015WarnsOfPrices(t *testing.T) {
	t.Parallel()
	rows, problems := realShop(t)
	require.Equal(t, []string{"units 84 price_vnd"}, of(problems, "price_too_small"))
	require.NotContains(t, rows, "SHOP2015-55-145")
	require.Equal(t, money.Amount(94_000), rows["SHOP2015-56-149"].Price)
	require.Equal(t, []string{"units 80 price_vnd"}, of(problems, "price_unlike_parts"), "a bag of 17500 with one sausage of 4000: there are five")
}

func TestShop2015LeavesDeletedProductsOut(t *testing.T) {
	t.Parallel()
	rows, problems := realShop(t)
	require.Equal(t, []string{"products 56 deleted_flag", "products 60 deleted_flag", "products 89 deleted_flag"}, of(problems, "product_deleted"))
	for sku, row := range rows {
		for _, deleted := range []string{"SHOP2015-55-", "SHOP2015-59-", "SHOP2015-88-"} {
			require.False(t, strings.HasPrefix(sku, deleted), sku)
		}
		if row.Barcodes != nil && row.Barcodes[0] == "8936016400041" {
			require.Equal(t, "SHOP2015-57-148", sku, "the code that it shared is the other's alone")
		}
	}
}

func TestShop2015WhatIsStrangeAndLoads(t *testing.T) {
	t.Parallel()
	always := []string{"1  tax_code_assumed *", "1  age_limit_unknown *"}
	for name, c := range map[string]struct {
		products, units string
		want            []string
		rows            int
	}{
		"nothing":              {oneProduct, twoUnits, nil, 2},
		"required columns":     {"id,barcode,name,deleted_flag\n7,8934563306847,Thùng,0\n", "price_id,product_id,parent_price_id,unit_name,qty_in_parent,price_vnd\n1,7,,Thùng,1,9000\n", nil, 1},
		"the child first":      {oneProduct, unitHead + "51,7,50,Gói,30,4000,30\n50,7,,Thùng,1,92500,1\n", nil, 2},
		"no barcode":           {strings.Replace(oneProduct, "8934563306847", "", 1), twoUnits, nil, 2},
		"no unit":              {oneProduct + "8,8934563805159,Gói,1,0,13,1\n", twoUnits, []string{"3 id product_without_price *"}, 2},
		"a free unit":          {oneProduct, strings.Replace(twoUnits, "4000", "0", 1), []string{"2 price_vnd price_unlike_parts *", "3 price_vnd price_zero *"}, 2},
		"thousands left out":   {oneProduct, strings.Replace(twoUnits, "92500", "92", 1), []string{"2 price_vnd price_too_small *", "2 price_vnd price_unlike_parts *"}, 2},
		"just enough":          {oneProduct, strings.NewReplacer("92500", "15000", "4000", "500").Replace(twoUnits), nil, 2},
		"one too little":       {oneProduct, strings.NewReplacer("92500", "15000", "4000", "499").Replace(twoUnits), []string{"3 price_vnd price_too_small *"}, 2},
		"half of its parts":    {oneProduct, strings.Replace(twoUnits, "92500", "60000", 1), nil, 2},
		"less than half":       {oneProduct, strings.Replace(twoUnits, "92500", "59999", 1), []string{"2 price_vnd price_unlike_parts *"}, 2},
		"twice its parts":      {oneProduct, strings.Replace(twoUnits, "92500", "240000", 1), nil, 2},
		"more than twice":      {oneProduct, strings.Replace(twoUnits, "92500", "240001", 1), []string{"2 price_vnd price_unlike_parts *"}, 2},
		"a unit twice":         {oneProduct, twoUnits + "52,7,50,gói,30,4500,30\n", []string{"4 unit_name unit_duplicate *"}, 3},
		"two largest units":    {oneProduct, twoUnits + "52,7,,Bao,1,99000,1\n", []string{"4 parent_price_id unit_second_largest *"}, 3},
		"a code of a deleted":  {oneProduct + "8,8934563306847,Gói,1,1,13,1\n", twoUnits + "60,8,,Gói,1,4000,1\n", []string{"3 deleted_flag product_deleted *"}, 2},
		"a code of a unitless": {oneProduct + "8,8934563306847,Gói,1,0,13,1\n", twoUnits, []string{"3 id product_without_price *"}, 2},
		"a shared code":        {oneProduct + "8,8934563306847,Gói,1,0,13,1\n", twoUnits + "60,8,,Gói,1,4000,1\n", []string{"3 barcode barcode_shared *"}, 3},
		"a code of the shop":   {oneProduct + "8,KEM-01,Kem,1,0,6,0\n", twoUnits + "60,8,,Cây,1,4000,1\n", nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, problems := readShop(t, c.products, c.units)
			require.Equal(t, append(always[:2:2], c.want...), brief(problems))
			require.Len(t, rows, c.rows)
		})
	}
}

func TestShop2015GivesBothLargestUnitsTheCode(t *testing.T) {
	t.Parallel()
	rows, _ := readShop(t, oneProduct, twoUnits+"52,7,,Bao,1,99000,1\n")
	require.Equal(t, [][]string{{"8934563306847"}, nil, {"8934563306847"}}, [][]string{rows[0].Barcodes, rows[1].Barcodes, rows[2].Barcodes})
	require.Equal(t, []string{"Thùng Hảo TXCN (30)", "Thùng Hảo TXCN (30), gói", "Thùng Hảo TXCN (30)"}, []string{rows[0].Name, rows[1].Name, rows[2].Name})
}

func TestShop2015Refuses(t *testing.T) {
	t.Parallel()
	product := func(cells string) string { return productHead + cells + "\n" }
	unit := func(cells string) string { return unitHead + cells + "\n" }
	for name, c := range map[string]struct {
		products, units string
		want            []string
	}{
		"no products":              {"", twoUnits, []string{"products 1  csv_empty"}},
		"no units":                 {oneProduct, "", []string{"units 1  csv_empty"}},
		"the other way round":      {twoUnits, oneProduct, nil},
		"a catalogue of ours":      {csvHead, twoUnits, nil},
		"all deleted":              {strings.Replace(oneProduct, "1,0,13", "1,1,13", 1), twoUnits, []string{"products 1  tax_code_assumed *", "products 1  age_limit_unknown *", "products 2 deleted_flag product_deleted *", "units 1  csv_empty"}},
		"an id of letters":         {product("A,8934563306847,Thùng,1,0,13,1"), twoUnits, []string{"products 2 id id_invalid"}},
		"an id of eleven digits":   {product("12345678901,8934563306847,Thùng,1,0,13,1"), twoUnits, []string{"products 2 id id_invalid"}},
		"a negative id":            {product("-7,8934563306847,Thùng,1,0,13,1"), twoUnits, []string{"products 2 id id_invalid"}},
		"a product twice":          {oneProduct + "7,8934563306847,Thùng,1,0,13,1\n", twoUnits, []string{"products 3 id id_duplicate"}},
		"no name":                  {product("7,8934563306847,,1,0,13,1"), twoUnits, []string{"products 2 name cell_empty"}},
		"too long a name":          {product("7,8934563306847," + strings.Repeat("ữ", 179) + ",1,0,13,1"), twoUnits, []string{"products 2 name text_too_long"}},
		"too long a type":          {product("7,8934563306847,Thùng," + strings.Repeat("9", 56) + ",0,13,1"), twoUnits, []string{"products 2 type_id_as_stored text_too_long"}},
		"a name in windows-1258":   {product("7,8934563306847,Th\xf9ng,1,0,13,1"), twoUnits, []string{"products 2 name csv_invalid_utf8"}},
		"a name that lost letters": {product("7,8934563306847,Th\ufffdng,1,0,13,1"), twoUnits, []string{"products 2 name csv_invalid_utf8"}},
		"a formula":                {product("7,8934563306847,=1+1,1,0,13,1"), twoUnits, []string{"products 2 name csv_formula"}},
		"deleted or not":           {product("7,8934563306847,Thùng,1,x,13,1"), twoUnits, []string{"products 2 deleted_flag deleted_flag_invalid"}},
		"zeros that were lost":     {product("7,8934841900286,Thùng,1,0,14,1"), twoUnits, []string{"products 2 barcode barcode_length_differs"}},
		"a code of a spreadsheet":  {product("7,8.93456E+12,Thùng,1,0,13,1"), twoUnits, []string{"products 2 barcode barcode_number"}},
		"two codes":                {product("7,8934563306847|8934563805159,Thùng,1,0,27,1"), twoUnits, []string{"products 2 barcode barcode_several"}},
		"full-width digits":        {product("7,８９３,Thùng,1,0,3,1"), twoUnits, []string{"products 2 barcode barcode_invalid"}},
		"a price twice":            {oneProduct, twoUnits + "50,7,,Bao,1,4000,1\n", []string{"units 4 price_id id_duplicate"}},
		"a product nobody has":     {oneProduct, twoUnits + "52,8,,Bao,1,4000,1\n", []string{"units 4 product_id product_unknown"}},
		"no product":               {oneProduct, unit("50,,,Bao,1,4000,1"), []string{"units 2 product_id id_invalid"}},
		"a parent nobody has":      {oneProduct, unit("50,7,49,Bao,1,4000,1"), []string{"units 2 parent_price_id parent_unknown"}},
		"a parent of letters":      {oneProduct, unit("50,7,x,Bao,1,4000,1"), []string{"units 2 parent_price_id id_invalid"}},
		"another's parent":         {oneProduct + "8,,Gói,1,0,,\n", twoUnits + "52,8,50,Gói,1,4000,1\n", []string{"units 4 parent_price_id parent_of_another"}},
		"a part of itself":         {oneProduct, unit("50,7,50,Bao,1,4000,1"), []string{"units 2 parent_price_id parent_loop"}},
		"a loop of three":          {oneProduct, twoUnits + "60,7,62,Bao,1,4000,1\n61,7,60,Bó,1,4000,1\n62,7,61,Hũ,1,4000,1\n", []string{"units 4 parent_price_id parent_loop"}},
		"a pack of nothing":        {oneProduct, unit("50,7,,Bao,0,4000,1"), []string{"units 2 qty_in_parent qty_in_parent_invalid"}},
		"a pack of half":           {oneProduct, unit("50,7,,Bao,1.5,4000,1"), []string{"units 2 qty_in_parent qty_in_parent_invalid"}},
		"a pack with a plus":       {oneProduct, unit("50,7,,Bao,+1,4000,1"), []string{"units 2 qty_in_parent qty_in_parent_invalid"}},
		"a pack of a pack":         {oneProduct, unit("50,7,,Bao,100001,4000,1"), []string{"units 2 qty_in_parent qty_in_parent_invalid"}},
		"no quantity":              {oneProduct, unit("50,7,,Bao,,4000,1"), []string{"units 2 qty_in_parent qty_in_parent_invalid"}},
		"a price with a dot":       {oneProduct, unit("50,7,,Bao,1,4.000,1"), []string{"units 2 price_vnd price_invalid"}},
		"no price":                 {oneProduct, unit("50,7,,Bao,1,,1"), []string{"units 2 price_vnd cell_empty"}},
		"no unit's name":           {oneProduct, unit("50,7,,,1,4000,1"), []string{"units 2 unit_name cell_empty"}},
		"errors in both files":     {product("7,8934563306847,,1,0,13,1"), unit("50,9,,Bao,1,x,1"), []string{"products 2 name cell_empty", "units 2 price_vnd price_invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, problems := readShop(t, c.products, c.units)
			list := brief(problems)
			for i := range list {
				list[i] = problems[i].File + " " + list[i]
			}
			require.Nil(t, rows)
			if c.want != nil {
				require.Equal(t, c.want, list)
			}
		})
	}
}

func TestShop2015AcceptsLimits(t *testing.T) {
	t.Parallel()
	products := productHead + "1234567890,," + strings.Repeat("ữ", 178) + "," + strings.Repeat("9", 55) + ",1,,\n" +
		"1," + strings.Repeat("A", 48) + "," + strings.Repeat("ữ", 178) + "," + strings.Repeat("9", 55) + ",no,48,\n"
	units := unitHead + "1234567890,1,,Thùng,1,100000000000,1\n2,1,1234567890," + strings.Repeat("Ộ", 20) + ",100000,1000000,1\n"
	rows, problems := readShop(t, products, units)
	require.Empty(t, errorsOf(problems))
	require.Len(t, rows, 2)
	require.True(t, goodRow(rows[0]))
	require.True(t, goodRow(rows[1]), "%+v", rows[1])
	require.Len(t, []rune(rows[1].Name), 200)
}

func TestShop2015ComposesLetters(t *testing.T) {
	t.Parallel()
	rows, problems := readShop(t, norm.NFD.String(oneProduct), norm.NFD.String(twoUnits))
	require.Empty(t, errorsOf(problems))
	require.Equal(t, []string{"Thùng Hảo TXCN (30), gói", "gói"}, []string{rows[1].Name, rows[1].Unit})
	rows, _ = readShop(t, oneProduct, strings.Replace(twoUnits, "Gói", "\u0130\u0300", 1))
	require.Equal(t, "\u00ec", rows[1].Unit, "letters that come together only when they are small")
}

// What we could compute ourselves is not read, so it cannot be wrong.
func TestShop2015PassesOverComputedColumns(t *testing.T) {
	t.Parallel()
	rows, problems := readShop(t, strings.Replace(oneProduct, ",13,1", ",13,no idea", 1), strings.Replace(twoUnits, ",4000,30", ",4000,\x00", 1))
	require.Len(t, rows, 2)
	require.Empty(t, errorsOf(problems))
}

// A chain of units as long as the file is walked once.
func TestShop2015WalksALongChainOnce(t *testing.T) {
	t.Parallel()
	var units strings.Builder
	units.WriteString(unitHead + "1,7,,Bao,1,1000,1\n")
	for i := 2; i <= 30_000; i++ {
		fmt.Fprintf(&units, "%d,7,%d,u%d,1,1000,1\n", i, i-1, i)
	}
	rows, problems := readShop(t, oneProduct, units.String())
	require.Empty(t, errorsOf(problems))
	require.Len(t, rows, 30_000)
}

func TestShop2015StopsAtItsLimits(t *testing.T) {
	t.Parallel()
	small := limits{rows: 2, bytes: 4096, record: maxRecord}
	for name, c := range map[string]struct{ products, units, want string }{
		"products": {oneProduct + "8,,A,,0,,\n9,,B,,0,,\n", twoUnits, "products 4"},
		"units":    {oneProduct, twoUnits + "52,7,,Bao,1,4000,1\n", "units 4"},
	} {
		rows, problems, err := readShop2015(strings.NewReader(c.products), strings.NewReader(c.units), "STANDARD", small)
		require.NoError(t, err)
		require.Nil(t, rows)
		require.Equal(t, []string{c.want + " "}, of(problems, "csv_too_many_rows"), name)
	}
	small.rows = MaxRows
	body := strings.Repeat("a", 100) + "\n"
	for name, file := range map[string]*endless{"products": {head: productHead, body: body}, "units": {head: unitHead, body: body}} {
		readers := map[string]io.Reader{"products": strings.NewReader(oneProduct), "units": strings.NewReader(twoUnits)}
		readers[name] = file
		rows, problems, err := readShop2015(readers["products"], readers["units"], "STANDARD", small)
		require.NoError(t, err)
		require.Nil(t, rows)
		require.Len(t, of(problems, "csv_too_large"), 1, name)
		require.LessOrEqual(t, file.read, small.bytes+1)
	}
}

func TestShop2015ReturnsAFailingReadersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for _, failing := range []int{0, 1} {
		readers := []*strings.Reader{strings.NewReader(oneProduct), strings.NewReader(twoUnits)}
		var err error
		if failing == 0 {
			_, _, err = ReadShop2015(iotest.ErrReader(broken), readers[1], "STANDARD")
		} else {
			_, _, err = ReadShop2015(readers[0], iotest.ErrReader(broken), "STANDARD")
		}
		require.ErrorIs(t, err, broken)
		require.Equal(t, "csv_unreadable", fault.CodeOf(err))
	}
}
