package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Tree is the parsed Go sources of one module.
type Tree struct {
	Root   string // of the checkout
	Module string // its module path
	Files  []*File
}

// A File is one Go source file.
type File struct {
	Path      string // relative to the root, with slashes
	Lines     int
	Test      bool // named _test.go
	Generated bool // has a "Code generated … DO NOT EDIT." header
	AST       *ast.File
	fset      *token.FileSet
}

// Dir is the package's folder, relative to the root: "internal/hq/intake".
func (f *File) Dir() string { return path.Dir(f.Path) }

// Line is the line of a position in the file.
func (f *File) Line(pos token.Pos) int { return f.fset.Position(pos).Line }

// Imports are the paths of the file's imports.
func (f *File) Imports() []string {
	var paths []string
	for _, spec := range f.AST.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// Load parses every Go file below root, whatever its build tags. Folders of
// other modules (tools/), hidden ones, testdata, node_modules and what the
// programs write at the root (bin/, data/) are left out.
func Load(root string) (*Tree, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("the root of a module has a go.mod: %w", err)
	}
	name := regexp.MustCompile(`(?m)^module (\S+)`).FindSubmatch(mod)
	if name == nil {
		return nil, fmt.Errorf("%s/go.mod names no module", root)
	}
	tree := &Tree{Root: root, Module: string(name[1])}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case entry.IsDir() && skipped(root, rel):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(rel, ".go"):
			return nil
		}
		return tree.add(rel)
	})
	return tree, err
}

// skipped says whether the folder holds no source of this module.
func skipped(root, rel string) bool {
	if rel == "." {
		return false
	}
	base := path.Base(rel)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") ||
		slices.Contains([]string{"testdata", "node_modules", "vendor"}, base) ||
		slices.Contains([]string{"bin", "data"}, rel) {
		return true
	}
	_, err := os.Stat(filepath.Join(root, rel, "go.mod"))
	return err == nil
}

func (t *Tree) add(rel string) error {
	source, err := os.ReadFile(filepath.Join(t.Root, rel))
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, rel, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	t.Files = append(t.Files, &File{
		Path:      rel,
		Lines:     bytes.Count(source, []byte("\n")),
		Test:      strings.HasSuffix(rel, "_test.go"),
		Generated: ast.IsGenerated(parsed),
		AST:       parsed,
		fset:      fset,
	})
	return nil
}

// An edge is one import between two packages of the module, or from one of
// them to the outside.
type edge struct {
	from *File
	path string // as imported
	dir  string // of the imported package; "" if it is not ours
}

func (e edge) String() string { return fmt.Sprintf("%s imports %s", e.from.Path, e.path) }

func (t *Tree) edges() []edge {
	var edges []edge
	for _, file := range t.Files {
		for _, p := range file.Imports() {
			dir, ours := strings.CutPrefix(p, t.Module+"/")
			if !ours {
				dir = ""
			}
			edges = append(edges, edge{file, p, dir})
		}
	}
	return edges
}

// within says whether the folder is one of the roots or lies below one.
func within(dir string, roots ...string) bool {
	for _, root := range roots {
		if dir == root || strings.HasPrefix(dir, root+"/") {
			return true
		}
	}
	return false
}

// isTestPackage says whether the folder is a package of test support, such as
// internal/postgres/postgrestest. Those below test/ are, too.
func isTestPackage(dir string) bool {
	base := path.Base(dir)
	return within(dir, "test") || (strings.HasSuffix(base, "test") && base != "latest")
}
