package arch

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// doc is a package comment that is long enough.
const doc = "// Package x is\n// for a\n// test.\n"

// sources is a small tree in which no rule is broken; the cases below plant one breach each.
func sources() map[string]string {
	return map[string]string{
		"go.mod":                                   "module tiem\n\ngo 1.26.0\n",
		"cmd/store-edge/main.go":                   doc + "package main\n\nimport (\n\t\"os\"\n\n\t\"tiem/internal/edge\"\n)\n\nfunc main() { os.Exit(edge.Run()) }\n",
		"internal/edge/edge.go":                    doc + "package edge\n\nimport _ \"tiem/internal/edge/httpapi\"\n\nfunc Run() int { return 0 }\n",
		"internal/edge/httpapi/api.go":             doc + "package httpapi\n\nimport (\n\t_ \"tiem/internal/door\"\n\t_ \"tiem/internal/edge/till\"\n)\n",
		"internal/edge/till/till.go":               doc + "package till\n\nimport (\n\t_ \"tiem/internal/edge/edgedb\"\n\t_ \"tiem/internal/sale\"\n)\n",
		"internal/edge/edgedb/db.go":               doc + "package edgedb\n\nimport _ \"tiem/internal/postgres\"\n",
		"internal/hq/intake/intake.go":             doc + "package intake\n\nimport _ \"tiem/internal/wire\"\n",
		"internal/postgres/db.go":                  doc + "package postgres\n\nimport _ \"github.com/jackc/pgx/v5\"\n",
		"internal/postgres/db_test.go":             "package postgres\n\nimport (\n\t_ \"testing\"\n\n\t_ \"tiem/internal/postgres/postgrestest\"\n)\n",
		"internal/postgres/postgrestest/server.go": doc + "package postgrestest\n\nimport _ \"testing\"\n",
		"internal/door/door.go":                    doc + "package door\n\nimport _ \"net/http\"\n",
		"internal/wire/wire.go":                    doc + "package wire\n\nimport _ \"tiem/internal/money\"\n",
		"internal/sale/sale.go":                    doc + "package sale\n\nimport (\n\t\"time\"\n\n\t_ \"tiem/internal/money\"\n)\n\nfunc On(now time.Time) int { return now.Day() }\n",
		"internal/money/money.go":                  doc + "package money\n",
		"internal/sim/sim.go":                      doc + "package sim\n\nimport (\n\t_ \"net/http\"\n\t_ \"time\"\n\n\t_ \"tiem/internal/wire\"\n)\n",
		"test/faults/faults.go":                    doc + "package faults\n\nimport (\n\t_ \"testing\"\n\n\t_ \"tiem/internal/edge\"\n\t_ \"tiem/internal/hq/intake\"\n)\n",
		"tools/x/go.mod":                           "module other\n",
		"tools/x/util/util.go":                     "package util\n",
		"data/edge/util/util.go":                   "package util\n",
		"internal/sale/testdata/util.go":           "not Go\n",
	}
}

// plant writes the tree with the changes on top of it, and loads it.
func plant(t *testing.T, changes map[string]string) *Tree {
	t.Helper()
	files := sources()
	maps.Copy(files, changes)
	tree, err := Load(write(t, files))
	require.NoError(t, err)
	return tree
}

func write(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	return root
}

// file is a source file of a documented package with the imports and the code.
func file(pkg, code string, imports ...string) string {
	text := doc + "package " + pkg + "\n\n"
	for _, path := range imports {
		text += "import _ \"" + path + "\"\n"
	}
	return text + code
}

func TestCleanTreeBreaksNoRule(t *testing.T) {
	t.Parallel()
	require.Empty(t, Check(plant(t, nil)))
}

