package arch

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// CheckLinked finds programs below cmd/ of the module at root that link
// package testing, even by way of a library: it adds flags, weight, and code
// that was written to be convenient, not safe.
func CheckLinked(ctx context.Context, root string) ([]string, error) {
	programs, err := filepath.Glob(filepath.Join(root, "cmd", "*", "*.go"))
	if err != nil || len(programs) == 0 {
		return nil, err
	}
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-f",
		`{{$path := .ImportPath}}{{range .Imports}}{{if eq . "testing"}}{{$path}}{{"\n"}}{{end}}{{end}}`, "./cmd/...")
	list.Dir = root
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.Bytes())
	}
	importers := strings.Fields(string(out))
	slices.Sort(importers)
	var breaches []string
	for _, importer := range slices.Compact(importers) {
		breaches = append(breaches, importer+" imports testing and is linked into a program")
	}
	return breaches, nil
}
