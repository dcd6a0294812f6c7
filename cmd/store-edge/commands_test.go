package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tiem/demo"
)

const catalogue = `sku,unit,barcodes,name,price,tax_code,category,opening_stock
NUOC-0001,chai,8934588063145,Nước Aquafina,6000,STANDARD,Nước,48
BIA-0001,lon,8935012413307|8935012413338,Bia Sài Gòn,14000,EXCISE,Bia,24
`

func TestSeed(t *testing.T) {
	s := newShop(t)
	file := s.file(catalogue)
	require.Equal(t, "would load 2 items with 3 barcodes; opening stock of 2 items in 1 events\n", s.run("seed", "--file", file, "--dry-run"))
	require.Empty(t, s.run("outbox", "list", "--json"))
	require.Equal(t, "loaded 2 items with 3 barcodes; opening stock of 2 items in 1 events\n", s.run("seed", "--file", file))
	require.Equal(t, "loaded 2 items with 3 barcodes; opening stock of 0 items in 0 events\n", s.run("seed", "--file", file))
	require.Equal(t, 1, strings.Count(s.run("outbox", "list", "--json"), "\n"))
	require.JSONEq(t, `{"items":2,"barcodes":3,"opened":0,"events":0,"dry_run":false}`, s.run("seed", "--file", file, "--json"))
	r := storeEdgeReading(t, s.environ, catalogue, "seed", "--file", "-")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "loaded 2 items")
}