func TestEachRuleFindsItsBreach(t *testing.T) {
	t.Parallel()
	const (
		pureReason = "a pure package gets what it knows as arguments"
		simReason  = "the simulation is a client and may import wire, money, sale and fault only"
		longMain   = doc + "package main\n\nfunc main() {}\n"
	)
	tests := map[string]struct {
		path, text string
		want       []string
	}{
		"hq knows the edge": {"internal/hq/intake/x.go", file("intake", "", "tiem/internal/edge/till"),
			[]string{"internal/hq/intake/x.go imports tiem/internal/edge/till: edge and hq never meet"}},
		"hq knows the edge's App": {"internal/hq/hq.go", file("hq", "", "tiem/internal/edge"),
			[]string{"internal/hq/hq.go imports tiem/internal/edge: edge and hq never meet"}},
		"the edge's test knows hq": {"internal/edge/till/till_test.go", file("till", "", "tiem/internal/hq/intake"),
			[]string{"internal/edge/till/till_test.go imports tiem/internal/hq/intake: edge and hq never meet"}},
		"a shared package knows the edge": {"internal/postgres/x_test.go", file("postgres", "", "tiem/internal/edge/edgedb"),
			[]string{"internal/postgres/x_test.go imports tiem/internal/edge/edgedb: only the edge's own packages and programs know the edge"}},
		"a shared package knows hq": {"internal/wire/x_test.go", file("wire", "", "tiem/internal/hq/intake"),
			[]string{"internal/wire/x_test.go imports tiem/internal/hq/intake: only HQ's own packages and programs know HQ"}},
		"a program runs both": {"cmd/store-edge/x.go", file("main", "", "tiem/internal/hq/intake"),
			[]string{"cmd/store-edge/x.go imports tiem/internal/hq/intake: a program runs one App"}},
		"hq's program runs the edge": {"cmd/hq-platform/main.go", file("main", "", "tiem/internal/edge"),
			[]string{"cmd/hq-platform/main.go imports tiem/internal/edge: a program runs one App"}},
		"pos-sim is no client": {"cmd/pos-sim/main.go", file("main", "", "tiem/internal/edge"),
			[]string{"cmd/pos-sim/main.go imports tiem/internal/edge: pos-sim is a client of the public API"}},
		"an App runs the simulation": {"internal/edge/x.go", file("edge", "", "tiem/internal/sim"),
			[]string{"internal/edge/x.go imports tiem/internal/sim: only pos-sim runs the simulation"}},
		"a handler knows the tables": {"internal/edge/httpapi/x.go", file("httpapi", "", "tiem/internal/edge/edgedb"),
			[]string{"internal/edge/httpapi/x.go imports tiem/internal/edge/edgedb: a handler calls use cases, and they know the tables"}},
		"a handler's test may know the tables": {"internal/edge/httpapi/x_test.go", file("httpapi", "", "tiem/internal/edge/edgedb"), nil},
		"a use case knows HTTP": {"internal/edge/till/x.go", file("till", "", "tiem/internal/edge/httpapi"),
			[]string{"internal/edge/till/x.go imports tiem/internal/edge/httpapi: a use case never imports an API"}},
		"a use case knows the door": {"internal/edge/till/x.go", file("till", "", "tiem/internal/door"),
			[]string{
				"internal/edge/till/x.go imports tiem/internal/door: a use case never imports the door",
				"internal/edge/till/x.go imports tiem/internal/door: the door belongs to the HTTP APIs and the Apps",
			}},
		"an App may know the door": {"internal/edge/x.go", file("edge", "", "tiem/internal/door"), nil},
		"a program knows the door": {"cmd/store-edge/x.go", file("main", "", "tiem/internal/door"),
			[]string{"cmd/store-edge/x.go imports tiem/internal/door: the door belongs to the HTTP APIs and the Apps"}},
		"a use case knows its App": {"internal/edge/till/x.go", file("till", "", "tiem/internal/edge"),
			[]string{"internal/edge/till/x.go imports tiem/internal/edge: a use case never imports an App"}},
		"a schema knows a use case": {"internal/edge/edgedb/x.go", file("edgedb", "", "tiem/internal/edge/till"),
			[]string{"internal/edge/edgedb/x.go imports tiem/internal/edge/till: a schema never imports a use case"}},
		"a leaf knows a rule": {"internal/money/x.go", file("money", "", "tiem/internal/sale"),
			[]string{"internal/money/x.go imports tiem/internal/sale: a leaf never imports a pure rule"}},
		"a rule knows the wire": {"internal/sale/x.go", file("sale", "", "tiem/internal/wire"),
			[]string{"internal/sale/x.go imports tiem/internal/wire: a pure rule never imports wire or payment"}},
		"postgres knows a schema of its own": {"internal/postgres/x.go", file("postgres", "", "tiem/cmd/store-edge"),
			[]string{"internal/postgres/x.go imports tiem/cmd/store-edge: postgres never imports a program"}},
		"a package without a layer": {"internal/loyalty/x.go", file("loyalty", ""),
			[]string{"internal/loyalty is in no layer: give it one in test/arch/layers.go"}},
		"a rule reads a file":       {"internal/sale/x.go", file("sale", "", "os"), []string{"internal/sale/x.go imports os: " + pureReason}},
		"a rule calls a server":     {"internal/sale/x.go", file("sale", "", "net/http"), []string{"internal/sale/x.go imports net/http: " + pureReason}},
		"a rule logs":               {"internal/sale/x.go", file("sale", "", "log/slog"), []string{"internal/sale/x.go imports log/slog: " + pureReason}},
		"a rule asks the database":  {"internal/sale/x.go", file("sale", "", "database/sql"), []string{"internal/sale/x.go imports database/sql: " + pureReason}},
		"a rule asks by pgx":        {"internal/sale/x.go", file("sale", "", "github.com/jackc/pgx/v5"), []string{"internal/sale/x.go imports github.com/jackc/pgx/v5: " + pureReason}},
		"a rule's test may do that": {"internal/sale/x_test.go", file("sale", "", "os", "testing"), nil},
		"a rule reads the clock": {"internal/sale/x.go", doc + "package sale\n\nimport clock \"time\"\n\nvar Today = clock.Now().Day()\n",
			[]string{"internal/sale/x.go:8 uses time.Now: in a pure package, now is an argument"}},
		"a rule hands the clock on": {"internal/sale/x.go", doc + "package sale\n\nimport \"time\"\n\nvar now = time.Now\n",
			[]string{"internal/sale/x.go:8 uses time.Now: in a pure package, now is an argument"}},
		"a test may read the clock": {"internal/sale/x_test.go", "package sale\n\nimport \"time\"\n\nvar now = time.Now\n", nil},
		"test support in a program": {"internal/edge/till/x.go", file("till", "", "tiem/internal/postgres/postgrestest"),
			[]string{"internal/edge/till/x.go imports tiem/internal/postgres/postgrestest: test support is for tests"}},
		"test support in test support": {"internal/wire/wiretest/x.go", file("wiretest", "", "tiem/internal/postgres/postgrestest", "testing"), nil},
		"testing in a program": {"internal/edge/till/x.go", file("till", "", "testing/iotest"),
			[]string{"internal/edge/till/x.go imports testing/iotest: no program links testing"}},
		"testify in a program": {"cmd/store-edge/x.go", file("main", "", "github.com/stretchr/testify/require"),
			[]string{"cmd/store-edge/x.go imports github.com/stretchr/testify/require: no program links testing"}},
		"the simulation knows the edge": {"internal/sim/x.go", file("sim", "", "tiem/internal/edge/till"),
			[]string{
				"internal/sim/x.go imports tiem/internal/edge/till: only the edge's own packages and programs know the edge",
				"internal/sim/x.go imports tiem/internal/edge/till: " + simReason,
			}},
		"the simulation knows postgres": {"internal/sim/x.go", file("sim", "", "tiem/internal/postgres"),
			[]string{"internal/sim/x.go imports tiem/internal/postgres: " + simReason}},
		"the simulation asks the database": {"internal/sim/x.go", file("sim", "", "github.com/jackc/pgx/v5/pgxpool"),
			[]string{"internal/sim/x.go imports github.com/jackc/pgx/v5/pgxpool: the simulation is a client and has no database"}},
		"a drawer by folder": {"internal/edge/helpers/x.go", file("x", ""),
			[]string{`internal/edge/helpers: "helpers" is a drawer, not a name: say what a cashier or an auditor would call it`}},
		"a drawer by name": {"internal/edge/hand/x.go", file("util", ""),
			[]string{`internal/edge/hand: "util" is a drawer, not a name: say what a cashier or an auditor would call it`}},
		"no package comment": {"internal/edge/hand/x.go", "package hand\n", []string{commentBreach("internal/edge/hand", 0)}},
		"a short package comment": {"internal/edge/hand/x.go", "// Package hand is\n// short.\npackage hand\n",
			[]string{commentBreach("internal/edge/hand", 2)}},
		"a main without a comment": {"cmd/hq-platform/main.go", "package main\n", []string{commentBreach("cmd/hq-platform", 0)}},
		"a comment only in a test": {"internal/edge/hand/x_test.go", doc + "package hand\n", nil},
		"a comment far away from its package": {"internal/edge/hand/x.go", doc + "\npackage hand\n",
			[]string{commentBreach("internal/edge/hand", 0)}},
		"a long file": {"internal/money/x.go", file("money", strings.Repeat("\n", 596)),
			[]string{"internal/money/x.go has 601 lines, of 600 at most: what is the second thing that it is about?"}},
		"a file that just fits": {"internal/money/x.go", file("money", strings.Repeat("\n", 595)), nil},
		"a long generated file": {"internal/money/x.go", "// Code generated by x. DO NOT EDIT.\n\n" + file("money", strings.Repeat("\n", 800)), nil},
		"a long function": {"internal/money/x.go", file("money", "// F is long.\nfunc F() {"+strings.Repeat("\n", 90)+"}\n"),
			[]string{"internal/money/x.go:7: F has 91 lines, of 90 at most"}},
		"a function that just fits": {"internal/money/x.go", file("money", "func F() {"+strings.Repeat("\n", 89)+"}\n"), nil},
		"a long test":               {"internal/money/x_test.go", file("money", "func F() {"+strings.Repeat("\n", 90)+"}\n"), nil},
		"a long main": {"cmd/hq-platform/main.go", longMain + strings.Repeat("\n", 74),
			[]string{"cmd/hq-platform/main.go has 80 lines, of 79 at most: flags and env become a Config, the App does the rest"}},
		"a main that just fits": {"cmd/hq-platform/main.go", longMain + strings.Repeat("\n", 73), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, test.want, Check(plant(t, map[string]string{test.path: test.text})))
		})
	}
}

