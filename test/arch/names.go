package arch

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// drawers are package names that say nothing about what is in the package, so
// that everything ends up there (design.md §4).
var drawers = []string{
	"util", "utils", "common", "helper", "helpers", "pkg", "model", "models",
	"type", "types", "service", "services", "manager", "managers", "misc", "lib",
}

// checkNames finds drawers, by folder and by package clause.
func checkNames(tree *Tree) []string {
	var breaches []string
	for _, file := range tree.Files {
		names := append(strings.Split(file.Dir(), "/"), file.AST.Name.Name)
		for _, name := range names {
			if slices.Contains(drawers, name) {
				breaches = append(breaches, fmt.Sprintf(
					"%s: %q is a drawer, not a name: say what a cashier or an auditor would call it", path.Dir(file.Path), name))
			}
		}
	}
	return breaches
}
