package arch

import (
	"fmt"
	"strings"
)

// A layer is a set of packages, named by their folders. A folder stands for
// itself and what lies below it; one that ends in a slash only for what lies
// below. Where several match, the longest does.
type layer struct {
	name    string
	folders []string
}

// layers are design.md §4's, from what knows nothing to what knows all. A
// package may import its own layer and those above it in this table; within a
// layer, the compiler's ban on cycles is order enough.
var layers = []layer{
	{"a leaf", []string{"internal/money", "internal/fault", "internal/barcode", "internal/failpoint", "internal/token", "internal/trace", "demo", "scenarios"}},
	{"a pure rule", []string{"internal/sale", "internal/pricing", "internal/stock", "internal/shift", "internal/receipt"}},
	{"wire or payment", []string{"internal/wire", "internal/payment"}},
	{"postgres", []string{"internal/postgres"}},
	{"care of a database", []string{"internal/disk"}},
	{"a schema", []string{"internal/edge/edgedb", "internal/hq/hqdb"}},
	{"a use case", []string{"internal/edge/", "internal/hq/"}},
	{"the door", []string{"internal/door", "internal/program", "internal/doctor"}},
	{"an API", []string{"internal/edge/httpapi", "internal/hq/httpapi", "internal/hq/grpcapi"}},
	{"a screen", []string{"web"}},
	{"an App", []string{"internal/edge", "internal/hq", "internal/sim"}},
	{"a program", []string{"cmd"}},
}

// layerOf returns the rank in layers of a folder's layer, or -1.
func layerOf(dir string) int {
	rank, longest := -1, 0
	for i, layer := range layers {
		for _, folder := range layer.folders {
			below := strings.HasPrefix(dir, strings.TrimSuffix(folder, "/")+"/")
			if (dir == folder || below) && len(folder) > longest {
				rank, longest = i, len(folder)
			}
		}
	}
	return rank
}

// checkLayers finds imports that go the wrong way, and packages that have no
// layer yet. Tests, and the packages made for them, may see everything.
func checkLayers(tree *Tree) []string {
	var breaches []string
	for _, file := range tree.Files {
		if !isTestPackage(file.Dir()) && layerOf(file.Dir()) < 0 {
			breaches = append(breaches, fmt.Sprintf("%s is in no layer: give it one in test/arch/layers.go", file.Dir()))
		}
	}
	for _, edge := range tree.edges() {
		from, to := layerOf(edge.from.Dir()), layerOf(edge.dir)
		if edge.from.Test || isTestPackage(edge.from.Dir()) || edge.dir == "" || from < 0 || to <= from {
			continue
		}
		breaches = append(breaches, fmt.Sprintf("%s: %s never imports %s", edge, layers[from].name, layers[to].name))
	}
	return breaches
}