func commentBreach(dir string, lines int) string {
	return dir + ": the package comment has " + string(rune('0'+lines)) +
		" lines, of 3 at least: what is it for, what does it keep, what may go wrong?"
}

func TestUnreadableSourceIsAnError(t *testing.T) {
	t.Parallel()
	_, err := Load(write(t, map[string]string{"go.mod": "module tiem\n", "x.go": "package\n"}))
	require.Error(t, err)
	_, err = Load(t.TempDir())
	require.ErrorContains(t, err, "go.mod")
}

// The program does not import testing itself; its library does.
func TestLinkedTestingIsFound(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"go.mod":            "module tiem\n\ngo 1.26.0\n",
		"cmd/x/main.go":     "package main\n\nimport _ \"tiem/lib\"\n\nfunc main() {}\n",
		"lib/lib.go":        "package lib\n\nimport _ \"testing\"\n",
		"cmd/x/x_test.go":   "package main\n\nimport _ \"testing\"\n",
		"cmd/y/main.go":     "package main\n\nfunc main() {}\n",
		"cmd/y/doc_test.go": "package main\n\nimport _ \"testing\"\n",
	}
	breaches, err := CheckLinked(t.Context(), write(t, files))
	require.NoError(t, err)
	require.Equal(t, []string{"tiem/lib imports testing and is linked into a program"}, breaches)
}

