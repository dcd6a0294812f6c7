package arch

import "fmt"

// A ban is a sentence of the form "these never import those".
type ban struct {
	reason string
	from   func(*File) bool
	to     func(edge) bool
}

// pure are the packages that get all that they know as arguments: the same
// input gives the same answer, in a test, in a shop and in a replay at HQ.
// (failpoint and token are leaves that are not pure: acting on the process and
// drawing random bits are their purpose.)
var pure = []string{
	"internal/money", "internal/fault", "internal/barcode",
	"internal/sale", "internal/pricing", "internal/stock", "internal/receipt", "internal/shift",
}

var bans = []ban{
	{"edge and hq never meet", in("internal/edge"), ours("internal/hq")},
	{"edge and hq never meet", in("internal/hq"), ours("internal/edge")},
	{"only the edge's own packages and programs know the edge", shared, ours("internal/edge")},
	{"only HQ's own packages and programs know HQ", shared, ours("internal/hq")},
	{"a program runs one App", code(in("cmd/store-edge")), ours("internal/hq", "internal/sim")},
	{"a program runs one App", code(in("cmd/hq-platform")), ours("internal/edge", "internal/sim")},
	{"pos-sim is a client of the public API", code(in("cmd/pos-sim")), ours("internal/edge", "internal/hq")},
	{"only pos-sim runs the simulation", code(notSimulation), ours("internal/sim")},
	{"a handler calls use cases, and they know the tables", code(in("internal/edge/httpapi", "internal/hq/httpapi")),
		ours("internal/edge/edgedb", "internal/hq/hqdb")},
	{"the door belongs to the HTTP APIs and the Apps", code(notDoors), ours("internal/door")},
	{"the simulation is a client and may import wire, money, sale and fault only", code(in("internal/sim")), notForClients},
	{"the simulation is a client and has no database", code(in("internal/sim")), database},
	{"a pure package gets what it knows as arguments", code(in(pure...)), world},
	{"a pure package gets what it knows as arguments", code(in(pure...)), database},
	{"test support is for tests", code(anywhere), testSupport},
	{"no program links testing", code(in("internal", "cmd", "web")), testLibrary},
}

// checkImports applies the bans.
func checkImports(tree *Tree) []string {
	var breaches []string
	for _, edge := range tree.edges() {
		for _, ban := range bans {
			if ban.from(edge.from) && ban.to(edge) {
				breaches = append(breaches, fmt.Sprintf("%s: %s", edge, ban.reason))
			}
		}
	}
	return breaches
}

// in matches files in the folders and below them.
func in(folders ...string) func(*File) bool {
	return func(f *File) bool { return within(f.Dir(), folders...) }
}

// code narrows to what is linked into programs: no tests, no test support.
func code(from func(*File) bool) func(*File) bool {
	return func(f *File) bool { return !f.Test && !isTestPackage(f.Dir()) && from(f) }
}

func anywhere(*File) bool { return true }

// shared matches what both sides use.
func shared(f *File) bool {
	return within(f.Dir(), "internal") && !within(f.Dir(), "internal/edge", "internal/hq")
}

func notDoors(f *File) bool {
	return !within(f.Dir(), "internal/door", "internal/edge/httpapi", "internal/hq/httpapi") &&
		f.Dir() != "internal/edge" && f.Dir() != "internal/hq"
}

func notSimulation(f *File) bool { return !within(f.Dir(), "internal/sim", "cmd/pos-sim") }

// ours matches imports of the module's folders and what lies below them.
func ours(folders ...string) func(edge) bool {
	return func(e edge) bool { return e.dir != "" && within(e.dir, folders...) }
}

func notForClients(e edge) bool {
	return e.dir != "" && !within(e.dir, "internal/sim", "internal/wire", "internal/money", "internal/sale", "internal/fault")
}

// world matches what reaches out of the process.
func world(e edge) bool {
	return within(e.path, "net", "os", "log", "syscall", "io/ioutil", "plugin")
}

func database(e edge) bool {
	return within(e.path, "database/sql", "github.com/jackc/pgx", "github.com/pressly/goose")
}

func testSupport(e edge) bool { return e.dir != "" && isTestPackage(e.dir) }

// testLibrary matches the testing package and the libraries that exist for it.
func testLibrary(e edge) bool {
	return within(e.path, "testing", "net/http/httptest", "github.com/stretchr/testify",
		"pgregory.net/rapid", "go.uber.org/goleak", "github.com/google/go-cmp")
}
