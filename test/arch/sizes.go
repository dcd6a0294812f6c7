package arch

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
)

// The largest that a reader is asked to hold in mind at once. These are the
// limits; the habits are half of them (CONTRIBUTING.md).
const (
	maxFileLines     = 600
	maxFunctionLines = 90
	maxMainLines     = 79
)

var mainFile = regexp.MustCompile(`^cmd/[^/]+/main\.go$`)

// checkSizes finds files and functions that are too long. Generated code is
// read by nobody; a test's function may be a long table.
func checkSizes(tree *Tree) []string {
	var breaches []string
	for _, file := range tree.Files {
		if file.Generated {
			continue
		}
		if file.Lines > maxFileLines {
			breaches = append(breaches, fmt.Sprintf("%s has %d lines, of %d at most: what is the second thing that it is about?",
				file.Path, file.Lines, maxFileLines))
		}
		if mainFile.MatchString(file.Path) && file.Lines > maxMainLines {
			breaches = append(breaches, fmt.Sprintf("%s has %d lines, of %d at most: flags and env become a Config, the App does the rest",
				file.Path, file.Lines, maxMainLines))
		}
		if !file.Test && !isTestPackage(path.Dir(file.Path)) {
			breaches = append(breaches, longFunctions(file)...)
		}
	}
	return breaches
}

func longFunctions(file *File) []string {
	var breaches []string
	for _, decl := range file.AST.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		// The doc comment is not counted: explaining is free.
		lines := file.Line(function.End()) - file.Line(function.Type.Pos()) + 1
		if lines > maxFunctionLines {
			breaches = append(breaches, fmt.Sprintf("%s:%d: %s has %d lines, of %d at most",
				file.Path, file.Line(function.Pos()), function.Name.Name, lines, maxFunctionLines))
		}
	}
	return breaches
}
