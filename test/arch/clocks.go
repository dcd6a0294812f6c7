package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
)

// clocks are the functions of package time that know what time it is, or wait.
var clocks = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker",
}

// checkClocks finds pure packages that read a clock, by calling it or by
// handing the function on.
func checkClocks(tree *Tree) []string {
	var breaches []string
	for _, file := range tree.Files {
		if !code(in(pure...))(file) {
			continue
		}
		name := localName(file, "time")
		ast.Inspect(file.AST, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := selector.X.(*ast.Ident); ok && x.Name == name && slices.Contains(clocks, selector.Sel.Name) {
				breaches = append(breaches, fmt.Sprintf("%s:%d uses time.%s: in a pure package, now is an argument",
					file.Path, file.Line(selector.Pos()), selector.Sel.Name))
			}
			return true
		})
	}
	return breaches
}

// localName is what the file calls an imported package; "" if it does not
// import it. (The last element of the path is its name for the standard library.)
func localName(file *File, importPath string) string {
	for _, spec := range file.AST.Imports {
		if unquoted, err := strconv.Unquote(spec.Path.Value); err != nil || unquoted != importPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return importPath
	}
	return ""
}