func TestHeavyFileIsFound(t *testing.T) {
	t.Parallel()
	root := write(t, map[string]string{
		".gitignore":  "/data/\n",
		"data/heavy":  strings.Repeat("x", maxBytes+1),
		"heavy.csv":   strings.Repeat("x", maxBytes+1),
		"tracked.bin": strings.Repeat("x", maxBytes+2),
		"fits.csv":    strings.Repeat("x", maxBytes),
	})
	for _, args := range [][]string{{"init", "-q"}, {"add", "tracked.bin"}} {
		require.NoError(t, exec.CommandContext(t.Context(), "git", append([]string{"-C", root}, args...)...).Run())
	}
	breaches, err := CheckWeight(t.Context(), root)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"heavy.csv has 1048577 bytes, of 1048576 at most in git",
		"tracked.bin has 1048578 bytes, of 1048576 at most in git",
	}, breaches)
}

func TestMissingTargetsAreFound(t *testing.T) {
	t.Parallel()
	all := ".PHONY: run test help lint verify generate bench\nrun test help lint verify generate bench:\n"
	makefile := strings.ReplaceAll(all, "\nrun test help lint verify generate bench:", "\nrun:\ntest:\nhelp:\nlint:\nverify:\ngenerate:\n")
	breaches, err := CheckTargets(write(t, map[string]string{
		"Makefile":       makefile + "deps:\n",
		"README.md":      "Make sure that you type `make walk`, then\nmake sure\n\n```\nmake run   # starts\n$ make dance\nA=1 make jump\n```\n`make lint verify`\n",
		".ci/run":        "step make test\nstep make everything\n",
		"docs/a/deep.md": "`make deeper`\n",
	}))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"Makefile: deps is not .PHONY",
		"Makefile has no bench, which the contract promises",
		"README.md says `make walk`, and the Makefile has no such target",
		"README.md says `make dance`, and the Makefile has no such target",
		"README.md says `make jump`, and the Makefile has no such target",
		".ci/run says `make everything`, and the Makefile has no such target",
		"docs/a/deep.md says `make deeper`, and the Makefile has no such target",
	}, breaches)
}