func TestSeedNamesWhatIsWrong(t *testing.T) {
	s := newShop(t)
	bad := catalogue + "MUOI-0001,gói,8936017360016,Muối,\"1.000,5\",STANDARD,Gia vị,\n" +
		"KEO-0001,gói,8938505974194,Kẹo,5000,LUXURY,Kẹo,\n" +
		"NUOC-0001,chai,,Nước,6000,STANDARD,Nước,\n"
	r := s.refuses(1, "nothing was changed", "seed", "--file", s.file(bad))
	require.Regexp(t, `(?m)^ROW +COLUMN +KIND +CODE +MESSAGE$`, r.stdout)
	require.Regexp(t, `(?m)^4 +price +error +`, r.stdout)
	require.Regexp(t, `(?m)^5 +tax_code +error +`, r.stdout)
	require.Regexp(t, `(?m)^6 +sku +error +`, r.stdout)
	require.NotContains(t, r.stdout, "loaded")
	r = s.refuses(1, "nothing was changed", "seed", "--file", s.file(bad), "--json")
	var report struct {
		Problems []struct {
			Line   int    `json:"line"`
			Column string `json:"column"`
			Code   string `json:"code"`
		} `json:"problems"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	require.Len(t, report.Problems, 3)
	require.Equal(t, 4, report.Problems[0].Line)
	var items int
	require.NoError(t, s.db.QueryRow(t.Context(), "select count(*) from local_catalog").Scan(&items))
	require.Zero(t, items, "nothing is half-applied")
	s.refuses(1, "nothing was changed", "seed", "--file", s.file("\xff\xfes\x00k\x00u\x00"))
	s.refuses(1, "nothing was changed", "seed", "--file", s.file(""))
}

// A warning does not stop the load; what is printed as JSON is one document.
func TestSeedWithWarnings(t *testing.T) {
	s := newShop(t)
	odd := s.file(strings.Replace(catalogue, "8934588063145", "8934588063146", 1)) // a wrong check digit
	out := s.run("seed", "--file", odd)
	require.Regexp(t, `(?m)^2 +barcodes +warning +`, out)
	require.Contains(t, out, "loaded 2 items")
	out = s.run("seed", "--file", odd, "--json")
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &document), "%s", out)
	require.Contains(t, document, "items")
	require.Contains(t, document, "problems")
}

// The shop of 2015: two files, of which every oddity is a warning.
func TestSeedShop2015(t *testing.T) {
	s := newShop(t)
	products, units := s.testdata("shop2015_products.csv"), s.testdata("shop2015_units.csv")
	seed := []string{"seed", "--format", "shop2015", "--file", products, "--units", units}
	loads := "load 214 items with 137 barcodes; opening stock of 0 items in 0 events\n"
	require.Contains(t, s.run(append(seed, "--dry-run")...), "would "+loads)
	require.Zero(t, s.items())
	out := s.run(seed...)
	require.Contains(t, out, strings.Replace(loads, "load", "loaded", 1))
	require.Regexp(t, `(?m)^FILE +ROW +COLUMN +KIND +CODE +MESSAGE$`, out)
	require.Regexp(t, `(?m)^products +61 +barcode +warning +barcode_check_digit +`, out)
	require.Regexp(t, `(?m)^units +84 +price_vnd +warning +price_too_small +`, out)
	require.NotContains(t, out, " error ")
	require.Equal(t, 214, s.items())

	var document struct {
		Items    int `json:"items"`
		Problems []struct {
			File string `json:"file"`
		} `json:"problems"`
	}
	require.NoError(t, json.Unmarshal([]byte(s.run(append(seed, "--json", "--tax-code", "EXCISE")...)), &document))
	require.Equal(t, 214, document.Items)
	require.Len(t, document.Problems, 35)
	require.Equal(t, "products", document.Problems[0].File)
	var excise int
	require.NoError(t, s.db.QueryRow(t.Context(), "select count(*) from local_catalog where tax_code = 'EXCISE'").Scan(&excise))
	require.Equal(t, 214, excise)

	r := storeEdgeReading(t, s.environ, s.read(units), "seed", "--format", "shop2015", "--file", products, "--units", "-")
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "loaded 214 items")
}

func TestSeedShop2015Refuses(t *testing.T) {
	s := newShop(t)
	products, units := s.testdata("shop2015_products.csv"), s.testdata("shop2015_units.csv")
	r := s.refuses(1, "nothing was changed", "seed", "--format", "shop2015", "--file", units, "--units", products)
	require.Regexp(t, `(?m)^products +1 +price_id +error +column_unknown +`, r.stdout)
	require.Regexp(t, `(?m)^units +1 +id +error +column_unknown +`, r.stdout)
	s.refuses(2, "--tax-code", "seed", "--format", "shop2015", "--file", products, "--units", units, "--tax-code", "LUXURY")
	s.refuses(2, "--units: the format shop2015 has two files", "seed", "--format", "shop2015", "--file", products)
	s.refuses(2, "--units", "seed", "--format", "shop2015", "--file", products, "--units", "nowhere.csv")
	s.refuses(2, "--units", "seed", "--format", "shop2015", "--file", "-", "--units", "-")
	s.refuses(2, "--units", "seed", "--file", products, "--units", units)
	s.refuses(2, "--tax-code", "seed", "--file", products, "--tax-code", "EXCISE")
	s.refuses(2, "--format", "seed", "--format", "xlsx", "--file", products)
	require.Zero(t, s.items())
}

func TestSeedHelpTellsTheFormats(t *testing.T) {
	t.Parallel()
	help := storeEdge(t, nil, "seed", "--help").stdout
	for _, word := range []string{"--format", "tiem", "shop2015", "--units", "parent_price_id", "--tax-code", "docs/catalogue-formats.md"} {
		require.Contains(t, help, word)
	}
}

func (s shop) items() (n int) {
	s.t.Helper()
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), "select count(*) from local_catalog").Scan(&n))
	return n
}

// testdata is the path of a catalogue's test input; the program runs elsewhere.
func (s shop) testdata(name string) string {
	s.t.Helper()
	path, err := filepath.Abs(filepath.Join("../../internal/edge/catalog/testdata", name))
	require.NoError(s.t, err)
	return path
}

func (s shop) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(s.t, err)
	return string(text)
}

func TestTheDemoCatalogueLoads(t *testing.T) {
	s := newShop(t)
	out := s.run("seed", "--file", s.file(string(demo.Catalogue)))
	var items int
	_, err := fmt.Sscanf(out, "loaded %d items", &items)
	require.NoError(t, err, out)
	require.GreaterOrEqual(t, items, 300)
	require.Contains(t, s.run("outbox", "verify"), "the outbox verifies: 1 events")
}

// many writes four events: the openings of 1,700 items.
func (s shop) many() {
	var b strings.Builder
	b.WriteString("sku,unit,barcodes,name,price,tax_code,category,opening_stock\n")
	for i := range 1700 {
		fmt.Fprintf(&b, "SKU-%04d,cái,,Hàng,1000,STANDARD,Khác,1\n", i)
	}
	require.Contains(s.t, s.run("seed", "--file", s.file(b.String())), "in 4 events")
}

func TestOutboxList(t *testing.T) {
	s := newShop(t)
	s.many()
	s.exec("update outbox set published_at = '2026-11-22T09:08:07Z', publish_attempts = 2, last_error = 'unknown_type: from the future' where id = 1")
	s.exec("update sync_cursors set position = 1")
	table := strings.Split(strings.TrimSuffix(s.run("outbox", "list"), "\n"), "\n")
	require.Len(t, table, 5)
	require.Regexp(t, `^ID +TYPE +OCCURRED +TERMINAL +PUBLISHED +TRIES +HASH +LAST ERROR`, table[0])
	require.Regexp(t, `^1 +InventoryAdjusted +\S+ \S+ +2026-11-22 09:08:07 +2 +[0-9a-f]{12} +unknown_type: from the future$`, table[1])
	require.Regexp(t, `^2 +InventoryAdjusted +\S+ \S+ +pending +0 +[0-9a-f]{12} *$`, table[2])
	require.Equal(t, strings.Index(table[0], "HASH"), strings.Index(table[1], "unknown_type")-14, "aligned")

	lines := strings.Split(strings.TrimSuffix(s.run("outbox", "list", "--json"), "\n"), "\n")
	require.Len(t, lines, 4)
	for i, line := range lines {
		var e map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		require.EqualValues(t, i+1, e["id"])
		for _, name := range []string{"store_id", "epoch", "event_id", "aggregate_id", "type", "version", "occurred_at", "business_date", "payload", "hash",
			"created_at", "published_at", "publish_attempts", "last_error"} {
			require.Contains(t, e, name)
		}
	}
	require.Equal(t, 3, strings.Count(s.run("outbox", "list", "--json", "--state", "pending"), "\n"))
	require.Equal(t, 1, strings.Count(s.run("outbox", "list", "--json", "--state", "published"), "\n"))
	require.Equal(t, 1, strings.Count(s.run("outbox", "list", "--json", "--after", "3"), "\n"))
}

// --follow goes on with what comes, and Ctrl-C is no failure.
func TestOutboxFollow(t *testing.T) {
	s := newShop(t)
	s.run("seed", "--file", s.file(catalogue))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	follow := exec.CommandContext(ctx, binary, "outbox", "list", "--json", "--follow")
	follow.Env = s.environ
	out, err := follow.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, follow.Start())
	lines := bufio.NewScanner(out)
	next := func() (id int64) {
		require.True(t, lines.Scan(), lines.Err())
		var e map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		return int64(e["id"].(float64))
	}
	require.EqualValues(t, 1, next())
	s.run("seed", "--file", s.file(strings.ReplaceAll(catalogue, "-0001", "-0002")))
	require.EqualValues(t, 2, next())
	require.NoError(t, follow.Process.Signal(interrupt))
	require.NoError(t, follow.Wait(), "Ctrl-C ends it well")
}

func TestOutboxVerify(t *testing.T) {
	s := newShop(t)
	s.many()
	require.Regexp(t, `^the outbox verifies: 4 events, up to id 4, hash [0-9a-f]{64}\n$`, s.run("outbox", "verify"))
	require.Contains(t, s.run("outbox", "verify", "--json"), `"events": 4`)

	// Somebody with the keys to the database edits a row; then puts it back.
	s.exec("alter table outbox disable trigger all; update outbox set payload = replace(payload, 'OPENING', 'OPENINg') where id = 3; alter table outbox enable trigger all")
	r := s.refuses(1, "event 3 is not what was written", "outbox", "verify")
	require.Contains(t, r.stderr, "2 events before it verify")
	require.NotContains(t, r.stdout, "verifies:")
	r = s.refuses(1, "event 3", "outbox", "verify", "--json")
	require.Contains(t, r.stdout, `"bad_id": 3`)
	s.exec("alter table outbox disable trigger all; update outbox set payload = replace(payload, 'OPENINg', 'OPENING') where id = 3")
	s.run("outbox", "verify")

	for column, value := range map[string]string{"occurred_at": "occurred_at + interval '1 microsecond'", "business_date": "business_date + 1", "terminal_id": "'T9'",
		"version": "2", "event_id": "gen_random_uuid()", "hash": "decode(repeat('00', 32), 'hex')"} {
		s.exec("create table if not exists kept as select * from outbox where id = 2")
		s.exec("update outbox set " + column + " = " + value + " where id = 2")
		s.refuses(1, "event 2", "outbox", "verify")
		s.exec("update outbox o set " + column + " = k." + column + " from kept k where o.id = k.id")
	}
	s.run("outbox", "verify")

	s.exec("delete from outbox where id = 2")
	s.refuses(1, "event 2 is missing", "outbox", "verify")
	s.exec("insert into outbox select * from kept")
	s.run("outbox", "verify")
	s.exec("delete from outbox where id = 4")
	s.refuses(1, "event 4 is missing: the head says that there are 4", "outbox", "verify")
	s.exec("delete from outbox")
	s.refuses(1, "event 1 is missing", "outbox", "verify")
}
