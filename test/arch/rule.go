package arch

import "slices"

// A Rule finds what in a tree breaks it.
type Rule struct {
	Name  string
	Check func(*Tree) []string // one sentence for each breach
}

// Rules are all rules over the Go sources.
var Rules = []Rule{
	{"layers", checkLayers},
	{"forbidden imports", checkImports},
	{"pure packages read no clock", checkClocks},
	{"package names", checkNames},
	{"package comments", checkComments},
	{"sizes", checkSizes},
}

// Check applies all rules and returns the breaches, sorted, each once.
func Check(tree *Tree) []string {
	var breaches []string
	for _, rule := range Rules {
		breaches = append(breaches, rule.Check(tree)...)
	}
	slices.Sort(breaches)
	return slices.Compact(breaches)
}
