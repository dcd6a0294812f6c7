package arch

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// operationsPage is for the person who runs the programs: every field of their
// logs and every metric stands in a table of it.
const operationsPage = "docs/operations.md"

// CheckOperations finds log fields and metrics that the page at root does not
// explain, and those that it explains though nobody writes them.
func CheckOperations(tree *Tree, root string) ([]string, error) {
	page, err := os.ReadFile(filepath.Join(root, operationsPage))
	if err != nil {
		return nil, err
	}
	breaches := compare("log field", logFields(tree), explained(string(page), "## Log fields"))
	return append(breaches, compare("metric", metrics(tree), explained(string(page), "## Metrics"))...), nil
}

// compare takes what is written where, and what is explained.
func compare(what string, written map[string]string, explained []string) []string {
	var breaches []string
	for name, where := range written {
		if !slices.Contains(explained, name) {
			breaches = append(breaches, fmt.Sprintf("%s: the %s %q stands in no table of %s: what does it mean, in which unit?", where, what, name, operationsPage))
		}
	}
	for _, name := range explained {
		if _, ok := written[name]; !ok {
			breaches = append(breaches, fmt.Sprintf("%s explains the %s %q, which nobody writes", operationsPage, what, name))
		}
	}
	slices.Sort(breaches)
	return breaches
}

var tableName = regexp.MustCompile("`([a-z0-9_]+)`")

// explained are the names in the first column of the tables below a heading.
func explained(page, heading string) []string {
	_, section, found := strings.Cut(page, "\n"+heading+"\n")
	if !found {
		return nil
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for line := range strings.Lines(section) {
		cell, isRow := strings.CutPrefix(line, "| ")
		if !isRow {
			continue
		}
		cell, _, _ = strings.Cut(cell, " |")
		for _, match := range tableName.FindAllStringSubmatch(cell, -1) {
			names = append(names, match[1])
		}
	}
	return names
}

// loggers are what a logger is called in this code, as a variable, a field or a
// function; slog's own functions go by the package's name.
var loggers = []string{"log", "logger", "slog"}

// messageAt is where a method of slog.Logger has its message, or how many
// arguments come before the fields.
var messageAt = map[string]int{
	"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "With": 0,
	"DebugContext": 2, "InfoContext": 2, "WarnContext": 2, "ErrorContext": 2, "Log": 3, "LogAttrs": 3,
}

// attributes are slog's constructors of one field, whose first argument is its name.
var attributes = []string{"Any", "Bool", "Duration", "Float64", "Group", "Int", "Int64", "String", "Time", "Uint64"}

// logFields are the names of all fields that programs log, and where.
func logFields(tree *Tree) map[string]string {
	fields := map[string]string{}
	inspectPrograms(tree, func(file *File, node ast.Node) {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(loggers, strings.ToLower(nameOf(method.X))) {
			return
		}
		if nameOf(method.X) == "slog" && slices.Contains(attributes, method.Sel.Name) {
			note(fields, file, call.Args, 0)
			return
		}
		first, ok := messageAt[method.Sel.Name]
		for at := first; ok && at < len(call.Args); at++ {
			if note(fields, file, call.Args, at) {
				at++ // its value
			}
		}
	})
	return fields
}

// note records the argument if it is a name in quotes.
func note(names map[string]string, file *File, args []ast.Expr, at int) bool {
	if at >= len(args) {
		return false
	}
	literal, ok := args[at].(*ast.BasicLit)
	if !ok {
		return false
	}
	name, err := strconv.Unquote(literal.Value)
	if err != nil {
		return false
	}
	names[name] = fmt.Sprintf("%s:%d", file.Path, file.Line(literal.Pos()))
	return true
}

// nameOf is what an expression is called: x of x, a.x, x() and a.x().
func nameOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.CallExpr:
		return nameOf(x.Fun)
	}
	return ""
}

// metrics are the names of all metrics of our own, and where they are made.
func metrics(tree *Tree) map[string]string {
	names := map[string]string{}
	inspectPrograms(tree, func(file *File, node ast.Node) {
		switch node := node.(type) {
		case *ast.KeyValueExpr:
			if nameOf(node.Key) == "Name" {
				noteMetric(names, file, node.Value)
			}
		case *ast.CallExpr:
			if nameOf(node.Fun) == "NewDesc" && len(node.Args) > 0 {
				noteMetric(names, file, node.Args[0])
			}
		}
	})
	return names
}

func noteMetric(names map[string]string, file *File, value ast.Expr) {
	literal, ok := value.(*ast.BasicLit)
	if ok && strings.HasPrefix(literal.Value, `"tiem_`) {
		note(names, file, []ast.Expr{literal}, 0)
	}
}

// inspectPrograms visits what is linked into programs.
func inspectPrograms(tree *Tree, visit func(*File, ast.Node)) {
	linked := code(in("internal", "cmd"))
	for _, file := range tree.Files {
		if !linked(file) {
			continue
		}
		ast.Inspect(file.AST, func(node ast.Node) bool {
			visit(file, node)
			return true
		})
	}
}
