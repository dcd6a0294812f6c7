package arch

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	target  = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	phony   = regexp.MustCompile(`(?m)^\.PHONY:(.*)$`)
	quoted  = regexp.MustCompile("`make((?: [a-z][a-z-]*)+)`")
	command = regexp.MustCompile(`^\s*(?:\$ |step |- run: )?(?:[A-Z_]+=\S+ )*make((?: [a-z][a-z-]*)+)\s*(?:#.*)?$`)
)

// contract are the targets that contract.md §1 promises.
var contract = []string{"run", "test", "help", "lint", "verify", "generate", "bench"}

// CheckTargets finds targets that the contract or a document names and the
// Makefile does not have, and documented ones that are no .PHONY and so would
// stop working on the day somebody makes a file of that name.
func CheckTargets(root string) ([]string, error) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return nil, err
	}
	exists := map[string]bool{}
	for _, match := range target.FindAllSubmatch(makefile, -1) {
		exists[string(match[1])] = true
	}
	var breaches []string
	declared := ""
	if match := phony.FindSubmatch(makefile); match != nil {
		declared = string(match[1])
	}
	for _, name := range slices.Sorted(maps.Keys(exists)) {
		if !slices.Contains(strings.Fields(declared), name) {
			breaches = append(breaches, fmt.Sprintf("Makefile: %s is not .PHONY", name))
		}
	}
	for _, name := range contract {
		if !exists[name] {
			breaches = append(breaches, fmt.Sprintf("Makefile has no %s, which the contract promises", name))
		}
	}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", ".ci/run", ".github/workflows/*.yml"} {
		documents, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			text, err := os.ReadFile(document)
			if err != nil {
				return nil, err
			}
			for _, name := range named(string(text), filepath.Ext(document) == ".md") {
				if !exists[name] {
					breaches = append(breaches, fmt.Sprintf("%s says `make %s`, and the Makefile has no such target",
						strings.TrimPrefix(document, root+string(filepath.Separator)), name))
				}
			}
		}
	}
	return breaches, nil
}

// named are the targets that a text tells the reader, or a shell, to make. In
// prose these are in backticks, in code they are lines of their own.
func named(text string, markdown bool) []string {
	var targets []string
	code := !markdown
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if markdown && strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
			continue
		}
		for _, match := range quoted.FindAllStringSubmatch(line, -1) {
			targets = append(targets, strings.Fields(match[1])...)
		}
		if match := command.FindStringSubmatch(line); match != nil && code {
			targets = append(targets, strings.Fields(match[1])...)
		}
	}
	return targets
}
